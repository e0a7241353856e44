"""What becomes of a judgement that got no verdict, and of the window and the circuit: every row."""

import pytest

from inference import FailureKind
from reviewapp.screening.rules import (
    FAILURE_WORDS,
    Then,
    after_failure,
    probe_delay,
    rank_verdict,
)

ROWS = [
    ("transient", 0, Then.RETRY, "transients", 2.0, False),
    ("transient", 3, Then.RETRY, "transients", 16.0, False),
    ("transient", 4, Then.FAIL, "transients", 0.0, False),
    ("timeout", 0, Then.RETRY, "timeouts", 0.0, False),
    ("timeout", 1, Then.FAIL, "timeouts", 0.0, False),
    ("invalid", 0, Then.RETRY, "invalids", 0.0, False),
    ("invalid", 1, Then.FAIL, "invalids", 0.0, False),
    ("cut_off", 0, Then.RETRY, "invalids", 0.0, False),
    ("cut_off", 1, Then.FAIL, "invalids", 0.0, False),
    ("busy", 9, Then.RELEASE, "", 1.0, False),
    ("refused", 0, Then.FAIL, "", 0.0, False),
    ("too_long", 0, Then.FAIL, "", 0.0, False),
    ("unauthorised", 9, Then.RELEASE, "", 1.0, True),
    ("wrong_model", 9, Then.RELEASE, "", 1.0, True),
]


@pytest.mark.parametrize(("kind", "before", "then", "counter", "delay", "trips"), ROWS)
def test_each_failure_has_its_row(
    kind: str, before: int, then: Then, counter: str, delay: float, trips: bool
) -> None:
    after = after_failure(kind, transients=before, timeouts=before, invalids=before)
    assert (after.then, after.counter, after.delay, after.trips) == (then, counter, delay, trips)


def test_no_failure_is_without_a_row_and_none_that_ends_without_words() -> None:
    for kind in FailureKind:
        after = after_failure(kind.value, transients=9, timeouts=9, invalids=9)
        assert after.then is not Then.FAIL or kind.value in FAILURE_WORDS


def test_probes_come_after_2_to_8_seconds() -> None:
    assert [probe_delay(count) for count in (0, 1, 2, 3, 50)] == [2, 4, 8, 8, 8]


def test_the_lead_violates_then_is_grave_then_sure() -> None:
    verdicts = [("allowed", 0, "high"), ("violates", 2, "high"), ("unsure", 4, "high"), ("violates", 3, "low"),
                ("violates", 2, "low")]  # fmt: skip
    ranked = sorted(verdicts, key=lambda each: rank_verdict(*each))
    assert ranked == [verdicts[3], verdicts[1], verdicts[4], verdicts[2], verdicts[0]]
