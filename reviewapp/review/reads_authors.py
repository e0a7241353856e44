"""The read door of authors: their items and outcomes, strikes with expiry, and whether the account is protected."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.audit.clock import database_time
from reviewapp.intake.models import Author, Item
from reviewapp.review import reads_actions, rules_actions, rules_strikes
from reviewapp.review.models import ProtectedAuthor, Strike
from reviewapp.review.reads_blind import owed
from reviewapp.review.reads_desk import Blind
from reviewapp.review.reads_previews import previews_of
from reviewapp.ui.errors import Missing

FEW: Final = 5
MANY: Final = 50

_ITEMS: Final = """
    SELECT i.id, i.received_at, i.state, d.id, d.label, d.actions,
           (SELECT string_agg(f.section, ', ' ORDER BY f.section) FROM review_finding f WHERE f.decision_id = d.id)
    FROM intake_item i LEFT JOIN LATERAL (
        SELECT id, label, actions FROM review_decision WHERE item_id = i.id AND label IS NOT NULL
            AND NOT EXISTS (SELECT FROM review_decision later WHERE later.replaces_id = review_decision.id)
        ORDER BY at DESC LIMIT 1
    ) d ON true
    WHERE i.author_id = %s AND NOT i.restricted AND i.state <> 'erased'
    ORDER BY i.received_at DESC, i.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Written:
    """One item of an author, and what became of it."""

    item: UUID
    preview: str
    at: datetime
    state: str
    decision: UUID | None
    label: str
    sections: str
    actions: str


@dataclass(frozen=True, slots=True)
class StrikeLine:
    """One strike: what it was for, and whether it counts."""

    decision: UUID
    severity: int
    points: int
    sections: str
    at: datetime
    expires_at: datetime
    counts: bool
    ended: str


@dataclass(frozen=True, slots=True)
class AuthorPage:
    """What is known of an author. `open`: items that wait for a verdict or a person."""

    id: UUID
    source: str
    external_id: str
    name: str
    since: datetime
    items: tuple[Written, ...]
    total: int
    open: int
    violating: int
    allowed: int
    strikes: tuple[StrikeLine, ...]
    points: int
    recommended: str
    protected: ProtectedAuthor | None


def author_id(source: str, external_id: str) -> UUID:
    """An author by the ids that the source gave. Raises Missing."""
    found = (
        Author.objects.filter(source__name=source, external_id=external_id)
        .values_list("pk", flat=True)
        .first()
    )
    if found is None:
        raise Missing(_("No item of this author ever arrived. Check the source and the id."))
    return found


def author_page(author: UUID, person: Person, *, most: int = MANY) -> AuthorPage:
    """Items newest first with their outcomes, and strikes. Raises Missing; Blind before the first call on one of them."""
    row = Author.objects.select_related("source").filter(pk=author).first()
    if row is None:
        raise Missing(_("There is no such author."))
    if owed(person, author=author):
        raise Blind(_("The history opens after your first call on the open item."))
    now = database_time()
    strikes = tuple(_strike(each, now) for each in Strike.objects.filter(author=author).select_related("decision")
                    .prefetch_related("decision__findings").order_by("-at")[:MANY])  # fmt: skip
    counted = rules_strikes.points(each.severity for each in strikes if each.counts)
    total, waiting, violating, allowed = _counts(author)
    return AuthorPage(
        id=author, source=row.source.name, external_id=row.external_id, name=row.name, since=row.created_at,
        items=_written(author, most, person), total=total, open=waiting, violating=violating, allowed=allowed, strikes=strikes,
        points=counted, recommended=rules_strikes.recommended(counted),
        protected=ProtectedAuthor.objects.select_related("person").filter(author=author).first(),
    )  # fmt: skip


def author_of(item: UUID) -> UUID | None:
    """The author of an item that is not restricted, if it names one."""
    return Item.objects.filter(pk=item, restricted=False).values_list("author_id", flat=True).first()


def _written(author: UUID, most: int, person: Person) -> tuple[Written, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, [author, most])
        rows = cursor.fetchall()
    previews, labels = previews_of([row[0] for row in rows], person), reads_actions.labels()
    return tuple(
        Written(
            item, previews.get(item, ""), at, state, decision, label or "", sections or "",
            _actions(actions, labels),
        )
        for item, at, state, decision, label, actions, sections in rows
    )  # fmt: skip


def _actions(actions: Any, labels: dict[str, str]) -> str:
    return ", ".join(rules_actions.words(each, labels) for each in _as_list(actions))


def _as_list(actions: Any) -> list[dict[str, Any]]:
    return json.loads(actions) if isinstance(actions, str) else (actions or [])


def _counts(author: UUID) -> tuple[int, int, int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE state IN ('received', 'awaiting_verdict', 'awaiting_review')),
                count(*) FILTER (WHERE label = 'violates'), count(*) FILTER (WHERE label = 'allowed')
            FROM (SELECT i.state, (SELECT d.label FROM review_decision d WHERE d.item_id = i.id AND d.label IS NOT NULL
                    AND NOT EXISTS (SELECT FROM review_decision n WHERE n.replaces_id = d.id) LIMIT 1) AS label
                FROM intake_item i WHERE i.author_id = %s AND i.state <> 'erased'
                ORDER BY i.received_at DESC LIMIT 1000) few
            """,
            [author],
        )
        counts: tuple[int, int, int, int] = cursor.fetchone()
    return counts


def _strike(row: Strike, now: datetime) -> StrikeLine:
    counts = row.expires_at > now and row.withdrawn_at is None
    ended = "" if counts else _("taken back") if row.withdrawn_at else _("expired")
    sections = ", ".join(sorted(each.section for each in row.decision.findings.all()))
    points = rules_strikes.points([row.severity])
    return StrikeLine(row.decision_id, row.severity, points, sections, row.at, row.expires_at, counts, ended)
