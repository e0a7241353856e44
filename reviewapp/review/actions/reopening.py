"""Letting people decide once more what was decided, or what a machine closed."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.intake import actions as intake
from reviewapp.intake import reads as intake_reads
from reviewapp.intake.rules import ItemState
from reviewapp.review.actions.claims import Unclear
from reviewapp.review.actions.closing import lock_tasks
from reviewapp.review.actions.holding import check_note, write_note
from reviewapp.review.rules import NoteKind
from reviewapp.ui.errors import Missing, Stale


class NotDecided(Stale):
    """The item waits for a decision already, or was replaced."""


@transaction.atomic
def reopen(*, item: UUID, reason: str, person: Person) -> None:
    """Bring an item back to people; `reason` stays with it as a note, and whoever decided it is told.

    The decision stands until another one takes its place. Raises Unclear without a reason, NotDecided, Missing, Forbidden.
    """
    check_may(person, "item.reopen")
    if not reason.strip():
        raise Unclear(_("Say why this is to be decided once more."))
    check_note(reason)
    lock_tasks(items=[item])
    if not intake_reads.stands(item):
        raise Missing(_("There is no such item, or its content was erased or restricted."))
    for before in (ItemState.DECIDED, ItemState.CLOSED_BY_MACHINE):
        if intake.advance(items=[item], expected=before, following=ItemState.AWAITING_REVIEW):
            break
    else:
        raise NotDecided(_("Nobody has to reopen this item: it waits for a decision, or it was replaced."))
    write_note(item=item, person=person, kind=NoteKind.NOTE, text=reason)
    record(
        verb="item.reopened", actor=Actor.person(person.pk), subjects=[item],
        data={"why": "senior", "states": [before.value]},
    )  # fmt: skip
