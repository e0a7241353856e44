"""The read door of what is related to an item: like texts, its thread, and how much its author wrote."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.intake import reads as intake
from reviewapp.intake.models import Item
from reviewapp.intake.rules import thread_key
from reviewapp.questions import Answer, Rows, Trip
from reviewapp.review.reads_previews import previews_of

SHOWN: Final = 5
MOST: Final = 100
"""How far items are counted, so that a text that was posted a million times costs what one costs that was posted twice."""

RELATES: Final = "NOT restricted AND purpose = 'live' AND is_current AND state <> 'erased'"
"""What an item must be to be told of beside another, as a condition on `intake_item`."""
_FIT: Final = f"id <> %(item)s AND {RELATES}"
_RELATED: Final = f"""
WITH found AS (
    (SELECT 'same' AS kind, id, received_at, state, source_id, external_id FROM intake_item
     WHERE likeness = %(likeness)s AND {_FIT} ORDER BY received_at DESC LIMIT %(most)s)
    UNION ALL
    (SELECT 'thread', id, received_at, state, source_id, external_id FROM intake_item
     WHERE thread = %(thread)s AND {_FIT} ORDER BY received_at DESC LIMIT %(most)s)
    UNION ALL
    (SELECT 'thread', id, received_at, state, source_id, external_id FROM intake_item
     WHERE thread = %(own)s AND {_FIT} ORDER BY received_at DESC LIMIT %(most)s)
    UNION ALL
    (SELECT 'author', id, received_at, state, source_id, external_id FROM intake_item
     WHERE author_id = %(author)s AND {_FIT} ORDER BY received_at DESC LIMIT %(most)s)
), few AS (
    SELECT *, count(*) OVER (PARTITION BY kind) AS total,
        row_number() OVER (PARTITION BY kind ORDER BY received_at DESC, id) AS place FROM found
)
SELECT few.kind, few.total, few.id, few.received_at, few.state, s.name, d.label, d.sections, few.external_id
FROM few JOIN intake_source s ON s.id = few.source_id LEFT JOIN LATERAL (
    SELECT r.label, (SELECT string_agg(f.section, ', ' ORDER BY f.section) FROM review_finding f
                     WHERE f.decision_id = r.id) AS sections
    FROM review_decision r WHERE r.item_id = few.id AND r.label IS NOT NULL
        AND NOT EXISTS (SELECT FROM review_decision later WHERE later.replaces_id = r.id)
    ORDER BY r.at DESC LIMIT 1
) d ON few.kind <> 'author'
WHERE few.place <= %(shown)s ORDER BY few.kind, few.place
"""  # noqa: S608 - only constants are put together


@dataclass(frozen=True, slots=True)
class RelatedLine:
    """One related item, and what people said of it."""

    item: UUID
    preview: str
    source: str
    external_id: str
    at: datetime
    state: str
    label: str
    sections: str


@dataclass(frozen=True, slots=True)
class Group:
    """Items that are related in one way: how many there are, counted up to 100, and the newest five."""

    kind: str
    total: int
    lines: tuple[RelatedLine, ...]

    @property
    def count(self) -> str:
        """The number as it is shown."""
        return _("%(number)d or more") % {"number": MOST} if self.total >= MOST else str(self.total)


@dataclass(frozen=True, slots=True)
class Related:
    """What is related to an item. Before a blind call there are numbers only: what people said of the others is not told."""

    same: Group
    thread: Group
    author: Group
    blind: bool

    @property
    def any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.same.total or self.thread.total or self.author.total)


def related_on(
    trip: Trip, item: Item, content: intake.Content, person: Person, *, blind: bool
) -> Answer[Related]:
    """Items with a like text, of the same thread, and by the same author; restricted ones are never among them.

    One question, and where there is a thread another, however many there are.
    """
    author = item.author.external_id if item.author else ""
    own = thread_key(item.source_id, author, content.text)
    asked = {
        "item": item.pk, "likeness": item.likeness, "thread": item.thread, "author": item.author_id,
        "own": own if own != item.thread else None, "most": MOST, "shown": SHOWN,
    }  # fmt: skip
    return trip.ask(_RELATED, asked, lambda rows: _related(rows, person, blind=blind))


def _related(rows: Rows, person: Person, *, blind: bool) -> Related:
    previews = {} if blind else previews_of([row[2] for row in rows if row[0] == "thread"], person)
    groups = {kind: _group(kind, rows, previews, blind=blind) for kind in ("same", "thread", "author")}
    return Related(**groups, blind=blind)


def _group(kind: str, rows: Iterable[tuple[Any, ...]], previews: dict[UUID, str], *, blind: bool) -> Group:
    mine = [row for row in rows if row[0] == kind]
    lines = () if blind or kind == "author" else tuple(
        RelatedLine(row[2], previews.get(row[2], ""), row[5], row[8], row[3], row[4], row[6] or "", row[7] or "")
        for row in mine
    )  # fmt: skip
    return Group(kind, mine[0][1] if mine else 0, lines)
