"""Second looks and the canary, as truth tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.screening.golden import questions
from reviewapp.screening.rules_canary import CanaryState, Drift, drift, verdict_on
from reviewapp.screening.rules_second import Because, Compared, Look, compare, reasons

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
