"""Tasks withdrawn, and what ends with a task: an escalation about it, the wait of a decision for its second person."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from reviewapp.audit.actions import Actor, record
from reviewapp.audit.clock import database_time
from reviewapp.review import rules
from reviewapp.review.models import Decision, Task
from reviewapp.review.rules import TaskKind, TaskState
from reviewapp.webhooks import actions as webhooks


def lock_tasks(*, items: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
    """Within the open transaction: wait for who works on these items, and lock their open tasks; returns task and item.

    To be called before the items are locked: who decides has their task first and the item second. A second task comes
    last, because a decision that replaces another one ends it.
    """
    found = Task.objects.select_for_update().filter(item__in=items, state__in=rules.OPEN_TASK_STATES)
    return list(found.order_by("kind", "pk").values_list("pk", "item_id"))


def withdraw(tasks: list[UUID], items: list[UUID], *, actor: Actor, why: str) -> None:
    """Within the open transaction: take open tasks out of their queues because their items left, and say why.

    A decision that waited for one of them waits no longer: no second person comes any more.
    """
    take_out(tasks, items, actor=actor, why=why)
    _end_waits(tasks=tasks, erased=why == "erased")


def take_out(tasks: list[UUID], items: list[UUID], *, actor: Actor, why: str) -> None:
    """Within the open transaction: withdraw open tasks that nobody needs to do any more, and say why."""
    Task.objects.filter(pk__in=tasks, state__in=rules.OPEN_TASK_STATES).update(
        state=TaskState.WITHDRAWN.value,
        claimed_by=None,
        reserved=False,
        lease_until=None,
        done_at=database_time(),
    )
    record(
        verb="task.withdrawn",
        actor=actor,
        subjects=items,
        data={"why": why, "tasks": [str(task) for task in tasks]},
    )
    # Cleared people still see, and may answer, what is escalated about a restricted item.
    if why != "restricted":
        close_escalations(tasks=tasks, actor=actor, why=why)


def close_escalations(*, tasks: Sequence[UUID], actor: Actor, why: str) -> None:
    """Within the open transaction: end what is escalated about these tasks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE review_escalation SET closed_at = clock_timestamp()"
            " WHERE task_id = ANY(%s) AND closed_at IS NULL RETURNING id, item_id",
            [list(tasks)],
        )
        closed = cursor.fetchall()
    for key, item in closed:
        record(
            verb="escalation.closed", actor=actor, subjects=[item], data={"escalation": str(key), "why": why}
        )


def _end_waits(*, tasks: Sequence[UUID], erased: bool) -> None:
    """Within the open transaction: decisions that wait for these withdrawn tasks are final; never sent where `erased`."""
    seconds = Task.objects.filter(pk__in=tasks, kind=TaskKind.SECOND)
    waiting = Decision.objects.filter(pk__in=seconds.values("answers"), replaced_by=None)
    for decision in list(waiting.values_list("pk", flat=True)):
        if erased:
            webhooks.cancel(decision=decision)
        else:
            webhooks.let_go(decision=decision)
            Decision.objects.filter(pk=decision).update(release_at=Now())
