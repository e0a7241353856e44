"""Content longer than the context is judged in parts and says where; nothing is cut in silence."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference import (
    Confidence,
    ContextEntry,
    Effort,
    Failure,
    FailureKind,
    ItemText,
    Label,
    PolicyText,
    Reasoner,
    Usage,
    Verdict,
)
from inference.prompt import messages
from inference.tokens import prompt_tokens
from inference.windows import MOST_PARTS, Part, parts, together
from tests.engine.examples import ITEM, POLICY, TEXT

PLAIN = "The train was late again today and we talked about the weather. "
OFFER = "Cheap followers and likes, visit example.com today! Check out my channel for daily music. "
CONTEXT = 4096
ROOM = CONTEXT - 1024
VERDICT = Verdict(
    Label.ALLOWED, Confidence.HIGH, (), (), (), (), 0, "Fine.", "Thought.", "{}", "m", "f", Usage(10, 5, 4, 2), "h", False, 1.0
)  # fmt: skip


def cut(item: ItemText, room: int = ROOM, context: int = CONTEXT) -> tuple[Part, ...]:
    pieces = parts(POLICY, item, room, context)
    assert isinstance(pieces, tuple), pieces
    return pieces


def size(part: Part) -> int:
    place = (part.number, part.of) if part.of > 1 else None
    return prompt_tokens(each["content"] for each in messages(POLICY, part.item, place))


@pytest.fixture(scope="module")
def small(start_standin: Callable[..., str]) -> str:
    return start_standin("--max-model-len", str(CONTEXT)) + "/v1"


def ask(
    url: str, item: ItemText, policy: PolicyText = POLICY, effort: Effort = Effort.LOW
) -> Verdict | Failure:
    async def one() -> Verdict | Failure:
        async with Reasoner(url) as reasoner:
            return await reasoner.judge(policy, item, effort, deadline=60)

    return asyncio.run(one())


def test_an_item_that_fits_goes_whole() -> None:
    assert cut(ITEM) == (Part(ITEM, end=len(ITEM.text)),)
    assert cut(ItemText("1", PLAIN * 4000), room=0, context=0)[0].of == 1


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.sampled_from([PLAIN, "x" * 900, "\U0001f600" * 300, "<|end|>" * 50, "ж" * 500, "\n"]), max_size=60
    )
)
def test_the_parts_cover_every_character_and_each_fits(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = parts(POLICY, ItemText("1", text), ROOM, CONTEXT)
    if isinstance(found, Failure):
        assert found.kind is FailureKind.TOO_LONG
        return
    assert (found[0].start, found[-1].end) == (0, len(text))
    for before, after in pairwise(found):
        assert before.start < after.start <= before.end
        assert before.end - after.start >= 1
    for part in found:
        assert part.item.text == text[part.start : part.end]
        assert size(part) <= ROOM


def test_a_finding_in_the_middle_is_found_and_its_place_is_told(small: str) -> None:
    text = PLAIN * 350 + OFFER * 4 + PLAIN * 350
    verdict = ask(small, ItemText("1", text))
    assert isinstance(verdict, Verdict), verdict
    assert (verdict.label, verdict.sections) == (Label.VIOLATES, ("SP-1",))
    assert verdict.parts > 2 and verdict.place is not None
    start, end = verdict.place
    assert OFFER in text[start:end] and len(text[start:end]) < len(text)
    assert verdict.rationale.startswith(
        f"Longer than the engine's context, so judged in {verdict.parts} parts."
    )
    assert f"characters {start + 1:,} to {end:,}" in verdict.rationale
    assert any(quote in text[start:end] for quote in verdict.evidence_for)
    assert verdict.usage.prompt_tokens > CONTEXT


def test_a_finding_across_a_border_stands_whole_in_a_part() -> None:
    plain = PLAIN * 700
    border = cut(ItemText("1", plain))[0].end
    text = plain[: border - 20] + OFFER + plain[border - 20 :]
    assert any(OFFER in part.item.text for part in cut(ItemText("1", text)))


def test_a_long_harmless_item_is_allowed_only_after_every_part(small: str) -> None:
    verdict = ask(small, ItemText("1", PLAIN * 700))
    assert isinstance(verdict, Verdict)
    assert (verdict.label, verdict.place) == (Label.ALLOWED, None)
    assert "No part violates." in verdict.rationale


def test_an_item_of_too_many_parts_goes_to_people_with_the_reason(small: str) -> None:
    failure = ask(small, ItemText("1", "\U0001f600\U0001f525" * 40_000))
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.TOO_LONG
    assert f"at most {MOST_PARTS} are judged. A person must read it" in failure.reason


def test_a_policy_longer_than_the_context_says_by_how_much(small: str) -> None:
    policy = PolicyText("long", 1, "0" * 64, TEXT + "\n" + "A rule about posts. " * 1000, POLICY.section_ids)
    failure = ask(small, ITEM, policy)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.TOO_LONG
    assert failure.reason.startswith("The policy is too long for this engine: it takes ")
    assert "Shorten the policy or start the engine with a larger --max-model-len." in failure.reason


def test_a_high_effort_leaves_half_of_a_small_context_to_the_question(small: str) -> None:
    assert isinstance(ask(small, ITEM, effort=Effort.HIGH), Verdict)


def test_a_long_thread_is_shortened_and_the_verdict_says_so(small: str) -> None:
    item = ItemText("1", OFFER, tuple(ContextEntry("reply", PLAIN * 60) for _ in range(20)))
    verdict = ask(small, item)
    assert isinstance(verdict, Verdict)
    assert (verdict.label, verdict.parts) == (Label.VIOLATES, 1)
    assert verdict.rationale.startswith("The thread around it was shortened to fit.")


def judged(*answers: Verdict | Failure) -> Verdict | Failure:
    many = len(answers)
    found = [(Part(ITEM, n, many, 10 * n, 10 * n + 12), each) for n, each in enumerate(answers, start=1)]
    return together(found, 9.0)


def test_the_parts_are_put_together_by_the_gravest() -> None:
    bad = replace(
        VERDICT, label=Label.VIOLATES, sections=("SP-1",), confidence=Confidence.LOW, evidence_for=("a",)
    )
    worse = replace(
        bad, sections=("SP-2",), confidence=Confidence.HIGH, evidence_for=("b",), injection_suspected=True
    )
    unsure = replace(VERDICT, label=Label.UNSURE, confidence=Confidence.MEDIUM)
    away = Failure(FailureKind.TRANSIENT, "The engine failed.")
    table: list[tuple[tuple[Verdict | Failure, ...], object]] = [
        ((VERDICT, VERDICT), Label.ALLOWED),
        ((VERDICT, unsure), Label.UNSURE),
        ((unsure, bad), Label.VIOLATES),
        ((away, VERDICT), FailureKind.TRANSIENT),
        ((away, unsure), FailureKind.TRANSIENT),
        ((away, bad), Label.VIOLATES),
    ]
    for answers, expected in table:
        whole = judged(*answers)
        assert (whole.label if isinstance(whole, Verdict) else whole.kind) == expected
    whole = judged(bad, worse, VERDICT)
    assert isinstance(whole, Verdict)
    assert (whole.sections, whole.evidence_for, whole.place) == (("SP-2", "SP-1"), ("b", "a"), (20, 32))
    assert (whole.confidence, whole.injection_suspected, whole.usage.prompt_tokens) == (
        Confidence.HIGH,
        True,
        30,
    )
    assert whole.seconds == 9.0 and len(whole.prompt_hash) == 64


def test_an_unsure_whole_is_as_sure_as_its_least_sure_part() -> None:
    whole = judged(VERDICT, replace(VERDICT, confidence=Confidence.LOW))
    assert isinstance(whole, Verdict)
    assert whole.confidence is Confidence.LOW


def test_a_part_that_gave_no_verdict_is_named_beside_a_finding_and_in_the_reason() -> None:
    bad = replace(VERDICT, label=Label.VIOLATES, sections=("SP-1",))
    away = Failure(FailureKind.TIMEOUT, "No answer.")
    whole, none = judged(away, bad), judged(VERDICT, away)
    assert isinstance(whole, Verdict) and "1 of the parts gave no verdict." in whole.rationale
    assert isinstance(none, Failure) and none.reason == "No answer. (part 2 of 2)"
