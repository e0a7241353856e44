"""What a pump has in hand: calls in flight, each part of a long item counted, and claims that wait for enough slots."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from uuid import UUID

from inference import Failure, Verdict
from reviewapp.screening.actions import Claim
from reviewapp.screening.rules_line import RESERVED_LANES, reserved

Call = asyncio.Task[Verdict | Failure]


class Hand:
    """Claims on their way: `calls` are in flight, `waiting` are leased and begin when the window has room for them.

    `flying` counts calls to the engine: an item that is judged in parts has several at once.
    """

    def __init__(self) -> None:
        self.calls: dict[Call, Claim] = {}
        self.waiting: list[Claim] = []
        self._slots: dict[UUID, int] = {}
        self.flying = self._hurried = 0

    def claims(self) -> tuple[Claim, ...]:
        """All that is leased and not answered."""
        return (*self.calls.values(), *self.waiting)

    def by_group(self) -> Mapping[tuple[UUID, UUID], int]:
        """Calls of each run and version, in flight or about to be."""
        found = Counter[tuple[UUID, UUID]]()
        for claim in self.claims():
            found[claim.run, claim.version] += self._slots[claim.judgement]
        return found

    def free(self, window: int, *, ahead: int = 0) -> tuple[int, int]:
        """Slots for anybody, and those beyond the window that are kept for people before a screen.

        `ahead` calls more than the window has room for may wait here; while over half as many do, none is free.
        """
        kept = reserved(window)
        waiting = sum(self._slots[claim.judgement] for claim in self.waiting)
        # A hurried call in the kept slots takes none of the window's; what waits for slots comes before the line.
        room = max(window - self.flying + min(self._hurried, kept), 0)
        free = room + ahead - waiting if waiting <= ahead // 2 else 0
        return max(free, 0), max(kept - self._hurried, 0)

    def add(self, claim: Claim, slots: int) -> None:
        """Take a claim that needs so many calls at once; people before a screen come before the others."""
        self._slots[claim.judgement] = slots
        place = sum(_turn(each) <= _turn(claim) for each in self.waiting)
        self.waiting.insert(place, claim)

    def begin(self, window: int, start: Callable[[Claim], Call]) -> None:
        """Start what waits, in its order, as far as the window has a slot for each of its calls."""
        while self.waiting and self._has_room(self.waiting[0], window):
            claim = self.waiting.pop(0)
            self.calls[start(claim)] = claim
            self._count(claim, 1)

    def end(self, call: Call) -> Claim:
        """The claim of a call that was answered; its slots are free again."""
        claim = self.calls.pop(call)
        self._count(claim, -1)
        del self._slots[claim.judgement]
        return claim

    def keep(self, held: Collection[UUID]) -> None:
        """Let go of the judgements that are not in `held`: somebody else has them."""
        for call, claim in list(self.calls.items()):
            if claim.judgement not in held:
                call.cancel()
                self.end(call)
        for claim in [each for each in self.waiting if each.judgement not in held]:
            self.waiting.remove(claim)
            del self._slots[claim.judgement]

    async def drop(self) -> list[Claim]:
        """Cancel every call; returns the claims to give back, those left out that were answered after all."""
        calls = list(self.calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        left = list(self.claims())
        for call in list(self.calls):
            self.end(call)
        self.waiting.clear()
        self._slots.clear()
        return left

    def _has_room(self, claim: Claim, window: int) -> bool:
        kept = reserved(window)
        extra = kept if claim.lane in RESERVED_LANES else min(self._hurried, kept)
        # An item that takes more calls than a small window has goes when nothing else does.
        return not self.calls or self.flying + self._slots[claim.judgement] <= window + extra

    def _count(self, claim: Claim, sign: int) -> None:
        slots = sign * self._slots[claim.judgement]
        self.flying += slots
        if claim.lane in RESERVED_LANES:
            self._hurried += slots


def _turn(claim: Claim) -> tuple[bool, int]:
    """The order in which claims begin: first what somebody waits for before a screen, then by lane."""
    return claim.lane not in RESERVED_LANES, claim.lane
