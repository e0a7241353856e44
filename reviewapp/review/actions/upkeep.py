"""What the sweeper and the other rooms ask of review: lapsed claims, ended windows, restriction, erasure."""

import re
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.actions import notify
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import DECISIONS_FEED, SWEEPER, Actor, place_in_feed, record
from reviewapp.audit.clock import database_time
from reviewapp.intake import actions as intake
from reviewapp.review import rules_claims
from reviewapp.review.actions.claims import Unclear
from reviewapp.review.actions.closing import lock_tasks, withdraw
from reviewapp.review.models import BlindCall, Decision, Draft, Note, Translation, Unsent
from reviewapp.review.rules import TaskState
from reviewapp.ui.errors import Missing
from reviewapp.webhooks import actions as webhooks
from reviewapp.webhooks.rules import Announced

_REFERENCE: Final = re.compile(r"[A-Za-z0-9_.:@/+\- ]{3,120}\Z")


@transaction.atomic
def expire_claims(*, limit: int = 500) -> int:
    """Return lapsed claims and ended holds to their queues; withdraw tasks of items that were replaced or erased.

    Takes at most `limit` of each, skips what others work on; returns how many tasks it moved.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH over AS (
                SELECT id, state, claimed_by_id, hold_returns FROM review_task
                WHERE (state = 'claimed' AND lease_until < clock_timestamp())
                   OR (state = 'held' AND hold_until < clock_timestamp())
                LIMIT %s FOR UPDATE SKIP LOCKED
            )
            UPDATE review_task t SET state = 'waiting', claimed_by_id = NULL, claimed_at = NULL, reserved = false,
                lease_until = NULL, hold_until = NULL,
                assigned_to_id = CASE WHEN over.state = 'held' AND over.hold_returns THEN over.claimed_by_id END,
                assigned_until = CASE WHEN over.state = 'held' AND over.hold_returns THEN clock_timestamp() + make_interval(secs => %s) END
            FROM over WHERE t.id = over.id RETURNING t.item_id, over.state, over.claimed_by_id
            """,
            [limit, rules_claims.RETURN_SECONDS],
        )
        rows = cursor.fetchall()
    items = [row[0] for row in rows]
    for item, state, holder in rows:
        if state == TaskState.HELD:
            notify(person=holder, kind="hold_ended", about=item)
    if items:
        record(verb="task.released", actor=SWEEPER, subjects=items, data={"why": "lapsed"})
    return len(items) + _withdraw_left(limit)


def _withdraw_left(limit: int) -> int:
    """Tasks of items that left lately, found through the log; older ones are met and withdrawn when claimed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id, t.item_id FROM (
                SELECT DISTINCT unnest(subjects) AS item FROM audit_event
                WHERE verb IN ('item.superseded', 'item.restricted') AND at > clock_timestamp() - interval '15 minutes'
            ) gone
            JOIN review_task t ON t.item_id = gone.item AND t.state IN ('waiting', 'claimed', 'held')
            JOIN intake_item i ON i.id = t.item_id AND (i.restricted OR i.state IN ('superseded', 'erased'))
            LIMIT %s
            """,
            [limit],
        )
        rows = cursor.fetchall()
    if rows:
        withdraw([row[0] for row in rows], [row[1] for row in rows], actor=SWEEPER, why="item_left")
    return len(rows)


@transaction.atomic
def release_decisions(*, limit: int = 500) -> int:
    """End the undo windows that are over: announcements may leave, decisions get their place in the feed.

    Returns how many decisions became final. Safe to run twice at once: each delivery is taken by one.
    """
    released = webhooks.release_due(limit=limit)
    decisions = list(dict.fromkeys(each.decision for each in released))
    if not decisions:
        return 0
    place_in_feed(feed=DECISIONS_FEED, subjects=decisions)
    items = list(dict.fromkeys(each.item for each in released))
    record(
        verb="decision.released", actor=SWEEPER, subjects=items,
        data={"decisions": [str(decision) for decision in decisions]},
    )  # fmt: skip
    return len(decisions)


@transaction.atomic
def restrict(*, item: UUID, reference: str, person: Person) -> None:
    """Take an item out of every screen, model call and export at once, and its open tasks out of their queues.

    `reference` names a case or a report, 3–120 plain characters, and does not describe the content. A second time
    changes nothing. Raises Unclear without one, Missing, Forbidden.
    """
    check_may(person, "item.restrict")
    if not _REFERENCE.match(reference.strip()):
        raise Unclear(
            _(
                "Give a reference of 3 to 120 plain letters, digits, spaces or .:@/+-_ that does not describe it."
            )
        )
    lock_tasks(items=[item])
    if not intake.restrict(item=item, reference=reference.strip(), person=person):
        return
    # Once more: a decision that was waited for may have asked a second person.
    tasks = [task for task, _item in lock_tasks(items=[item])]
    if tasks:
        withdraw(tasks, [item], actor=Actor.person(person.pk), why="restricted")
    webhooks.announce(events=[Announced.ITEM_LIMITED], item=item, decision=None, release_at=database_time())
    for cleared in Person.objects.filter(is_active=True, cleared_restricted=True):
        notify(person=cleared.pk, kind="restricted", about=item, by=person.pk)


@transaction.atomic
def open_restricted(*, item: UUID, person: Person) -> None:
    """Log that a cleared person opens a restricted item. Raises Missing for everybody else, as if it were not there."""
    if not person.cleared_restricted:
        raise Missing(_("There is no such item, or its content was erased or restricted."))
    record(verb="item.viewed_restricted", actor=Actor.person(person.pk), subjects=[item])


@transaction.atomic
def erase_content(*, item_ids: list[UUID]) -> None:
    """Forget what people wrote about these items, and withdraw what is still open on them."""
    # First, so that nobody writes on an open task what would outlive this.
    rows = lock_tasks(items=item_ids)
    if rows:
        withdraw([row[0] for row in rows], [row[1] for row in rows], actor=SWEEPER, why="erased")
    Decision.objects.filter(item_id__in=item_ids).exclude(reason="").update(reason="")
    Note.objects.filter(item_id__in=item_ids).update(text="")
    Draft.objects.filter(task__item_id__in=item_ids).delete()
    Unsent.objects.filter(item_id__in=item_ids).delete()
    Translation.objects.filter(item_id__in=item_ids).delete()
    BlindCall.objects.filter(task__item_id__in=item_ids).update(reason="")
