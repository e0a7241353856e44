"""A small watcher process: when its parent dies, it stops everything the parent had started.

Run as a script with a pipe as standard input. The parent writes `+ PID SIGNAL` and `- PID`
lines and, before it leaves in good order, `bye`. End of file without `bye` means that the
parent was killed.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def follow_parent(number: int) -> Callable[[], None]:
    """A `preexec_fn` that asks the kernel to send signal `number` when the parent dies (Linux)."""
    parent = os.getpid()

    def in_child() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)

    return in_child


def name_process(name: str, arguments: Sequence[str]) -> None:
    """Let `ps` and `top` show `name` and `arguments` for this forked process (Linux): both were its parent's."""
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])  # where the kernel looks for the arguments
    if start:
        ctypes.memset(start, 0, end - start)
        shown = "\0".join(arguments).encode()[: end - start - 1]
        ctypes.memmove(start, shown, len(shown))


class Leash:
    """The parent's end: tell the watcher which processes to stop if this process dies."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}
        self._watcher = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
        return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, cwd="/")

    def hold(self, pid: int, number: int) -> None:
        """Stop `pid`, its session and its descendants with signal `number` if we die."""
        self._held[pid] = number
        self._tell(f"+ {pid} {number}")

    def release(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._held.pop(pid, None)
        self._tell(f"- {pid}")

    def close(self) -> None:
        """Leave in good order: the watcher ends and touches nothing."""
        self._tell("bye")
        pipe = self._watcher.stdin
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
        self._watcher.wait()

    def _tell(self, text: str) -> None:
        pipe = self._watcher.stdin
        if pipe is None:
            return
        try:
            pipe.write(text.encode() + b"\n")
            pipe.flush()
        except OSError:
            if text != "bye":
                self._watcher = self._start()
                for pid, number in list(self._held.items()):
                    self._tell(f"+ {pid} {number}")


def _table() -> dict[int, tuple[int, int, str]]:
    """Every process: pid → (parent, session, start time); empty where there is no /proc."""
    found: dict[int, tuple[int, int, str]] = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if entry.isdigit():
            with contextlib.suppress(OSError):
                fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    found[int(entry)] = (int(fields[1]), int(fields[3]), fields[19])
    return found


def family(roots: set[int]) -> dict[int, str]:
    """Processes in the sessions of `roots` or below them: pid → start time."""
    table = _table()
    inside = {pid for pid, (_, session, _) in table.items() if pid in roots or session in roots}
    grown = True
    while grown:
        more = {pid for pid, (parent, _, _) in table.items() if parent in inside} - inside
        grown = bool(more)
        inside |= more
    return {pid: table[pid][2] for pid in inside}


def _stop_all(held: dict[int, int], patience: float = 2.0) -> None:
    """Ask each root to stop, then kill whatever of its family is left after `patience` seconds."""
    known = family(set(held))
    for pid, number in held.items():
        if pid in known or not known:
            with contextlib.suppress(OSError):
                os.kill(pid, number)
    until = time.monotonic() + patience
    while time.monotonic() < until:
        known |= family(set(held))
        table = _table()
        if not any(pid in table and table[pid][2] == born for pid, born in known.items()):
            return
        time.sleep(0.05)
    known |= family(set(held))
    table = _table()
    for pid, born in known.items():
        if pid in table and table[pid][2] == born:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    for pid in held:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def _watch() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    held: dict[int, int] = {}
    for row in sys.stdin:
        words = row.split()
        if words[:1] == ["bye"]:
            return
        if words[0] == "+":
            held[int(words[1])] = int(words[2])
        elif words[0] == "-":
            held.pop(int(words[1]), None)
    _stop_all(held)


if __name__ == "__main__":
    _watch()
