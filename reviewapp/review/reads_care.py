"""The read door of care: how heavy somebody's shift was."""

from django.db import connection

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Person
from reviewapp.review import rules_care


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
