"""Runs one command on this terminal."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def foreground(command: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> int:
    """Exit status of a command; Ctrl-C and SIGTERM reach it, and we wait for its end."""
    child = subprocess.Popen(command, env=dict(env), cwd=cwd)
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda number, frame: child.terminate()),
    }
    try:
        status = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - status if status < 0 else status
