"""Moves items from state to state, and restricts and holds them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.intake.models import Erasure, Hold, Item
from reviewapp.intake.rules import ITEM_STATES, ItemState, is_plain
from reviewapp.statements import rows
from reviewapp.ui.errors import Missing, ProductError, Stale
from reviewapp.ui.states import may_follow


class BadReference(ProductError):
    """A reference that the audit log cannot keep."""

    status = 422


@transaction.atomic(savepoint=False)  # mostly part of a decision, which a savepoint would make slower
def advance(
    *,
    items: Sequence[UUID],
    expected: str | Sequence[str],
    following: str,
    detected: Mapping[UUID, str] | None = None,
) -> list[UUID]:
    """Move those of `items` that stand in `expected` to `following`; gives the ids moved. The caller records the event.

    An item that waits for a person again is unadmitted, so that the review room takes note of it anew. `detected`:
    languages read in the texts of some of them, written with the step. Raises ValueError for a step that ITEM_STATES
    does not have.
    """
    before = [expected] if isinstance(expected, str) else list(expected)
    for state in before:
        if not may_follow(ITEM_STATES, state, following):
            raise ValueError(f"an item does not go from {state} to {following}")
    found = rows(
        """
        UPDATE intake_item SET state = %s, changed_at = clock_timestamp(), admitted = admitted AND NOT %s,
            detected = coalesce(%s::jsonb ->> id::text, detected)
        WHERE id IN (SELECT id FROM intake_item WHERE id = ANY(%s) AND state = ANY(%s) ORDER BY id FOR NO KEY UPDATE)
        RETURNING id
        """,
        [
            str(following),
            following == ItemState.AWAITING_REVIEW,
            Jsonb({str(item): language for item, language in (detected or {}).items()}),
            list(items),
            [str(state) for state in before],
        ],
    )
    return [row[0] for row in found]


def mark_admitted(*, items: Sequence[UUID]) -> None:
    """The review room has taken note that these await it; what has moved on meanwhile is left alone."""
    Item.objects.filter(pk__in=list(items), state=ItemState.AWAITING_REVIEW).update(admitted=True)


def await_anew(*, items: Sequence[UUID]) -> None:
    """Something new was said of these, which are locked: as far as they await it, the review room takes note once more."""
    awaiting = Item.objects.filter(pk__in=list(items), state=ItemState.AWAITING_REVIEW, admitted=True)
    awaiting.update(admitted=False)


@transaction.atomic
def restrict(*, item: UUID, reference: str, person: Person) -> bool:
    """Take an item out of everything at once; False for a second time, which changes nothing. Raises BadReference, Missing."""
    _check_reference(reference)
    if _locked(item).restricted:
        return False
    Item.objects.filter(pk=item).update(restricted=True, changed_at=Now())
    record(
        verb="item.restricted",
        actor=Actor.person(person.pk),
        subjects=[item],
        data={"reference": reference},
    )
    return True


@transaction.atomic
def place_hold(
    *, item: UUID, why: str, person: Person, reference: str = "", ends_at: datetime | None = None
) -> Hold:
    """Refuse the erasure of an item until the hold is lifted or `ends_at` has passed.

    Raises BadReference, Missing, Stale when the item is erased or being erased.
    """
    _check_reference(reference)
    _locked(item)
    if Erasure.objects.filter(item=item).exists():
        raise Stale(_("Erasure of this item has begun, so a hold comes too late."), state="erasing")
    hold = Hold.objects.create(
        item_id=item, why=why.strip(), reference=reference, placed_by=person, ends_at=ends_at
    )
    data: dict[str, Any] = {"hold": str(hold.pk), "reference": reference, "ends_at": None}
    if ends_at:
        data["ends_at"] = ends_at.strftime("%Y-%m-%dT%H:%M:%S%z")
    record(verb="item.held", actor=Actor.person(person.pk), subjects=[item], data=data)
    return hold


@transaction.atomic
def lift_hold(*, hold: UUID, person: Person) -> None:
    """End a hold; one that was lifted before stays as it is. Raises Missing."""
    row = Hold.objects.select_for_update().filter(pk=hold).first()
    if row is None:
        raise Missing(_("There is no such hold. Reload the item."))
    if row.lifted_at is None:
        Hold.objects.filter(pk=hold).update(lifted_at=Now())
        record(
            verb="item.hold_lifted",
            actor=Actor.person(person.pk),
            subjects=[row.item_id],
            data={"hold": str(hold)},
        )


def _locked(item: UUID) -> Item:
    row = Item.objects.select_for_update(no_key=True).filter(pk=item).first()
    if row is None:
        raise Missing(_("There is no such item. Check the address."))
    return row


def _check_reference(reference: str) -> None:
    if not is_plain(reference):
        raise BadReference(
            _(
                "A reference is kept in the audit log: use up to 200 letters (a to z), digits, spaces and _ . : @ / + -."
            )
        )
