"""F17 to F19: whatever three people do in whatever order, one call stands, nothing typed is lost, all of it is told."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import checker
from tests.rooms.review import stage
from tests.rooms.review.shift import Shift

# The same search every time. It shows the steps that failed as they were: making them fewer takes minutes.
SEARCH = settings(
    phases=[Phase.generate],
    max_examples=20,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_any_order_of_work_leaves_one_call_and_every_word(db: str) -> None:
    Shift.fraud = stage.publish("fraud")
    staged = set(checker.problems())
    run_state_machine_as_test(Shift, settings=SEARCH)
    left = {
        problem
        for problem in checker.problems()
        if "item.received" not in problem and "verdict" not in problem
    }
    assert left == staged
