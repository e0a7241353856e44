"""Erases what items say; the ids, times and states stay."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.audit.actions import Actor, record
from reviewapp.intake.actions.standing import advance
from reviewapp.intake.models import Erasure, Hold, Item
from reviewapp.intake.rules import ITEM_STATES, ItemState
from reviewapp.statements import rows
from reviewapp.ui.errors import Missing, ProductError
from reviewapp.ui.states import may_follow

ROOMS_THAT_ERASE: Final = ("policies", "intake", "screening", "review")


class HeldItem(ProductError):
    """A legal hold stands in the way of erasure."""

    status = 409
    code = "held"


@transaction.atomic
def ask_erasure(*, items: Sequence[UUID], actor: Actor) -> list[Erasure]:
    """Note that items are to be erased, each with all its revisions; those that are noted already are given again.

    Raises HeldItem while a hold is open on any of them, Missing for an id that is no item.
    """
    family = _with_revisions(items)
    # Locked in the order of their keys; a hold that is being placed is waited for, and then seen.
    locked = list(Item.objects.select_for_update(no_key=True).filter(pk__in=family).order_by("pk"))
    open_holds = Hold.objects.filter(Q(ends_at=None) | Q(ends_at__gt=Now()), item__in=family, lifted_at=None)
    hold = open_holds.order_by("placed_at").first()
    if hold is not None:
        raise HeldItem(
            _("A legal hold keeps this item (%(reference)s). Lift the hold first, then erase again.")
            % {"reference": hold.reference or _("no reference")},
            item=str(hold.item_id), hold=str(hold.pk), reference=hold.reference,
        )  # fmt: skip
    asked = set(Erasure.objects.filter(item__in=family).values_list("item_id", flat=True))
    for item in locked:
        if item.pk not in asked:
            erasure = Erasure.objects.create(item=item, asked_by=f"{actor.kind}:{actor.id}")
            data = {"erasure": str(erasure.pk)}
            record(verb="item.erasure_asked", actor=actor, subjects=[item.pk], data=data)
    return list(Erasure.objects.filter(item__in=family).order_by("item_id"))


@transaction.atomic
def erase_content(*, item_ids: Sequence[UUID]) -> None:
    """Delete what the items say, the keys of their commitments, and the words of their flags.

    The name of an author goes too when nothing else of theirs is left.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM intake_itemcontent WHERE item_id = ANY(%s)", [list(item_ids)])
        cursor.execute(
            "UPDATE intake_flag SET reason = '' WHERE item_id = ANY(%s) AND reason <> ''", [list(item_ids)]
        )
        cursor.execute(
            "UPDATE intake_item SET content_hash = '', likeness = NULL, thread = NULL WHERE id = ANY(%s)",
            [list(item_ids)],
        )
        cursor.execute(
            """
            UPDATE intake_author a SET name = '' WHERE name <> ''
            AND id IN (SELECT author_id FROM intake_item WHERE id = ANY(%s))
            AND NOT EXISTS (SELECT FROM intake_item i WHERE i.author_id = a.id AND i.content_hash <> '')
            """,
            [list(item_ids)],
        )


@transaction.atomic
def finish_erasure(*, items: Sequence[UUID], rooms: Sequence[str], actor: Actor) -> list[UUID]:
    """Close the erasures of `items` that every one of `rooms` has answered; gives the ids that are erased now.

    Raises ValueError while a room of ROOMS_THAT_ERASE is missing.
    """
    silent = [room for room in ROOMS_THAT_ERASE if room not in rooms]
    if silent:
        raise ValueError(f"not yet erased in {', '.join(silent)}")
    open_ones = (
        Erasure.objects.select_for_update().filter(item__in=list(items), done_at=None).order_by("item_id")
    )
    erasures = list(open_ones)
    keys = [erasure.item_id for erasure in erasures]
    from_any = tuple(name for name in ITEM_STATES if may_follow(ITEM_STATES, name, ItemState.ERASED))
    moved = advance(items=keys, expected=from_any, following=ItemState.ERASED)
    Erasure.objects.filter(item__in=keys).update(answered=list(rooms), done_at=Now())
    for erasure in erasures:
        data = {"erasure": str(erasure.pk), "rooms": list(rooms)}
        record(verb="item.erased", actor=actor, subjects=[erasure.item_id], data=data)
    return moved


def _with_revisions(items: Sequence[UUID]) -> list[UUID]:
    found = rows(
        """
        SELECT w.id, i.id FROM unnest(%s::uuid[]) AS w(id) LEFT JOIN intake_item sent ON sent.id = w.id
        LEFT JOIN intake_item i ON i.source_id = sent.source_id AND i.external_id = sent.external_id
        """,
        [list(items)],
    )
    if any(revision is None for _, revision in found):
        raise Missing(_("There is no such item. Check the id."))
    return sorted({revision for _, revision in found})
