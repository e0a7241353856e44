"""What programs may read of items and decisions: only live items, never restricted ones, no reviewer's name."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from reviewapp.audit.actions import DECISIONS_FEED
from reviewapp.intake.models import Item
from reviewapp.intake.rules import Purpose
from reviewapp.review.models import Decision, Finding
from reviewapp.screening.models import CurrentVerdict, Score, Verdict
from reviewapp.ui.errors import Missing, ProductError


class BadCursor(ProductError):
    """A cursor that this API did not give."""

    status = 422


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as JSON, and the cursor of the next page; None on the last."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def item(key: UUID, *, sources: Collection[str]) -> dict[str, Any]:
    """One item with its verdicts and its decision. Raises Missing, also for restricted items and strange sources."""
    row = _visible(sources).filter(pk=key).first()
    if row is None:
        raise Missing("There is no such item, or this key may not see it. Check the id.")
    return _items([row])[0]


def items(
    *, sources: Collection[str], source: str, external_id: str, state: str, limit: int, cursor: str
) -> Page:
    """A page of items in the order they were received. `sources`: those that the key is for; none: all.

    Raises BadCursor.
    """
    rows = _visible(sources)
    wanted = {"source__name": source, "external_id": external_id, "state": state}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    if cursor:
        at, key = _opened(cursor)
        rows = rows.filter(Q(received_at__gt=at) | Q(received_at=at, pk__gt=key), received_at__gte=at)
    page = list(rows.order_by("received_at", "pk")[: limit + 1])
    more = page[limit:]
    page = page[:limit]
    return Page(_items(page), _closed(page[-1]) if more else None)


def decisions(*, sources: Collection[str], limit: int, cursor: str) -> Page:
    """Final decisions after position `cursor` (a number; empty: from the start), in the order of their position.

    Raises BadCursor.
    """
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise BadCursor("The cursor of decisions is a position, a whole number such as 0 or 1250.")
    with connection.cursor() as query:
        query.execute(
            """
            SELECT p.position, d.id FROM audit_position p JOIN review_decision d ON d.id = p.subject
            JOIN intake_item i ON i.id = d.item_id JOIN intake_source s ON s.id = i.source_id
            WHERE p.feed = %s AND p.position > %s AND i.purpose = 'live' AND NOT i.restricted
            AND (s.name = ANY(%s) OR %s)
            ORDER BY p.position LIMIT %s
            """,
            [DECISIONS_FEED, int(cursor or 0), list(sources), not sources, limit + 1],
        )
        found = query.fetchall()
    page = found[:limit]
    rows = Decision.objects.select_related("item__source").in_bulk([key for _, key in page])
    findings = decision_findings(list(rows))
    entries = [_feed_entry(position, rows[key], findings[key]) for position, key in page]
    return Page(entries, str(page[-1][0]) if len(found) > limit else None)


def _visible(sources: Collection[str]) -> QuerySet[Item]:
    rows = Item.objects.filter(purpose=Purpose.LIVE, restricted=False).select_related("source")
    return rows.filter(source__name__in=list(sources)) if sources else rows


def _items(rows: Sequence[Item]) -> list[dict[str, Any]]:
    keys = [row.pk for row in rows]
    scores = _scores(keys)
    verdicts = _verdicts(keys)
    made = _decisions(keys)
    return [
        {
            "id": str(row.pk),
            "external_id": row.external_id,
            "source": row.source.name,
            "revision": row.revision,
            "state": row.state,
            "route": scores[row.pk].route if row.pk in scores else None,
            "risk": scores[row.pk].risk if row.pk in scores else None,
            "received_at": row.received_at,
            "verdicts": verdicts[row.pk],
            "decision": made.get(row.pk),
        }
        for row in rows
    ]


def _scores(keys: Sequence[UUID]) -> dict[UUID, Score]:
    """The latest score of each item."""
    return {score.item_id: score for score in Score.objects.filter(item_id__in=keys).order_by("scored_at")}


def _verdicts(keys: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    rows = (
        Verdict.objects.filter(item__in=keys, judgement__run__kind__in=["live", "second_look"])
        .select_related("version__policy")
        .defer("raw", "reasoning")
        .order_by("at", "pk")
    )
    current = set(CurrentVerdict.objects.filter(item__in=keys).values_list("verdict_id", flat=True))
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        assert row.item_id is not None
        found[row.item_id].append(_verdict(row, row.pk in current))
    return found


def _verdict(row: Verdict, is_current: bool) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "label": row.label,
        "confidence": row.confidence,
        "sections": row.sections,
        "evidence": row.evidence_for,
        "evidence_against": row.evidence_against,
        "rationale": row.rationale,
        "policy": {"slug": row.version.policy.slug, "version": row.version.number, "hash": row.policy_hash},
        "model": row.model,
        "current": is_current,
        "at": row.at,
    }


def _decisions(keys: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The standing decision of each item: the newest that was neither replaced nor taken back."""
    rows = (
        Decision.objects.filter(item__in=keys, replaced_by=None)
        .exclude(kind="undone")
        .extra(select={"final": "review_decision.release_at <= now()"})
        .order_by("at", "pk")
    )
    findings = decision_findings([row.pk for row in rows])
    return {row.item_id: decision_json(row, findings[row.pk], final=row.final) for row in rows}


def decision_json(row: Decision, findings: list[dict[str, Any]], *, final: bool) -> dict[str, Any]:
    """A decision as programs read it."""
    return {
        "id": str(row.pk),
        "label": row.label,
        "kind": row.kind,
        "final": final,
        "findings": findings,
        "actions": row.actions,
        "at": row.at,
    }


def decision_findings(keys: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """What each of these decisions rests on, by decision, in the order of the sections."""
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    rows = Finding.objects.filter(decision__in=keys).select_related("version__policy").order_by("section")
    for row in rows:
        version = row.version
        found[row.decision_id].append(
            {
                "policy": version.policy.slug,
                "version": version.number,
                "hash": version.hash,
                "section": row.section,
            }
        )
    return found


def _feed_entry(position: int, row: Decision, findings: list[dict[str, Any]]) -> dict[str, Any]:
    of = row.item
    named = {
        "id": str(of.pk),
        "external_id": of.external_id,
        "source": of.source.name,
        "revision": of.revision,
    }
    return {"position": position, "item": named, **decision_json(row, findings, final=True)}


def _closed(row: Item) -> str:
    text = f"{row.received_at.isoformat()}|{row.pk.hex}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _opened(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, key = text.partition("|")
        return datetime.fromisoformat(at), UUID(key)
    except (binascii.Error, ValueError) as error:
        raise BadCursor("This cursor is not one that this list gave. Start again without it.") from error
