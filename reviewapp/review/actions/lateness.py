"""Telling the leads of a queue what passed its time target, once for each item and in one notice for all of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from reviewapp.accounts.actions import notify_more
from reviewapp.audit.actions import SWEEPER, record
from reviewapp.review.models import Queue
from reviewapp.review.reads_care import leads_of

# A transaction that gave an item its task may commit a little after the time that stands in it.
_SETTLES_SECONDS: Final = 10

# An item is late from its due time on, or from when it came if it was due before. Each part has an index of its own.
_LATE: Final = """
    SELECT q.id, (
        SELECT count(*) FROM review_task WHERE queue_id = q.id AND state = 'waiting'
            AND due_at > q.late_told_until AND due_at <= till.at AND due_at > created_at
    ) + (
        SELECT count(*) FROM review_task WHERE queue_id = q.id AND state = 'waiting' AND due_at <= created_at
            AND created_at > q.late_told_until AND created_at <= till.at
    ) + (
        SELECT count(*) FROM review_task WHERE queue_id = q.id AND state = 'claimed'
            AND greatest(due_at, created_at) > q.late_told_until AND greatest(due_at, created_at) <= till.at
    ) + (
        SELECT count(*) FROM review_task WHERE queue_id = q.id AND state = 'held'
            AND greatest(due_at, created_at) > q.late_told_until AND greatest(due_at, created_at) <= till.at
    ), till.at
    FROM review_queue q, (SELECT clock_timestamp() - make_interval(secs => %s) AS at) till WHERE q.id = ANY(%s)
"""


@transaction.atomic
def tell_of_late() -> int:
    """Tell each queue's leads how many items passed its target since they were last told; returns how many items.

    A notice that a lead has not read yet is counted up, so that ten thousand late items are still one line.
    """
    queues = {each.pk: each for each in Queue.objects.select_for_update(no_key=True, skip_locked=True)}
    counts, until = _late(list(queues))
    if until is None or not any(counts.values()):
        return 0
    Queue.objects.filter(pk__in=list(queues)).update(late_told_until=until)
    for key, count in counts.items():
        if count:
            _tell(queues[key], count)
    return sum(counts.values())


def _late(queues: list[UUID]) -> tuple[Mapping[UUID, int], datetime | None]:
    with connection.cursor() as cursor:
        cursor.execute(_LATE, [_SETTLES_SECONDS, queues])
        rows = cursor.fetchall()
    return {row[0]: row[1] for row in rows}, rows[0][2] if rows else None


def _tell(queue: Queue, count: int) -> None:
    leads = leads_of(queue.pk)
    for lead in leads:
        notify_more(person=lead, kind="target_missed", about=queue.pk, name=queue.name, count=count)
    record(
        verb="queue.target_missed", actor=SWEEPER, subjects=[queue.pk],
        data={"count": count, "told": [str(lead) for lead in leads]},
    )  # fmt: skip
