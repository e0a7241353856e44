"""Tasks are locked before their item, whoever comes: nobody deadlocks with who decides."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from reviewapp.audit.actions import SWEEPER
from reviewapp.insights.actions import erase
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Decision, Task
from tests.cast import Cast
from tests.rooms.review import stage
from tests.rooms.review.test_second_person import severe


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def while_task_is_locked(task: UUID, act: Callable[[], object]) -> Future[object]:
    """Begin `act` while this connection has the task, and look at its item once `act` waits for the task."""

    def run() -> object:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            item = Task.objects.select_for_update().get(pk=task).item_id
            begun = pool.submit(run)
            while not waits():
                assert not begun.done(), "it did not wait for the task"
                time.sleep(0.01)
            Item.objects.select_for_update(nowait=True).get(pk=item)
            Decision.objects.select_for_update(nowait=True).filter(item=item).first()
        begun.exception(10)
    return begun


def waits() -> bool:
    """Whether anybody waits for a lock of this connection."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


def test_restriction_waits_for_who_decides_before_it_locks_the_item(cast: Cast, fraud: Version) -> None:
    item = stage.line_up(1, version=fraud)[0]
    task = Task.objects.get(item=item).pk
    while_task_is_locked(
        task, lambda: actions.restrict(item=item, reference="case 12", person=cast.sam)
    ).result()
    assert Task.objects.get(pk=task).state == "withdrawn"


def test_erasure_waits_for_who_decides_before_it_locks_the_item(cast: Cast, fraud: Version) -> None:
    item = stage.line_up(1, version=fraud)[0]
    task = Task.objects.get(item=item).pk
    assert while_task_is_locked(task, lambda: erase(items=[item], actor=SWEEPER)).result() == [item]
    assert Task.objects.get(pk=task).state == "withdrawn"


def test_undoing_and_replacing_wait_for_the_second_person_before_they_lock_the_item(
    cast: Cast, fraud: Version
) -> None:
    undone, replaced = severe(fraud, cast.ana), severe(fraud, cast.ana)
    tasks = [Task.objects.get(answers=each).pk for each in (undone, replaced)]
    while_task_is_locked(
        tasks[1],
        lambda: actions.replace_own(
            decision=replaced.pk, label="allowed", reason="Read again.", person=cast.ana
        ),
    ).result()
    while_task_is_locked(tasks[0], lambda: actions.undo(decision=undone.pk, person=cast.ana)).result()
    assert set(Task.objects.filter(pk__in=tasks).values_list("state", flat=True)) == {"withdrawn"}
