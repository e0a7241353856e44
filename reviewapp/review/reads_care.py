"""The read door of care: how heavy somebody's shift was, what is lighter, and who answers for a queue."""

from uuid import UUID

from django.db import connection

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.review import rules, rules_care
from reviewapp.review.models import QueueMember


def exposure(person: Person) -> int:
    """Severity-weighted points of what somebody decided in the last ten hours."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.severity FROM review_decision d JOIN review_task t ON t.id = d.task_id
            WHERE d.person_id = %s AND d.at > clock_timestamp() - make_interval(hours => %s) AND d.kind <> 'undone'
            """,
            [person.pk, rules_care.SHIFT_HOURS],
        )
        return rules_care.points(row[0] for row in cursor.fetchall())


def is_spent(person: Person) -> bool:
    """Whether only lighter items come until the next shift."""
    cap = reads_notices.preferences(person).exposure_cap
    return bool(cap) and rules_care.is_spent(exposure(person), cap)


def lighter_queues(person: Person) -> tuple[tuple[str, str], ...]:
    """Slug and name of each queue whose next items hold a light one and that the person may work, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT q.slug, q.name FROM review_queue q
            WHERE (NOT q.members_only OR %s OR EXISTS (
                SELECT FROM review_queuemember m WHERE m.queue_id = q.id AND m.person_id = %s
            )) AND EXISTS (
                SELECT FROM (
                    SELECT severity FROM review_task WHERE queue_id = q.id AND state = 'waiting'
                    ORDER BY tier, rank_at, id LIMIT %s
                ) few WHERE severity < %s
            )
            ORDER BY q.ordinal, q.slug
            """,
            [may(person.roles, "queue.manage"), person.pk, rules.CANDIDATES, rules_care.HEAVY_FROM],
        )
        return tuple(cursor.fetchall())


def leads_of(queue: UUID) -> list[UUID]:
    """Who answers for a queue: its members that may manage it; where there are none, every senior and admin."""
    members = QueueMember.objects.filter(queue=queue, person__is_active=True).select_related("person")
    leads = [each.person_id for each in members if may(each.person.roles, "queue.manage")]
    everybody = Person.objects.filter(is_active=True, roles__overlap=["senior", "admin"])
    return leads or list(everybody.values_list("pk", flat=True))
