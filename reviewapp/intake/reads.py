"""The read door of intake: contents of items."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from reviewapp.intake.models import Erasure, Item, Source
from reviewapp.questions import Answer, Trip

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The time leads to the one partition that holds the row; without it every month is looked through.
_CONTENTS: Final = """
    SELECT c.item_id, c.text, c.context, c.attachments, c.url, c.key
    FROM intake_item i JOIN intake_itemcontent c ON c.item_id = i.id AND c.received_at = i.received_at
    WHERE i.id = ANY(%(items)s) AND (%(restricted)s OR NOT i.restricted)
"""


@dataclass(frozen=True, slots=True)
class Content:
    """What one item says: its text, the thread around it, its attachments, its address, and its commitment key."""

    text: str
    context: list[dict[str, Any]]
    attachments: list[dict[str, Any]]
    url: str
    key: bytes


def contents(item_ids: Sequence[UUID], *, include_restricted: bool = False) -> dict[UUID, Content]:
    """Contents by item id; what is erased, and what is restricted unless asked for, is missing."""
    return contents_on(Trip(), item_ids, include_restricted=include_restricted)() if item_ids else {}


def contents_on(
    trip: Trip, item_ids: Sequence[UUID], *, include_restricted: bool = False
) -> Answer[dict[UUID, Content]]:
    """The same, asked along with others."""
    asked = {"items": list(item_ids), "restricted": include_restricted}
    return trip.ask(_CONTENTS, asked, lambda rows: {
        item: Content(text, json.loads(context), json.loads(attachments), url, bytes(key))
        for item, text, context, attachments, url, key in rows
    })  # fmt: skip


def readable() -> QuerySet[Item]:
    """The items whose content may be read: neither restricted nor erased."""
    return Item.objects.filter(restricted=False).exclude(state="erased")


def named(typed: str) -> UUID | None:
    """The readable item that somebody named: by its id here, also within an address, or by its id on its source.

    Of several with one id on their sources the one received last; None for none, and for what may not be read.
    """
    ours = _ID.findall(typed.lower())
    found = readable().filter(pk=UUID(ours[-1])) if ours else Item.objects.none()
    # Named by source, the index that keeps them apart leads to it.
    sources = list(Source.objects.values_list("pk", flat=True))
    theirs = readable().filter(source__in=sources, external_id=typed.strip(), is_current=True)
    theirs = theirs.order_by("-received_at")
    row = found.first() or theirs.first()
    return row.pk if row else None


def stands(item: UUID) -> bool:
    """Lock an item within the open transaction, and say whether its content may still be used and kept.

    Erasure and restriction wait for the lock, so what is kept under it is there for them to find.
    """
    row = Item.objects.select_for_update(no_key=True).filter(pk=item, restricted=False).first()
    return row is not None and row.state != "erased" and not Erasure.objects.filter(item=item).exists()


def received_batch(limit: int) -> list[Item]:
    """Lock up to `limit` items that wait for their score, oldest first, passing over those another worker has.

    To be called inside a transaction; each item comes with its source.
    """
    return list(
        Item.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .filter(state="received")
        .select_related("source")
        .order_by("received_at")[:limit]
    )


def items_of_author(source: str, author: str) -> list[UUID]:
    """Every item that an author wrote on a source, oldest first; empty for an unknown one. Both are ids as sent."""
    written = Item.objects.filter(
        source__name=source, author__external_id=author, author__source__name=source
    )
    return list(written.order_by("received_at", "id").values_list("id", flat=True))
