"""Judging open items anew under a version that came into force: a choice, with its count and cost shown first."""

from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.lab.actions.studies import version_to_judge
from reviewapp.policies.models import Version
from reviewapp.policies.rules import VersionState
from reviewapp.screening.actions.rejudging import judge_again
from reviewapp.ui.errors import ProductError

MOST: Final = 5_000
AT_ONCE: Final = 1_000

# Claimed items keep the verdict that the person before the screen reads.
_OPEN: Final = """
SELECT i.id FROM intake_item i
JOIN screening_currentverdict c ON c.item_id = i.id AND c.policy_id = %s
JOIN screening_verdict v ON v.id = c.verdict_id AND v.version_id <> %s
WHERE i.state IN ('awaiting_review', 'awaiting_verdict') AND NOT i.restricted AND i.purpose = 'live'
  AND NOT EXISTS (SELECT FROM review_task t WHERE t.item_id = i.id AND t.state IN ('claimed', 'held'))
  AND NOT EXISTS (SELECT FROM screening_judgement j WHERE j.item_id = i.id AND j.version_id = %s
                  AND j.state IN ('pending', 'leased'))
ORDER BY i.received_at LIMIT %s
"""


class NotInForce(ProductError):
    """Only the version in force can judge open items."""

    status = 409
    code = "not_in_force"


def open_items(version: Version) -> list[UUID]:
    """Items that wait for a person with a verdict of another version of the same policy, oldest first, at most 5,000."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [version.policy_id, version.pk, version.pk, MOST])
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def rejudge_open(*, version: UUID, person: Person) -> int:
    """Ask the version in force about every open item that has an older verdict; returns how many.

    Their new verdicts take the place of the old ones as they come. Raises NotInForce, Missing, Forbidden.
    """
    check_may(person, "lab.run")
    row = version_to_judge(version)
    if row.state != VersionState.PUBLISHED:
        raise NotInForce(_("Only the version in force judges open items. Publish it first."))
    items = open_items(row)
    return sum(
        judge_again(items=items[at : at + AT_ONCE], version=row.pk, person=person)
        for at in range(0, len(items), AT_ONCE)
    )
