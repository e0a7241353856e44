"""The read door of care: how heavy somebody's shift was, what is lighter, and who answers for a queue."""

from uuid import UUID

from django.db import connection

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.review import rules, rules_care
from reviewapp.review.models import QueueMember
from reviewapp.ui.languages import UNKNOWN


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
    """Slug and name of each queue where the person, at their limit, still gets something, in the order of the queues."""
    read = reads_notices.preferences(person).languages
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT q.slug, q.name FROM review_queue q
            WHERE (NOT q.members_only OR %(manages)s OR EXISTS (
                SELECT FROM review_queuemember m WHERE m.queue_id = q.id AND m.person_id = %(person)s
            )) AND EXISTS (
                SELECT FROM (
                    SELECT id, severity, language FROM review_task WHERE queue_id = q.id AND state = 'waiting'
                    ORDER BY tier, rank_at, id LIMIT %(reach)s
                ) few
                WHERE severity < %(heavy)s AND (q.translates OR %(all)s OR language = ANY(%(languages)s))
                    AND NOT EXISTS (SELECT FROM review_skip s WHERE s.task_id = few.id AND s.person_id = %(person)s
                        AND s.at > clock_timestamp() - make_interval(mins => %(minutes)s))
            )
            ORDER BY q.ordinal, q.slug
            """,
            {
                "manages": may(person.roles, "queue.manage"), "person": person.pk, "reach": rules_care.LIGHT_REACH,
                "heavy": rules_care.HEAVY_FROM, "all": not read, "languages": [*read, UNKNOWN], "minutes": rules.SKIP_MINUTES,
            },
        )  # fmt: skip
        return tuple(cursor.fetchall())


def leads_of(queue: UUID) -> list[UUID]:
    """Who answers for a queue: its members that may manage it; where there are none, every senior and admin."""
    members = QueueMember.objects.filter(queue=queue, person__is_active=True).select_related("person")
    leads = [each.person_id for each in members if may(each.person.roles, "queue.manage")]
    everybody = Person.objects.filter(is_active=True, roles__overlap=["senior", "admin"])
    return leads or list(everybody.values_list("pk", flat=True))
