"""Second looks, the canary, and what a machine may close by itself, as truth tables."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.screening.golden import questions
from reviewapp.screening.rules_canary import CanaryState, Drift, drift, verdict_on
from reviewapp.screening.rules_second import Because, Compared, Look, compare, reasons
from reviewapp.screening.rules_trust import Said, why_people_decide

SURE, LOW, UNSURE = Look("violates", "high"), Look("allowed", "low"), Look("unsure", "medium")


@pytest.mark.parametrize(
    ("look", "severity", "on", "least", "doubtful", "found"),
    [
        (SURE, 4, True, 4, True, {Because.SEVERE}),
        (SURE, 3, True, 4, True, set()),
        (SURE, 4, True, 5, True, set()),
        (LOW, 4, True, 4, True, {Because.DOUBTFUL}),
        (UNSURE, 0, True, 4, True, {Because.DOUBTFUL}),
        (UNSURE, 0, True, 4, False, set()),
        (Look("violates", "low"), 4, True, 1, True, {Because.SEVERE, Because.DOUBTFUL}),
        (SURE, 4, False, 1, True, set()),
    ],
)
def test_what_is_looked_at_again(
    look: Look, severity: int, on: bool, least: int, doubtful: bool, found: set[Because]
) -> None:
    assert reasons(look, severity, on=on, least_severity=least, doubtful=doubtful) == found


def look(label: str, *, escalated: bool = False) -> Look:
    return Look(label, "high", escalated)


@pytest.mark.parametrize(
    ("looks", "came_to"),
    [
        ([look("violates")] * 3, Compared(3, 3, False, 0)),
        ([look("violates"), look("allowed"), look("violates")], Compared(3, 2, True, 0)),
        ([look("violates"), look("allowed"), look("allowed")], Compared(3, 2, True, 1)),
        ([look("violates"), look("allowed")], Compared(2, 1, True, 0)),
        ([look("unsure"), look("allowed", escalated=True)], Compared(1, 1, False, 1)),
        ([look("violates"), look("allowed", escalated=True)], Compared(2, 1, True, 1)),
        ([look("unsure"), look("violates"), look("allowed", escalated=True)], Compared(2, 1, True, 2)),
    ],
)
def test_what_several_looks_come_to(looks: list[Look], came_to: Compared) -> None:
    assert compare(looks) == came_to


LOOKS = st.lists(
    st.builds(Look, st.sampled_from(["violates", "allowed", "unsure"]), st.just("low"), st.booleans()),
    min_size=1,
)


@given(LOOKS)
def test_stable_means_that_all_say_the_same(looks: list[Look]) -> None:
    came_to = compare(looks)
    assert 0 < came_to.agree <= came_to.looks <= len(looks)
    labels = {each.label for each in looks if each.escalated or each.label != "unsure"}
    if len(labels) > 1:
        assert came_to.unstable
    if len({each.label for each in looks}) == 1:
        assert not came_to.unstable


def test_no_looks_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="nothing"):
        compare([])


def test_drift_counts_what_changed_and_what_is_missing() -> None:
    before = {1: "violates", 2: "allowed", 3: "", 4: "unsure"}
    assert drift(before, {1: "violates", 2: "violates", 3: "allowed", 4: ""}) == Drift(4, 1, 1)
    assert drift({}, {1: "violates"}) == Drift(1, 0, 0), (
        "with nothing before, nothing is known to have changed"
    )
    assert drift({}, {}).share == 0.0


@pytest.mark.parametrize(("changed", "state"), [(2, CanaryState.PASSED), (3, CanaryState.ALARM)])
def test_an_alarm_needs_more_than_the_limit(changed: int, state: CanaryState) -> None:
    assert verdict_on(Drift(20, changed, 0), 0.1) is state


def test_the_golden_set_has_both_labels_for_every_seeded_policy() -> None:
    slugs = {"spam", "fraud", "harassment", "hate", "violence", "self-harm", "sexual"}
    assert {each.policy for each in questions()} == slugs
    for slug in slugs:
        mine = [each for each in questions() if each.policy == slug]
        assert len(mine) >= 4 and {each.expect for each in mine} == {"violates", "allowed"}
    assert len({each.text for each in questions()}) == len(questions())


FINE = Said()
CLOSABLE: dict[str, Any] = {"said": [FINE, FINE]}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, ""),
        ({"said": [FINE]}, ""),
        ({"said": []}, "no verdict"),
        ({"said": [FINE, replace(FINE, label="violates")]}, "confident allowed"),
        ({"said": [replace(FINE, label="unsure"), FINE]}, "confident allowed"),
        ({"said": [FINE, replace(FINE, confidence="medium")]}, "confident allowed"),
        ({"said": [FINE, replace(FINE, confidence="low")]}, "confident allowed"),
        ({"said": [FINE, replace(FINE, injection_suspected=True)]}, "steer the reasoner"),
        ({"said": [FINE, replace(FINE, dropped_quotes=1)]}, "words that the item does not hold"),
        ({"said": [replace(FINE, unknown_sections=1), FINE]}, "section that its policy does not have"),
        ({"unanswered": True}, "a policy that was asked has no verdict"),
        ({"looking": True}, "being judged again"),
        ({"unstable": True}, "second looks disagreed"),
        ({"held": "engine-1 answers differently"}, "engine-1 answers differently"),
    ],
)
def test_one_thing_that_speaks_against_it_keeps_an_item_for_people(changed: dict[str, Any], why: str) -> None:
    found = why_people_decide(**CLOSABLE | changed)
    assert why in found and bool(found) == bool(why)


@given(
    st.lists(
        st.builds(
            Said,
            st.sampled_from(["allowed", "violates", "unsure"]),
            st.sampled_from(["low", "medium", "high"]),
            st.booleans(),
            st.integers(0, 1),
            st.integers(0, 1),
        ),
        max_size=3,
    ),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "held"]),
)
def test_nothing_is_closable_but_what_is_fine_in_every_way(
    said: list[Said], unanswered: bool, looking: bool, unstable: bool, held: str
) -> None:
    found = why_people_decide(said, unanswered=unanswered, looking=looking, unstable=unstable, held=held)
    fine = bool(said) and all(each == FINE for each in said)
    assert (found == "") == (fine and not (unanswered or looking or unstable or held))
