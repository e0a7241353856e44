"""The read door of intake: contents of items."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from reviewapp.intake.models import Erasure, Item, ItemContent


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
    found = ItemContent.objects.filter(item_id__in=list(item_ids))
    if not include_restricted:
        found = found.filter(item__restricted=False)
    rows = found.values_list("item_id", "text", "context", "attachments", "url", "key")
    return {row[0]: Content(row[1], row[2], row[3], row[4], bytes(row[5])) for row in rows}


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
