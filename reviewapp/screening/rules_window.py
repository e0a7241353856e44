"""How many calls are kept in flight to one engine: additive increase, multiplicative decrease. Pure."""

from dataclasses import dataclass
from typing import Final

START: Final = 32
LEAST: Final = 4
MOST: Final = 900
"""With the slots for people this stays within the client's 1,024 connections."""
MOST_UNSEEN: Final = 256
"""The most where the engine does not tell its queue: then only refusals and slow answers speak."""
STEP: Final = 8
SHRINK: Final = 0.7
SLOW_SECONDS: Final = 30.0
"""Half of a call's deadline."""


@dataclass(frozen=True, slots=True)
class Load:
    """An engine's own figures: calls that run and wait there, and the used share of its cache."""

    running: int
    waiting: int
    kv_usage: float


def next_window(
    window: int, *, full: bool, trouble: bool, load: Load | None, slow: float, goal: int = 0
) -> int:
    """How many calls may be in flight next.

    `full`: the window was used up; `trouble`: a call was refused as busy or ran out of time since the last look; `load`
    None: the engine does not tell; `slow`: the 95th percentile of the last answers in seconds. A third less in trouble,
    when more than a tenth waits over there, when its cache is full, or, without figures, when answers get slow; eight
    more while the window is used and answers are not slow. Up to `goal`, a third below where the last trouble met it, it
    doubles, as TCP's slow start does (RFC 5681): that much was borne before.
    """
    crowded = load is not None and (load.waiting > max(load.running * 0.1, 1) or load.kv_usage > 0.95)
    if trouble or crowded or (load is None and slow > SLOW_SECONDS):
        return max(int(window * SHRINK), LEAST)
    most = MOST if load else max(MOST_UNSEEN, LEAST)
    grown = max(window + STEP, min(2 * window, goal))
    return min(grown, max(most, window)) if full and slow <= SLOW_SECONDS else window
