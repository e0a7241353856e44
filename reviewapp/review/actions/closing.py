"""The end of an escalation, which decisions and hand-overs bring about."""

from uuid import UUID

from django.db import connection

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record


def close_escalations(*, task: UUID, item: UUID, person: Person, why: str) -> None:
    """Within the open transaction: end what is escalated about a task."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE review_escalation SET closed_at = clock_timestamp() WHERE task_id = %s AND closed_at IS NULL RETURNING id",
            [task],
        )
        closed = [row[0] for row in cursor.fetchall()]
    for key in closed:
        record(
            verb="escalation.closed", actor=Actor.person(person.pk), subjects=[item],
            data={"escalation": str(key), "why": why},
        )  # fmt: skip
