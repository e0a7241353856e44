"""The read door of what an item brings along: the thread around it, its flags, its attachments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.questions import Answer, Trip
from reviewapp.review.rules_mask import Veil
from reviewapp.review.rules_text import Run, host_of, plain


@dataclass(frozen=True, slots=True)
class Message:
    """One text of the thread around the item, and what a machine made of it in the reader's language."""

    who: str
    is_author: bool
    initial: str
    paragraphs: tuple[tuple[Run, ...], ...]
    translated: tuple[tuple[Run, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is said of one attachment; nothing of it was ever fetched."""

    media_type: str
    host: str
    address: str


@dataclass(frozen=True, slots=True)
class Flagged:
    """One flag as the screen shows it."""

    kind: str
    reason: str
    org: str
    reference: str
    at: datetime | None
    deadline: datetime | None
    part: str = ""


def thread(
    context: Sequence[dict[str, Any]], author: str, veil: Veil, translated: Sequence[tuple[tuple[Run, ...], ...]] = ()
) -> tuple[Message, ...]:  # fmt: skip
    """The messages around an item, oldest first, masked as the item is; `author` is the id of who wrote the item.

    `translated`: what there is of each in the reader's language, from the oldest on.
    """
    messages = []
    for number, entry in enumerate(context):
        is_author = bool(author) and entry.get("author_id") == author
        who = _("Author of this item") if is_author else (entry.get("role") or _("message")).capitalize()
        text = entry.get("text", "")
        said = plain(text, masks=veil.over(text), part=f"t{number}-")
        beside = translated[number] if number < len(translated) else ()
        messages.append(Message(who, is_author, who[:1].upper(), said, beside))
    return tuple(messages)


def attachments(sent: Sequence[dict[str, Any]]) -> tuple[Attachment, ...]:
    """Attachments as they were sent; their host is read from the address, nothing is asked of it."""
    return tuple(
        Attachment(
            each.get("media_type") or _("type not said"), host_of(each.get("url", "")), each.get("url", "")
        )
        for each in sent
    )


def flags_on(trip: Trip, item: UUID) -> Answer[tuple[Flagged, ...]]:
    """The flags of an item, oldest first; the first 500."""
    return trip.ask(
        "SELECT kind, reason, org, reference, at, deadline FROM intake_flag WHERE item_id = %s"
        " ORDER BY coalesce(at, received_at), id LIMIT 500",
        [item],
        lambda rows: tuple(
            Flagged(kind, reason, org, reference, at, deadline, f"f{place}-")
            for place, (kind, reason, org, reference, at, deadline) in enumerate(rows)
        ),
    )
