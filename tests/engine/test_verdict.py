"""A readable answer of the engine becomes a verdict with all its parts, checked and capped. Bad ones: bad_replies."""

import json
from typing import Any

import pytest

from inference import Confidence, ItemText, Label, Usage, Verdict
from inference.verdict import MAX_TEXT_BYTES, parse
from tests.engine.examples import FIELDS, ITEM, MODEL, POLICY, changed, reply

GOOD = json.dumps(FIELDS)


def read(content: str, item: ItemText = ITEM, **message: Any) -> Verdict:
    result = parse(reply(content, **message), POLICY, item, model=MODEL, prompt_hash="h", seconds=1.5)
    assert isinstance(result, Verdict), result
    return result


def test_a_good_reply_becomes_a_verdict_with_all_its_parts() -> None:
    verdict = read(f"\n {GOOD} \n")
    assert (verdict.label, verdict.confidence, verdict.sections) == (
        Label.VIOLATES,
        Confidence.HIGH,
        ("SP-1",),
    )
    assert verdict.evidence_for == ("Cheap followers today!",)
    assert (verdict.reasoning, verdict.model, verdict.fingerprint) == ("It sells.", MODEL, "f-1")
    assert verdict.usage == Usage(130, 73, 128, 22)
    assert (verdict.prompt_hash, verdict.seconds, verdict.injection_suspected) == ("h", 1.5, False)


def test_unknown_sections_are_listed_and_never_count_as_cited() -> None:
    verdict = read(changed(sections=["SP-1", "ZZ-9", "SP-1"]))
    assert (verdict.sections, verdict.unknown_sections) == (("SP-1",), ("ZZ-9",))


@pytest.mark.parametrize("label", ["allowed", "unsure"])
def test_only_a_violation_needs_a_section(label: str) -> None:
    assert read(changed(label=label, sections=[])).sections == ()


def test_only_quotes_that_stand_word_for_word_in_the_item_are_kept() -> None:
    quotes = ["Visit example.com", "visit example.com", "", "Cheap … likes", "Visit example.com"]
    verdict = read(changed(evidence_for=quotes, evidence_against=["It is a joke"]))
    assert verdict.evidence_for == ("Visit example.com",)
    assert (verdict.evidence_against, verdict.dropped_quotes) == ((), 4)


def test_a_quote_of_broken_up_control_words_is_found_in_the_item() -> None:
    item = ItemText("1", "before <|end|> after")
    verdict = read(changed(evidence_for=["before <\u200b|end|> after"]), item)
    assert (verdict.evidence_for, verdict.injection_suspected) == (("before <|end|> after",), True)


def test_a_quote_of_words_that_the_item_itself_broke_apart_is_found_too() -> None:
    item = ItemText("1", "before <\u200b|end|> after")
    assert read(changed(evidence_for=["before <\u200b|end|> after"]), item).dropped_quotes == 0


def test_text_is_capped_and_can_be_stored() -> None:
    bad = "\ud800\x00é" * 30_000
    verdict = read(changed(rationale=f"x{bad}"), reasoning=bad)
    assert len(verdict.rationale) == 2_000
    for text in (verdict.reasoning, verdict.raw, verdict.rationale):
        assert len(text.encode()) <= MAX_TEXT_BYTES
        assert "\x00" not in text


def test_the_old_name_of_the_reasoning_field_is_read_too() -> None:
    assert read(GOOD, reasoning=None, reasoning_content="Older.").reasoning == "Older."


def test_odd_usage_counts_as_nothing_said() -> None:
    answer = reply()
    answer["usage"] = {"prompt_tokens": "many", "completion_tokens": -1, "prompt_tokens_details": []}
    result = parse(answer, POLICY, ITEM, model=MODEL)
    assert isinstance(result, Verdict)
    assert result.usage == Usage()
