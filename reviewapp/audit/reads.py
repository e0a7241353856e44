"""The read door of the audit log: pages of events by position, and a check of every record."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql

from reviewapp.audit import rules

PAGE: Final = 50
_STEP: Final = 20_000


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for; empty fields look for nothing. `actors` are ids; None is anybody."""

    verb: str = ""
    actors: tuple[str, ...] | None = None
    subject: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of the page."""

    position: int
    id: UUID
    at: datetime
    verb: str
    actor_kind: str
    actor: str
    subjects: tuple[UUID, ...]
    data: dict[str, Any]
    leaf: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """At most PAGE events, newest first; `older` and `newer` are the cursors beside it, None at an end."""

    rows: tuple[EventRow, ...]
    older: int | None
    newer: int | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Fault:
    """The first record that is not as it was written: its position, and what is wrong."""

    position: int
    what: str


def event_page(filters: Filters, *, before: int | None = None, after: int | None = None) -> EventPage:
    """One page of placed events, newest first; the events with positions below `before`, or above `after`."""
    forward = after is not None and before is None
    found = _events(filters, before, after if forward else None)
    more = len(found) > PAGE
    rows = found[:PAGE]
    if forward:
        rows.reverse()
    older = rows[-1].position if rows and (more or forward) else None
    newer = rows[0].position if rows and (before is not None or (forward and more)) else None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT FROM audit_unplaced LIMIT 1000) AS waiting")
        waiting = cursor.fetchone()[0]
    return EventPage(tuple(rows), older, newer, waiting)


def _events(filters: Filters, before: int | None, after: int | None) -> list[EventRow]:
    """PAGE + 1 events. Plain pages walk positions; filtered ones find events by their own index and then order them."""
    conditions: list[sql.Composable] = [sql.SQL("p.feed = 'audit'")]
    if before is not None:
        conditions.append(sql.SQL("p.position < {}").format(before))
    if after is not None:
        conditions.append(sql.SQL("p.position > {}").format(after))
    conditions += _conditions(filters)
    query = sql.SQL(
        "SELECT p.position, e.id, e.at, e.verb, e.actor_kind, e.actor, e.subjects, e.data, encode(e.leaf, 'hex')"
        " FROM audit_position p JOIN {} e ON e.id = p.subject AND e.at <= p.at"
        " WHERE {} ORDER BY p.position {} LIMIT {}"
    ).format(
        _told(filters.subject), sql.SQL(" AND ").join(conditions),
        sql.SQL("ASC" if after is not None else "DESC"), PAGE + 1,
    )  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL jit = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
        )
        cursor.execute(query)
        return [_event(*found) for found in cursor.fetchall()]


def _event(
    position: int,
    event: UUID,
    at: datetime,
    verb: str,
    kind: str,
    actor: str,
    subjects: list[UUID],
    data: Any,
    leaf: str,
) -> EventRow:
    return EventRow(position, event, at, verb, kind, actor, tuple(subjects), _as_dict(data), leaf)


def _told(subject: UUID | None) -> sql.Composable:
    """All events, or the few of one subject: fenced off, so that they are found by their index before any is placed."""
    if subject is None:
        return sql.SQL("audit_event")
    few = "(SELECT * FROM audit_event WHERE subjects @> ARRAY[{}::uuid] OFFSET 0)"
    return sql.SQL(few).format(str(subject))


def _conditions(filters: Filters) -> Iterator[sql.Composed]:
    if filters.verb:
        yield sql.SQL("e.verb = {}").format(filters.verb)
    if filters.actors is not None:
        yield sql.SQL("e.actor = ANY({})").format(list(filters.actors))
    if filters.since:
        yield sql.SQL("e.at >= {}").format(filters.since)
    if filters.until:
        yield sql.SQL("e.at < {}").format(filters.until)


def _as_dict(value: str | dict[str, Any]) -> dict[str, Any]:
    """Django's connection hands JSON over as text."""
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found


def position_before(feed: str, moment: datetime) -> int:
    """The last position of `feed` that was given before `moment`, found by halving; times of positions never run back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(position), 0) FROM audit_position WHERE feed = %s", [feed])
        low, high = 0, int(cursor.fetchone()[0])
        while low < high:
            middle = (low + high + 1) // 2
            cursor.execute(
                "SELECT at < %s FROM audit_position WHERE feed = %s AND position = %s", [moment, feed, middle]
            )
            row = cursor.fetchone()
            low, high = (middle, high) if row is not None and row[0] else (low, middle - 1)
    return low


def first_fault() -> tuple[int, Fault | None]:
    """Check every record: positions 1, 2, 3 … in each feed, an event at each, its leaf hash, and none left out.

    Returns how many events were checked and the first fault, if any.
    """
    checked = 0
    for rows in _placed():
        for position, event in rows:
            if position != checked + 1:
                return checked, Fault(checked + 1, f"position {checked + 1} is missing")
            wrong = _wrong_with(event)
            if wrong:
                return checked, Fault(position, wrong)
            checked += 1
    return checked, _gap_in_decisions() or _left_out()


def _placed() -> Iterator[list[tuple[int, tuple[Any, ...]]]]:
    """All positions of the audit feed in order, each with its event or with empty fields, a step at a time."""
    after = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL jit = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
            )
            cursor.execute(
                """
                SELECT p.position, e.id, e.at, e.verb, e.actor_kind, e.actor, e.subjects, e.data, e.leaf
                FROM (SELECT position, subject FROM audit_position WHERE feed = 'audit' AND position > %s
                      ORDER BY position LIMIT %s) AS p
                LEFT JOIN audit_event e ON e.id = p.subject ORDER BY p.position
                """,
                [after, _STEP],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        yield [(row[0], row[1:]) for row in rows]
        after = rows[-1][0]


def _wrong_with(event: tuple[Any, ...]) -> str:
    key, at, verb, actor_kind, actor, subjects, data, stored = event
    if key is None:
        return "its event is missing"
    found = rules.leaf(
        event=key,
        at=at,
        verb=verb,
        actor_kind=actor_kind,
        actor=actor,
        subjects=subjects,
        data=_as_dict(data),
    )
    return "" if found == bytes(stored) else f"event {key} is not as it was written"


def _gap_in_decisions() -> Fault | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT ordinal FROM (SELECT position, row_number() OVER (ORDER BY position) AS ordinal
                                 FROM audit_position WHERE feed = 'decisions') AS numbered
            WHERE position <> ordinal ORDER BY ordinal LIMIT 1
            """
        )
        row = cursor.fetchone()
    return Fault(row[0], f"position {row[0]} of the decisions is missing") if row else None


def _left_out() -> Fault | None:
    """An event that has no position and does not wait for one: its position was taken away, or it was slipped in."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.id, (SELECT coalesce(max(position), 0) + 1 FROM audit_position WHERE feed = 'audit')
            FROM audit_event e
            WHERE NOT EXISTS (SELECT FROM audit_position p WHERE p.feed = 'audit' AND p.subject = e.id)
            AND NOT EXISTS (SELECT FROM audit_unplaced u WHERE u.id = e.id)
            ORDER BY e.at, e.id LIMIT 1
            """
        )
        row = cursor.fetchone()
    return Fault(row[1], f"event {row[0]} has no position") if row else None
