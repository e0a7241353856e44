"""Tasks are locked before their item, whoever comes: nobody deadlocks with who decides, and no words outlive an erasure."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from reviewapp.audit.actions import SWEEPER
from reviewapp.insights.actions import erase
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Decision, Draft, Note, Task
from tests.cast import Cast
from tests.rooms.review import stage
from tests.rooms.review.test_second_person import severe


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def meanwhile(first: Callable[[], object], then: Callable[[], object], look: Callable[[], object]) -> object:
    """Do `first` and leave its transaction open until `then` waits for it; `look` then. What `then` gives."""

    def run() -> object:
        try:
            return then()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            begun = pool.submit(run)
            while not waits():
                assert not begun.done(), "it did not wait"
                time.sleep(0.01)
            look()
        return begun.result(20)


def while_locked(task: UUID, act: Callable[[], object]) -> object:
    """Begin `act` while this connection has the task; its item and decision are free meanwhile."""

    def look() -> None:
        item = Task.objects.get(pk=task).item_id
        Item.objects.select_for_update(nowait=True).get(pk=item)
        Decision.objects.select_for_update(nowait=True).filter(item=item).first()

    return meanwhile(lambda: Task.objects.select_for_update().get(pk=task), act, look)


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
    while_locked(task, lambda: actions.restrict(item=item, reference="case 12", person=cast.sam))
    assert Task.objects.get(pk=task).state == "withdrawn"


def test_erasure_waits_for_who_decides_before_it_locks_the_item(cast: Cast, fraud: Version) -> None:
    item = stage.line_up(1, version=fraud)[0]
    task = Task.objects.get(item=item).pk
    assert while_locked(task, lambda: erase(items=[item], actor=SWEEPER)) == [item]
    assert Task.objects.get(pk=task).state == "withdrawn"


def test_undoing_and_replacing_wait_for_the_second_person_before_they_lock_the_item(
    cast: Cast, fraud: Version
) -> None:
    undone, replaced = severe(fraud, cast.ana), severe(fraud, cast.ana)
    tasks = [Task.objects.get(answers=each).pk for each in (undone, replaced)]
    while_locked(
        tasks[1],
        lambda: actions.replace_own(
            decision=replaced.pk, label="allowed", reason="Read again.", person=cast.ana
        ),
    )
    while_locked(tasks[0], lambda: actions.undo(decision=undone.pk, person=cast.ana))
    assert set(Task.objects.filter(pk__in=tasks).values_list("state", flat=True)) == {"withdrawn"}


def test_no_words_written_while_an_item_is_erased_outlive_it(cast: Cast, fraud: Version) -> None:
    item = stage.line_up(1, version=fraud)[0]
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ana)
    assert claim is not None
    seat = {"task": claim.task, "epoch": claim.epoch, "person": cast.ana}
    meanwhile(
        lambda: actions.hand_over(**seat, why="expertise", to=cast.mo.pk, note="A name and a place."),
        lambda: actions.erase_content(item_ids=[item]),
        lambda: None,
    )
    assert Note.objects.get().text == ""


def test_a_draft_that_comes_while_its_item_is_erased_is_not_kept(cast: Cast, fraud: Version) -> None:
    item = stage.line_up(1, version=fraud)[0]
    task = Task.objects.get(item=item).pk
    meanwhile(
        lambda: actions.erase_content(item_ids=[item]),
        lambda: actions.save_draft(
            task=task, person=cast.ana, section="allowed", reason="A name and a place."
        ),
        lambda: None,
    )
    assert not Draft.objects.exists()
