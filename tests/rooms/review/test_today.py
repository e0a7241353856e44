"""One's own day on the list of queues: figures of one's own, with interval and number, and nobody else's."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.audit.clock import database_time
from reviewapp.policies.models import Version
from reviewapp.review import actions, reads_today
from reviewapp.review.models import Stay, Task
from tests.cast import Cast
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def decide(person: Person, label: str = "confirm") -> UUID:
    """The next item decided: confirmed, or overridden as allowed."""
    claim = actions.claim_next(queue=stage.queue_of(), person=person)
    assert claim is not None
    task = Task.objects.get(pk=claim.task)
    assert task.claimed_at is not None
    Stay.objects.update_or_create(
        task=task, epoch=claim.epoch,
        defaults={"person": person, "started_at": task.claimed_at, "seen_at": task.claimed_at, "active_seconds": 30},
    )  # fmt: skip
    seat = {"task": claim.task, "epoch": claim.epoch, "nonce": uuid4(), "person": person}
    if label == "confirm":
        return actions.confirm(**seat, verdict=task.item.verdicts.get().pk).decision
    return actions.override(**seat, label=label, reason_code="context_missed").decision


def test_the_day_counts_ones_own_calls_and_nobody_elses(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(6, version=fraud)
    for label in ("confirm", "confirm", "allowed"):
        decide(cast.ana, label)
    actions.undo(decision=decide(cast.ana, "allowed"), person=cast.ana)
    decide(cast.mo)
    mine = reads_today.today(cast.ana)
    assert (mine.decided, mine.undone, mine.usual) == (3, 1, None)
    assert str(mine.overrides).startswith("33 % (1–91, n 3")
    assert (mine.worked, mine.median) == (120, 30)
    assert (reads_today.today(cast.mo).decided, reads_today.today(cast.sam).decided) == (1, 0)
    page = client_for(cast.ana).get("/").content.decode()
    assert "You today" in page and "33 %" in page and "only you see this" in page
    polled = client_for(cast.ana).get("/", headers={"HX-Request": "true"}).content.decode()
    assert "You today" not in polled and "Your queues" in polled


def test_yesterday_is_another_day_and_five_of_them_say_what_is_usual(cast: Cast, fraud: Version) -> None:
    stage.line_up(6, version=fraud)
    for day in range(6):
        decision = decide(cast.ana)
        # Days are whole ones in a zone without summer time, so that the hour is the same on each of them.
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE review_decision SET at = at - make_interval(days => %s), release_at = now() WHERE id = %s",
                [day + 1, decision],
            )
    mine = reads_today.today(cast.ana)
    assert (mine.decided, mine.usual) == (0, (1, 1))


def test_a_day_without_a_call_says_so_and_who_works_no_queue_has_none(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(1, version=fraud)
    assert "Nothing decided yet today" in client_for(cast.ana).get("/").content.decode()
    assert "You today" not in client_for(cast.au).get("/").content.decode()


def test_the_meters_stay_within_their_track(cast: Cast) -> None:
    empty = reads_today.today(cast.ana)
    assert empty.filled == 0 and empty.band == ("0.0", "100.0", "0.0")


def test_a_confirm_faster_than_the_text_can_be_read_is_counted_for_oneself(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(3, version=fraud)
    made = [decide(cast.ana) for _ in range(3)]
    # Half a second and a minute for some fifty characters; the third one was taken back.
    for decision, took in zip(made, ("0.5", "60", "0.5"), strict=True):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE review_task t SET claimed_at = d.at - make_interval(secs => %s)"
                " FROM review_decision d WHERE d.id = %s AND t.id = d.task_id",
                [took, decision],
            )
    assert reads_today.today(cast.ana).quick == 2
    actions.undo(decision=made[2], person=cast.ana)
    assert reads_today.today(cast.ana).quick == 1
    assert reads_today.today(cast.mo).quick == 0
    page = client_for(cast.ana).get("/").content.decode()
    assert "Quick confirms" in page and "faster than the text can be read" in page
    assert "<b>1</b>" in page.split("Quick confirms")[1][:40]


def test_the_last_break_is_when_work_went_on_after_five_quiet_minutes(cast: Cast, fraud: Version) -> None:
    stage.line_up(3, version=fraud)
    made = [decide(cast.ana) for _ in range(3)]
    assert reads_today.today(cast.ana).rested is None
    shift = "UPDATE {} SET {} = {} - make_interval(mins => %s) WHERE "
    for decision, minutes in zip(made, (40, 36, 20), strict=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT task_id FROM review_decision WHERE id = %s", [decision])
            task = cursor.fetchone()[0]
            for table, column, key in (
                ("review_decision", "at", "task_id"), ("review_task", "claimed_at", "id"),
                ("review_stay", "seen_at", "task_id"), ("review_stay", "started_at", "task_id"),
            ):  # fmt: skip
                cursor.execute(shift.format(table, column, column) + f"{key} = %s", [minutes, task])
    rested = reads_today.today(cast.ana).rested
    assert rested is not None
    assert 19 <= (database_time() - rested).total_seconds() / 60 <= 21
