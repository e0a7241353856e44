"""What is said of an item while it waits moves it within its queue: a flag, a deadline, a late verdict."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction

from reviewapp.audit.clock import database_time
from reviewapp.intake import actions as intake
from reviewapp.intake.models import Flag
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Task
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.review import stage


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def flag(item: UUID, kind: str = "authority_order", **fields: object) -> None:
    Flag.objects.create(item_id=item, kind=kind, digest=b"f" * 32, **fields)
    intake.await_anew(items=[item])


def test_an_order_that_comes_later_goes_first_and_moves_the_target_forward(
    cast: Cast, fraud: Version
) -> None:
    first, second = stage.line_up(2, version=fraud)
    before = Task.objects.get(item=second)
    deadline = database_time() + timedelta(minutes=5)
    flag(second, deadline=deadline)
    assert [actions.admit(), actions.admit()] == [1, 0]
    task = Task.objects.get(item=second)
    assert (task.pk, task.queue_id, task.tier, task.due_at) == (before.pk, before.queue_id, 1, deadline)
    assert task.terms["urgent"] == ["authority_order"] and stage.verbs(second).count("task.admitted") == 1
    claim = actions.claim_next(queue=task.queue_id, person=cast.ana)
    assert claim is not None and claim.item == second != first


def test_a_verdict_that_comes_later_says_how_grave_it_is(cast: Cast, fraud: Version) -> None:
    item = stage.line_up(1)[0]
    before = Task.objects.get(item=item)
    stage.say(item, fraud, sections=[fraud.sections.filter(severity=4)[0].code])
    intake.await_anew(items=[item])
    actions.admit()
    task = Task.objects.get(item=item)
    assert (before.severity, task.severity, task.policy) == (0, 4, "fraud")
    assert task.rank_at < before.rank_at and (task.due_at, task.queue_id) == (before.due_at, before.queue_id)


def test_what_was_escalated_keeps_its_place(cast: Cast, fraud: Version) -> None:
    item = stage.line_up(1, version=fraud)[0]
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ana)
    assert claim is not None
    actions.escalate(task=claim.task, epoch=claim.epoch, person=cast.ana, kind="press")
    before = Task.objects.get(item=item)
    flag(item)
    assert actions.admit() == 1
    task = Task.objects.get(item=item)
    assert (task.tier, task.rank_at, task.due_at) == (before.tier, before.rank_at, before.due_at)


def test_nobody_waits_for_who_decides_and_the_rank_follows_when_they_leave(
    cast: Cast, fraud: Version
) -> None:
    item = stage.line_up(1, version=fraud)[0]
    flag(item)
    with transaction.atomic():
        Task.objects.select_for_update().get(item=item)
        assert at_once(1, lambda _: actions.admit()) == [0]
    assert actions.admit() == 1 and Task.objects.get(item=item).tier == 1
