"""Items longer than the engine's context, judged in parts: the call of every part takes a slot of the window."""

import asyncio
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from inference import Effort, ItemText, PolicyText, Reasoner
from reviewapp.screening import rules_window
from reviewapp.screening.actions import Claim
from reviewapp.screening.hand import Call, Hand
from reviewapp.screening.models import Circuit, Verdict
from reviewapp.screening.pump import pump
from reviewapp.screening.rules_line import Lane
from tests.practice import practising
from tests.rooms.screening.desk import ABUSE, arrive, publish, score, state_of

PLAIN = "The train was late again today and we talked about the weather. "


def claim(lane: int = 1) -> Claim:
    return Claim(
        uuid4(), 1, UUID(int=1), UUID(int=2), uuid4(), PolicyText("p", 1, "0" * 64, "Text", ("P-1",)), ItemText("1", "x"),
        Effort.LOW, lane=lane,
    )  # fmt: skip


def calls_of(hand: Hand, window: int) -> list[Claim]:
    """The claims that begin now, each call standing for its claim."""
    begun: list[Claim] = []

    def start(each: Claim) -> Call:
        begun.append(each)
        return cast(Call, each.judgement)

    hand.begin(window, start)
    return begun


def test_an_item_in_parts_begins_when_all_its_calls_have_a_slot() -> None:
    hand = Hand()
    first, second, third, small = (claim() for _ in range(4))
    for each, slots in ((first, 4), (second, 3), (third, 4), (small, 1)):
        hand.add(each, slots)
    assert calls_of(hand, 8) == [first, second] and hand.flying == 7
    assert hand.free(8) == (0, 1), "what waits for slots comes before the line"
    assert hand.by_group() == {(UUID(int=2), UUID(int=1)): 12}
    assert hand.end(cast(Call, first.judgement)) is first
    assert calls_of(hand, 8) == [third, small] and hand.flying == 8
    assert hand.free(8) == (0, 1) and hand.waiting == []


def test_people_before_a_screen_go_ahead_into_slots_of_their_own() -> None:
    hand = Hand()
    long, waits, hurried = claim(), claim(), claim(lane=0)
    hand.add(long, 4)
    assert calls_of(hand, 4) == [long]
    hand.add(waits, 4)
    hand.add(hurried, 1)
    assert calls_of(hand, 4) == [hurried] and hand.flying == 5
    assert hand.free(4) == (0, 0)
    hand.end(cast(Call, long.judgement))
    assert calls_of(hand, 4) == [waits], "a hurried call in the kept slots takes none of the window's"


def test_a_draft_that_is_tried_waits_behind_no_live_item_that_was_taken_ahead() -> None:
    hand = Hand()
    flies, ahead, tried = claim(), claim(), claim(lane=Lane.TRY_IT)
    for each in (flies, ahead, tried):
        hand.add(each, 1)
    assert calls_of(hand, 1) == [tried, flies], "a slot of its own"
    assert hand.free(1, ahead=2) == (1, 0) and hand.waiting == [ahead]


def test_more_parts_than_the_window_has_slots_go_alone() -> None:
    hand = Hand()
    long, other = claim(), claim()
    hand.add(long, 4)
    hand.add(other, 4)
    assert calls_of(hand, 2) == [long] and calls_of(hand, 2) == []
    hand.end(cast(Call, long.judgement))
    assert calls_of(hand, 2) == [other]


def test_what_somebody_else_has_is_let_go_wherever_it_is() -> None:
    async def lose() -> None:
        hand = Hand()
        flies, waits, stays = claim(), claim(), claim()
        for each in (flies, waits, stays):
            hand.add(each, 4)
        hand.begin(4, lambda _: cast(Call, asyncio.ensure_future(asyncio.sleep(30))))
        (call,) = hand.calls
        hand.keep({stays.judgement})
        assert hand.claims() == (stays,) and hand.flying == 0
        await asyncio.sleep(0)
        assert call.cancelled()
        assert await hand.drop() == [stays] and hand.claims() == ()

    asyncio.run(lose())


def test_long_items_never_put_more_calls_in_flight_than_the_window(
    db: str, store: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("harassment")
    items = arrive(*[f"{PLAIN * 700}{ABUSE} {number}" for number in range(3)], policies=["harassment"])
    assert score() == 3
    flying = most = 0
    ask = Reasoner._ask

    async def counted(self: Reasoner, *question: Any) -> Any:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        try:
            return await ask(self, *question)
        finally:
            flying -= 1

    monkeypatch.setattr(Reasoner, "_ask", counted)
    monkeypatch.setattr(rules_window, "next_window", lambda window, **_: window)
    with practising("--max-model-len", "4096", "--delay", "0.1") as practice:
        settings.REASONER_URLS = [practice.url]
        assert asyncio.run(pump(0, 0, window=8)).done == 3
    assert 4 < most <= 8
    assert {state_of(item) for item in items} == {"awaiting_review"}
    assert {row.parts for row in Verdict.objects.all()} == {6}
    assert Circuit.objects.get().in_flight == 0
