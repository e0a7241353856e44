"""Telling platforms of decisions, and people what became of their own calls and of their shift; each joins the open
transaction of the change."""

from collections.abc import Collection, Sequence
from uuid import UUID

from reviewapp.accounts import reads_notices
from reviewapp.accounts.actions import notify
from reviewapp.accounts.models import Person
from reviewapp.review import rules_care
from reviewapp.review.models import Decision
from reviewapp.review.reads_care import leads_of
from reviewapp.review.rules import OWN_INITIATIVE
from reviewapp.webhooks import actions as webhooks
from reviewapp.webhooks.rules import Announced


def announce_decision(*, decision: Decision, event: Announced) -> None:
    """Tell of a live item's decision once its window ends; where people had flagged the item, that their flags are resolved."""
    if decision.item.purpose != "live":
        return
    flagged = decision.detection != OWN_INITIATIVE
    webhooks.announce(
        events=[event, Announced.FLAG_RESOLVED] if flagged else [event],
        item=decision.item_id, decision=decision.pk, release_at=decision.release_at,
    )  # fmt: skip


def tell_replaced(*, new: Decision, findings: Collection[tuple[UUID, str]]) -> None:
    """Tell whose call another person's decision took the place of; not where it says and does the same."""
    old = new.replaces
    if old is None or old.label is None or old.person_id == new.person_id:
        return
    said = set(old.findings.values_list("version_id", "section"))
    if (old.label, said, old.actions) != (new.label, set(findings), new.actions):
        notify(person=old.person_id, kind="decision_replaced", about=old.pk)


def tell_reopened(*, items: Sequence[UUID]) -> None:
    """Tell whose standing call on one of these items is looked at again."""
    stand = Decision.objects.filter(item_id__in=items, replaced_by=None, label__isnull=False)
    for decision, person in stand.values_list("pk", "person_id"):
        notify(person=person, kind="decision_reopened", about=decision)


def tell_spent(*, person: Person, queue: UUID) -> None:
    """Tell somebody who reached their limit, once a shift, and the leads of the queue that they work; leaves no event."""
    if reads_notices.was_told(person.pk, "exposure_reached", hours=rules_care.SHIFT_HOURS):
        return
    notify(person=person.pk, kind="exposure_reached")
    for lead in leads_of(queue):
        if lead != person.pk:
            notify(person=lead, kind="exposure_of_member", by=person.pk)
