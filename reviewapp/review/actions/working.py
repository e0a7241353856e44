"""While somebody works on a claim: its lease renewed, its time counted, and what happens when the page is left."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.ids import new_id
from reviewapp.review import rules, rules_claims
from reviewapp.review.actions.claims import ClaimLost


def renew(*, task: UUID, epoch: int, person: Person, active: int = 0) -> datetime:
    """Give the claim another five minutes, and the reserved one behind it its minute; returns the new end.

    Called on input, at most every few seconds; leaves no audit event, because nothing changes hands. `active`: seconds
    of work since the last call, counted at most as long as that is ago. Raises ClaimLost.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE review_task SET lease_until = clock_timestamp()
                + make_interval(secs => CASE WHEN reserved THEN %s ELSE %s END)
            WHERE state = 'claimed' AND claimed_by_id = %s AND lease_until > clock_timestamp()
                AND (reserved OR (id = %s AND lease_epoch = %s))
            RETURNING id, lease_until
            """,
            [rules.RESERVE_SECONDS, rules.LEASE_SECONDS, person.pk, task, epoch],
        )
        ends = dict(cursor.fetchall())
    if task not in ends:
        raise ClaimLost(
            _("Your time on this item ended. What you typed is still here; claim it again to go on.")
        )
    _count_active(task, epoch, person, active)
    end: datetime = ends[task]
    return end


def leave(*, task: UUID, epoch: int, person: Person, active: int = 0) -> None:
    """The page was left: the claim ends in half a minute unless the person comes back. A claim that ended stays so."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE review_task SET lease_until = least(lease_until, clock_timestamp() + make_interval(secs => %s))
            WHERE state = 'claimed' AND claimed_by_id = %s AND (reserved OR (id = %s AND lease_epoch = %s))
            """,
            [rules_claims.LEAVE_SECONDS, person.pk, task, epoch],
        )
    _count_active(task, epoch, person, active)


def _count_active(task: UUID, epoch: int, person: Person, active: int) -> None:
    """Add work to the stay of this claim: never more than went by since it was last heard of."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO review_stay (id, task_id, epoch, person_id, started_at, seen_at, active_seconds)
            SELECT %(id)s, id, %(epoch)s, %(person)s, claimed_at, clock_timestamp(),
                least(%(active)s, ceil(extract(epoch FROM clock_timestamp() - claimed_at))::int)
            FROM review_task WHERE id = %(task)s AND claimed_by_id = %(person)s AND claimed_at IS NOT NULL
            ON CONFLICT (task_id, epoch) DO UPDATE SET seen_at = clock_timestamp(), active_seconds =
                review_stay.active_seconds
                + least(%(active)s, ceil(extract(epoch FROM clock_timestamp() - review_stay.seen_at))::int)
            """,
            {
                "id": new_id(),
                "task": task,
                "epoch": epoch,
                "person": person.pk,
                "active": max(0, min(active, 3_600)),
            },
        )
