"""What the front door prints: one line per step, and errors that say what to do next."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class BootError(Exception):
    """Something a person must put right; the message says what to do."""


def line(text: str) -> None:
    """Print one line at once, also when the output is a pipe."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Print one line on standard error."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step that may take over a second, and say how long it took."""
    line(f"· {text} …")
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    if took >= 1.0:
        line(f"  {text}: {took:.1f} s")
