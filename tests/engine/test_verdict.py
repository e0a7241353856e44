"""Answers of the engine: a readable one becomes a verdict, every other one a named failure, none a default."""

import json
from typing import Any

import pytest

from inference import Confidence, Failure, FailureKind, ItemText, Label, Usage, Verdict
from inference.verdict import MAX_TEXT_BYTES, parse
from tests.engine.examples import FIELDS, ITEM, MODEL, POLICY, changed, reply

GOOD = json.dumps(FIELDS)
BAD_REPLIES: list[tuple[str, Any, FailureKind]] = [
    ("not an object", [], FailureKind.INVALID),
    ("null", None, FailureKind.INVALID),
    ("a string", "allowed", FailureKind.INVALID),
    ("no choices", {"model": MODEL}, FailureKind.INVALID),
    ("empty choices", {"model": MODEL, "choices": []}, FailureKind.INVALID),
    ("two choices", {"model": MODEL, "choices": reply()["choices"] * 2}, FailureKind.INVALID),
    ("choice not an object", {"model": MODEL, "choices": ["allowed"]}, FailureKind.INVALID),
    ("no message", {"model": MODEL, "choices": [{"finish_reason": "stop"}]}, FailureKind.INVALID),
    ("other model", {**reply(), "model": "other"}, FailureKind.WRONG_MODEL),
    ("no model", {key: value for key, value in reply().items() if key != "model"}, FailureKind.WRONG_MODEL),
    ("cut anywhere", reply(finish="length"), FailureKind.CUT_OFF),
    ("cut in the final", reply('{"label": "allowed"', finish="length"), FailureKind.CUT_OFF),
    ("whole but at the limit", reply(GOOD, finish="length"), FailureKind.CUT_OFF),
    ("not finished", reply(finish=None), FailureKind.INVALID),
    ("aborted", reply(finish="abort"), FailureKind.INVALID),
    ("filtered", reply(finish="content_filter"), FailureKind.INVALID),
    ("empty content", reply(""), FailureKind.INVALID),
    ("blank content", reply("  \n"), FailureKind.INVALID),
    ("structured content", reply([{"type": "text", "text": GOOD}]), FailureKind.INVALID),
    ("content a number", reply(0), FailureKind.INVALID),
    ("tool call", reply(tool_calls=[{"id": "1"}]), FailureKind.INVALID),
    ("refusal", reply(refusal="I can't help with that"), FailureKind.INVALID),
    ("control words before", reply(f"<|channel|>final<|message|>{GOOD}"), FailureKind.INVALID),
    ("control words inside", reply(changed(rationale="It is fine <|end|>")), FailureKind.INVALID),
    ("prose", reply("This is allowed."), FailureKind.INVALID),
    ("bare label", reply("allowed"), FailureKind.INVALID),
    ("bare digit", reply("0"), FailureKind.INVALID),
    ("prose before", reply(f"Here it is: {GOOD}"), FailureKind.INVALID),
    ("prose after", reply(f"{GOOD} Hope this helps"), FailureKind.INVALID),
    ("fenced", reply(f"```json\n{GOOD}\n```"), FailureKind.INVALID),
    ("two objects", reply(GOOD + GOOD), FailureKind.INVALID),
    ("array", reply(f"[{GOOD}]"), FailureKind.INVALID),
    ("half", reply(GOOD[:40]), FailureKind.INVALID),
    ("single quotes", reply(GOOD.replace('"', "'")), FailureKind.INVALID),
    ("trailing comma", reply(GOOD[:-1] + ",}"), FailureKind.INVALID),
    ("deeply nested", reply("[" * 100_000), FailureKind.INVALID),
    ("NaN", reply(GOOD.replace('"high"', "NaN")), FailureKind.INVALID),
    ("Infinity", reply(GOOD.replace('"high"', "Infinity")), FailureKind.INVALID),
    ("label twice", reply(GOOD[:-1] + ', "label": "allowed"}'), FailureKind.INVALID),
    ("no label", reply(changed(label=...)), FailureKind.INVALID),
    ("label in capitals", reply(changed(label="ALLOWED")), FailureKind.INVALID),
    ("label a number", reply(changed(label=0)), FailureKind.INVALID),
    ("label a list", reply(changed(label=["allowed"])), FailureKind.INVALID),
    ("label null", reply(changed(label=None)), FailureKind.INVALID),
    ("unknown label", reply(changed(label="safe")), FailureKind.INVALID),
    ("no confidence", reply(changed(confidence=...)), FailureKind.INVALID),
    ("confidence a number", reply(changed(confidence=0.9)), FailureKind.INVALID),
    ("no rationale", reply(changed(rationale="  ")), FailureKind.INVALID),
    ("rationale a list", reply(changed(rationale=["x"])), FailureKind.INVALID),
    ("sections a text", reply(changed(sections="SP-1")), FailureKind.INVALID),
    ("sections of numbers", reply(changed(sections=[1])), FailureKind.INVALID),
    ("violates without section", reply(changed(sections=[])), FailureKind.INVALID),
    ("violates under unknown sections", reply(changed(sections=["ZZ-9"])), FailureKind.INVALID),
    ("quotes a text", reply(changed(evidence_for="Cheap")), FailureKind.INVALID),
    ("quotes of objects", reply(changed(evidence_against=[{}])), FailureKind.INVALID),
    ("key not asked for", reply(changed(violation=0)), FailureKind.INVALID),
    ("another answer form", reply('{"violation": 0, "rule_ids": []}'), FailureKind.INVALID),
]


@pytest.mark.parametrize(
    ("answer", "kind"), [case[1:] for case in BAD_REPLIES], ids=[case[0] for case in BAD_REPLIES]
)
def test_a_bad_reply_is_a_failure_that_says_why(answer: Any, kind: FailureKind) -> None:
    result = parse(answer, POLICY, ITEM, model=MODEL, prompt_hash="h")
    assert isinstance(result, Failure)
    assert (result.kind, result.prompt_hash) == (kind, "h")
    assert result.reason.endswith(".")
    assert "followers" not in result.reason


def test_null_content_is_invalid_with_and_without_reasoning() -> None:
    for reasoning in ("It sells.", None):
        answer = reply("x")
        answer["choices"][0]["message"] |= {"content": None, "reasoning": reasoning}
        result = parse(answer, POLICY, ITEM, model=MODEL)
        assert isinstance(result, Failure)
        assert result.kind is FailureKind.INVALID


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
