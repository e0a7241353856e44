"""Items that pass their queue's time target: the leads are told once, in one line, and nobody else."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviewapp.accounts import reads_notices
from reviewapp.accounts.actions import read_notices
from reviewapp.accounts.models import Notice, Person
from reviewapp.review import actions
from reviewapp.review.models import QueueMember, Task
from tests.bench import population
from tests.cast import Cast
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]


def run_late(task: Task, seconds: int = 60) -> None:
    """The task came an hour ago, and its target passed so many seconds ago."""
    stage.tell(
        "review_task",
        f"created_at = now() - interval '1 hour', due_at = now() - interval '{seconds} seconds'",
        task.pk,
    )


def not_told_for(hours: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE review_queue SET late_told_until = now() - make_interval(hours => %s)", [hours]
        )


def told(person: Person) -> list[tuple[str, int]]:
    rows = Notice.objects.filter(person=person, kind="target_missed").order_by("at")
    return list(rows.values_list("name", "count"))


@pytest.fixture
def waiting(cast: Cast) -> list[Task]:
    """Three items in one queue, in time; the leads are up to date as of an hour ago."""
    stage.line_up(3, version=stage.publish("fraud"))
    not_told_for(1)
    return list(Task.objects.order_by("rank_at", "id"))


def test_leads_are_told_once_of_what_passed_the_target(
    cast: Cast, waiting: list[Task], client_for: SignIn
) -> None:
    assert actions.tell_of_late() == 0
    run_late(waiting[0])
    run_late(waiting[1], seconds=30)
    assert actions.tell_of_late() == 2
    assert actions.tell_of_late() == 0
    assert told(cast.sam) == told(cast.ad) == [("Scams and spam", 2)]
    assert told(cast.ana) == told(cast.bo) == []
    event = stage.events(stage.queue_of(), "queue.target_missed")
    assert [each["count"] for each in event] == [2]
    row = reads_notices.notices(cast.sam)[0]
    assert row.words == "<bdi>Scams and spam</bdi>: 2 items passed the time target"
    client = client_for(cast.sam)
    opened = client.post(f"/settings/notices/{row.id}", follow=True)
    assert opened.redirect_chain[-1][0] == "/queues/scams-spam"


def test_a_notice_nobody_has_read_is_counted_up_and_a_read_one_is_not(
    cast: Cast, waiting: list[Task]
) -> None:
    run_late(waiting[0], seconds=600)
    actions.tell_of_late()
    not_told_for(0)
    stage.tell("review_queue", "late_told_until = now() - interval '500 seconds'", stage.queue_of())
    run_late(waiting[1], seconds=400)
    actions.tell_of_late()
    assert told(cast.sam) == [("Scams and spam", 2)]
    read_notices(person=cast.sam.pk)
    stage.tell("review_queue", "late_told_until = now() - interval '300 seconds'", stage.queue_of())
    run_late(waiting[2], seconds=200)
    actions.tell_of_late()
    assert told(cast.sam) == [("Scams and spam", 2), ("Scams and spam", 1)]
    assert told(cast.ad) == [("Scams and spam", 3)]


@pytest.mark.parametrize("change", ["state = 'claimed'", "state = 'held'"])
def test_what_somebody_has_in_hand_is_late_too(cast: Cast, waiting: list[Task], change: str) -> None:
    run_late(waiting[0])
    stage.tell("review_task", f"{change}, claimed_by_id = '{cast.ana.pk}'", waiting[0].pk)
    assert actions.tell_of_late() == 1


@pytest.mark.parametrize("change", ["state = 'done'", "state = 'withdrawn'"])
def test_what_left_the_queue_in_time_is_not_late(cast: Cast, waiting: list[Task], change: str) -> None:
    run_late(waiting[0])
    stage.tell("review_task", change, waiting[0].pk)
    assert actions.tell_of_late() == 0


def test_an_item_that_comes_late_counts_from_when_it_came(cast: Cast, waiting: list[Task]) -> None:
    stage.tell("review_queue", "late_told_until = now() - interval '1 minute'", stage.queue_of())
    born_late = "created_at = now() - interval '{}', due_at = now() - interval '9 hours'"
    stage.tell("review_task", born_late.format("30 seconds"), waiting[0].pk)
    stage.tell("review_task", born_late.format("2 minutes"), waiting[1].pk)
    stage.tell("review_task", born_late.format("1 second"), waiting[2].pk)
    assert actions.tell_of_late() == 1
    stage.tell("review_task", born_late.format("15 seconds"), waiting[2].pk)
    stage.tell("review_queue", "late_told_until = now() - interval '20 seconds'", stage.queue_of())
    assert actions.tell_of_late() == 1


def test_the_leads_of_a_queue_are_its_members_who_may_manage_it(cast: Cast, waiting: list[Task]) -> None:
    for person in (cast.ana, cast.sam):
        QueueMember.objects.create(queue_id=stage.queue_of(), person=person)
    run_late(waiting[0])
    actions.tell_of_late()
    assert told(cast.sam) and not told(cast.ad) and not told(cast.ana)


def test_thousands_of_late_items_are_one_line_found_by_index(cast: Cast) -> None:
    stage.line_up(1, version=stage.publish("fraud"))
    population.waiting_tasks(source=population.new_source("crowd"), queue=stage.queue_of(), upto=3_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE review_task")
        cursor.execute(f"EXPLAIN {actions.lateness._LATE}", [10, [stage.queue_of()]])
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute(
            "UPDATE review_task SET created_at = now() - interval '1 hour', due_at = now() - interval '1 minute'"
        )
    assert (
        "review_task_due" in plan
        and "review_task_born_late" in plan
        and "Seq Scan on review_task" not in plan
    )
    not_told_for(2)
    with CaptureQueriesContext(connection) as made:
        assert actions.tell_of_late() >= 3_000
    assert len(told(cast.sam)) == 1 and Notice.objects.count() == 2
    assert len(made) < 30
