"""The line before the reasoner: which lane a judgement waits in, and how free slots are shared out. Pure.

Lanes are served in their order. Inside a lane, slots go to whichever run and policy has the fewest calls in flight
(max-min fairness), and there the oldest due time goes first. Two rules keep the order from starving anybody: slots
beyond the window that only impatient people get, and a tenth of the window for lanes that waited beyond their patience.
"""

import heapq
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Generic, TypeVar

from reviewapp.screening.rules import RunKind

Key = TypeVar("Key", bound=Hashable)


class Lane(IntEnum):
    """A place in the order; lower is served sooner."""

    NOW = 0
    LIVE = 1
    SECOND_LOOK = 2
    TRY_IT = 3
    GATE = 4
    BACKTEST = 5
    EVALUATE = 6


LANES: Final[dict[str, Lane]] = {
    RunKind.CANARY: Lane.NOW,
    RunKind.LIVE: Lane.LIVE,
    RunKind.SECOND_LOOK: Lane.SECOND_LOOK,
    RunKind.TRY_IT: Lane.TRY_IT,
    RunKind.GATE: Lane.GATE,
    RunKind.BACKTEST: Lane.BACKTEST,
    RunKind.EVALUATE: Lane.EVALUATE,
}
"""Kind of run to the lane that its judgements wait in, unless somebody asks to judge now."""

RESERVED_LANES: Final = frozenset({Lane.NOW, Lane.TRY_IT})
RESERVED_SHARE: Final = 0.1
AGED_SHARE: Final = 0.1
PATIENCE_SECONDS: Final[dict[Lane, float]] = {
    Lane.SECOND_LOOK: 60.0,
    Lane.TRY_IT: 5.0,
    Lane.GATE: 120.0,
    Lane.BACKTEST: 300.0,
    Lane.EVALUATE: 600.0,
}
"""After how long the first of a lane may take from the share for those that waited; live work needs none of it."""
SECONDS_A_POINT: Final = 3.0
"""A priority point is worth this much waiting: priority 10 overtakes what came up to 270 s before it with 100."""


def reserved(window: int) -> int:
    """Slots beyond a window of `window` calls that are kept for those who wait before a screen."""
    return math.ceil(window * RESERVED_SHARE)


@dataclass(frozen=True, slots=True)
class Group(Generic[Key]):
    """Judgements of one run and version in one lane: how many wait (capped), how many fly, and the first one's age."""

    key: Key
    lane: int
    waiting: int
    flying: int
    age: float

    @property
    def aged(self) -> bool:
        """Whether it waited beyond its lane's patience."""
        return self.age > PATIENCE_SECONDS.get(Lane(self.lane), math.inf)


def share_out(groups: Sequence[Group[Key]], *, limit: int, quick: int = 0, aged: int = 0) -> dict[Key, int]:
    """How many judgements of each group are claimed; together at most `limit + quick`, never more than wait.

    `limit` slots are anybody's in lane order; `quick` more are for people before a screen; up to `aged` of `limit` go
    first to groups that waited too long, the longest wait first.
    """
    given: dict[Key, int] = {each.key: 0 for each in groups}
    by_lane = sorted(groups, key=lambda each: each.lane)
    for lane in sorted(RESERVED_LANES):
        quick -= _fill(given, [each for each in by_lane if each.lane == lane], quick)
    waited = sorted((each for each in groups if each.aged), key=lambda each: -each.age)
    for each in waited:
        taken = _fill(given, [each], min(aged, limit))
        aged -= taken
        limit -= taken
    for place in sorted({each.lane for each in groups}):
        limit -= _fill(given, [each for each in by_lane if each.lane == place], limit)
    return {key: count for key, count in given.items() if count}


def _fill(given: dict[Key, int], groups: Sequence[Group[Key]], slots: int) -> int:
    """Give up to `slots`, one by one, to the group with the fewest in flight; returns how many were given."""
    open_ = {place: each for place, each in enumerate(groups) if each.waiting > given[each.key]}
    heap = [(each.flying + given[each.key], -each.age, place) for place, each in open_.items()]
    heapq.heapify(heap)
    total = 0
    while heap and total < slots:
        flying, age, place = heapq.heappop(heap)
        each = open_[place]
        given[each.key] += 1
        total += 1
        if each.waiting > given[each.key]:
            heapq.heappush(heap, (flying + 1, age, place))
    return total
