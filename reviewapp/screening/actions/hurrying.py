"""Judging one item ahead of the rest, because somebody waits for it before a screen."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp import doorbell
from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.ids import new_ids
from reviewapp.intake.models import Item
from reviewapp.screening import reads_hurrying
from reviewapp.screening.actions.scoring import live_run, versions_for
from reviewapp.screening.models import Judgement
from reviewapp.screening.rules import OPEN_FOR_VERDICTS, RunKind
from reviewapp.screening.rules_line import Lane
from reviewapp.ui.errors import Missing, Stale

PRIORITY = 0


class NotJudgedNow(Stale):
    """Nothing can be asked about the item now; the message says why."""


@transaction.atomic
def judge_now(*, item: UUID, person: Person) -> int:
    """Put an item before all others in the line; returns for how many policies somebody now waits.

    What waits moves to the front. What failed, and what only an older version judged, is asked anew under the version
    in force; an item that nothing was ever asked about, under those that apply to it. Raises NotJudgedNow where the item
    waits for nobody any more or has all its verdicts, Missing (also for what was erased or restricted), Forbidden.
    """
    check_may(person, "item.judge_now")
    row = (
        Item.objects.select_for_update(no_key=True)
        .select_related("source")
        .filter(pk=item, restricted=False)
        .first()
    )
    if row is None or row.state == "erased":
        raise Missing(_("There is no such item, or its content was erased or restricted."))
    if row.state not in OPEN_FOR_VERDICTS:
        raise NotJudgedNow(
            _("This item does not wait for a verdict or a call any more, so nothing is asked about it.")
        )
    moved = Judgement.objects.filter(item=item, run__kind=RunKind.LIVE, state="pending").update(
        lane=Lane.NOW.value, rank_at=Now(), not_before=None
    )
    offer = reads_hurrying.offer(item)
    wanted = [each.version for each in offer.missing] if offer.asked_before else list(versions_for(row))
    asked = _ask(item, wanted)
    if moved or asked:
        data = {"count": moved, "asked": asked}
        record(verb="judgement.hurried", actor=Actor.person(person.pk), subjects=[item], data=data)
        doorbell.ring("reason")
    elif not offer.waiting:
        raise NotJudgedNow(_nothing(offer))
    return moved + asked


def _nothing(offer: reads_hurrying.Offer) -> str:
    if not offer.asked_before:
        return _(
            "No policy in force applies to this item, or it has no text that a machine could read. Override records your call."
        )
    return _("There is nothing to ask again: every policy in force has said what it can about this item.")


def _ask(item: UUID, versions: Sequence[UUID]) -> int:
    """New live judgements at the front, each beside the ones that failed before it."""
    if not versions:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO screening_judgement (id, run_id, version_id, item_id, replica, state, priority, lane, rank_at,
                policy_hash, lease_epoch, crashes, timeouts, transients, invalids, failure_kind, failure_reason)
            SELECT new.id, %(run)s, new.version, %(item)s,
                (SELECT coalesce(max(j.replica) + 1, 0) FROM screening_judgement j
                 WHERE j.item_id = %(item)s AND j.version_id = new.version AND j.run_id = %(run)s),
                'pending', %(priority)s, %(lane)s, clock_timestamp(), '', 0, 0, 0, 0, 0, '', ''
            FROM unnest(%(ids)s::uuid[], %(versions)s::uuid[]) AS new(id, version)
            """,
            {
                "run": live_run().pk, "item": item, "priority": PRIORITY, "lane": Lane.NOW.value,
                "ids": new_ids(len(versions)), "versions": list(versions),
            },
        )  # fmt: skip
        return int(cursor.rowcount)
