"""Where a version stands before the gate, as a truth table."""

from itertools import product

import pytest

from reviewapp.policies.rules_gate import (
    WORDS,
    Entry,
    Found,
    GateState,
    Outcome,
    Waiver,
    WaiverKind,
    entry,
    gate_hash,
    gate_state,
)

S = GateState


def found(
    outcome: Outcome = Outcome.PASSED, *, text: str = "t", engine: str = "e", signed: bool = False
) -> Found:
    return Found(text, engine, outcome, signed)


@pytest.mark.parametrize(
    ("engine", "report", "state"),
    [
        (None, None, S.MISSING), ("e", None, S.MISSING),
        (None, found(), S.PASSED), ("e", found(), S.PASSED), ("other", found(), S.STALE_ENGINE),
        ("e", found(text="other"), S.STALE_TEXT), ("other", found(text="other"), S.STALE_TEXT),
        ("e", found(Outcome.BLOCKED), S.BLOCKED), ("other", found(Outcome.BLOCKED), S.STALE_ENGINE),
        ("e", found(Outcome.GAPS), S.GAPS), ("e", found(Outcome.GAPS, signed=True), S.PASSED),
    ],
)  # fmt: skip
def test_a_report_says_where_it_stands(engine: str | None, report: Found | None, state: GateState) -> None:
    assert gate_state(wanted="t", engine=engine, report=report, waiver=None) is state


@pytest.mark.parametrize(
    ("kind", "granted", "text"), list(product(WaiverKind, (True, False), ("t", "other")))
)
def test_a_waiver_counts_when_granted_for_this_text(kind: WaiverKind, granted: bool, text: str) -> None:
    waiver = Waiver(text, kind, granted)
    counts = granted and text == "t"
    for report in (None, found(Outcome.BLOCKED), found(Outcome.GAPS), found(text="old")):
        plain = gate_state(wanted="t", engine="e", report=report, waiver=None)
        told = gate_state(wanted="t", engine="e", report=report, waiver=waiver)
        assert told is (GateState(kind.value) if counts else plain)
    assert gate_state(wanted="t", engine="e", report=found(), waiver=waiver) is S.PASSED


def test_a_text_without_a_hash_never_passes() -> None:
    assert gate_hash("", "low", "c", []) == ""
    assert gate_state(wanted="", engine=None, report=found(text=""), waiver=None) is S.STALE_TEXT


@pytest.mark.parametrize("state", GateState)
def test_each_state_has_words_and_opens_or_not(state: GateState) -> None:
    assert WORDS[state].endswith(".")
    opens = {S.PASSED: Entry.PASSED, S.OVERRIDE: Entry.OVERRIDE, S.EMERGENCY: Entry.EMERGENCY}
    assert entry(state, Outcome.PASSED) == opens.get(state)


def test_the_hash_binds_text_effort_cases_and_targets() -> None:
    plain = ("t", "low", "c", [("SP-1", None, None)])
    others = [
        ("u", "low", "c", [("SP-1", None, None)]), ("t", "high", "c", [("SP-1", None, None)]),
        ("t", "low", "d", [("SP-1", None, None)]), ("t", "low", "c", [("SP-1", 90.0, None)]),
        ("t", "low", "c", [("SP-1", None, 90.0)]), ("t", "low", "c", []),
    ]  # fmt: skip
    assert len({gate_hash(*each) for each in (plain, *others)}) == 7
