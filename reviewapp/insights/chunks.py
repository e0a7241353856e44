"""Writes an export chunk by chunk: each chunk is one short COPY between two keys, so memory and transactions stay small."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql

from reviewapp.audit.clock import database_time
from reviewapp.audit.reads import position_before
from reviewapp.insights.export_sql import TABLES, Table, copy_statement
from reviewapp.insights.rules import ExportFormat, ExportKind
from reviewapp.insights.spool import Spool

ROWS: Final = 20_000
_AT_ONCE: Final = 1_000
_FIRST_ID: Final = UUID(int=0)
_LAST_ID: Final = UUID(int=(1 << 128) - 1)
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
# How long before its position an event may have happened and still be looked for among few partitions only.
_USUAL_LAG: Final = timedelta(days=35)

Cursor = dict[str, Any]


class BrokenFeed(Exception):
    """Positions name events that are not there. Only an edit behind the product's back does that."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one chunk added; `cursor` is where the next one starts, None when that was the last."""

    rows: int
    cursor: Cursor | None


def first_cursor(kind: ExportKind, since: datetime | int | None) -> tuple[Cursor, int]:
    """Where an export starts and ends, fixed once, and about how many rows lie between.

    `since` is a time, or for audit and decisions also a position: rows after it are written.
    """
    table = TABLES[kind]
    if table.feed:
        after = since if isinstance(since, int) else position_before(table.feed, since or _EVER)
        until = _one("SELECT coalesce(max(position), 0) FROM audit_position WHERE feed = %s", [table.feed])
        return {"after": after, "until": until, "seen": 0}, max(0, until - after)
    column, name = table.key[0], table.key_table
    start = since if isinstance(since, datetime) else _one(f"SELECT min({column}) FROM {name}", []) or _EVER  # noqa: S608  our own names
    end = database_time()
    total = _one(f"SELECT count(*) FROM {name} WHERE {column} >= %s AND {column} <= %s", [start, end])  # noqa: S608
    return {"after": [start.isoformat(), str(_FIRST_ID)], "until": end.isoformat(), "seen": 0}, total


def write_chunk(kind: ExportKind, format: ExportFormat, cursor: Mapping[str, Any], spool: Spool) -> Written:
    """Append the rows after `cursor` to `spool`. Raises BrokenFeed, OSError, a database error."""
    if TABLES[kind].feed:
        return _write_positions(kind, format, cursor, spool)
    return _write_keys(kind, format, cursor, spool)


def _write_positions(
    kind: ExportKind, format: ExportFormat, cursor: Mapping[str, Any], spool: Spool
) -> Written:
    after, until = int(cursor["after"]), int(cursor["until"])
    upto = min(after + ROWS, until)
    if upto <= after:
        return Written(0, None)
    feed = TABLES[kind].feed
    first, last = _placed_between(feed, after, upto)
    bounds = sql.SQL("p.feed = {} AND p.position > {} AND p.position <= {}").format(feed, after, upto)
    mark = spool.mark()
    rows = _copy(copy_statement(kind, format, bounds, **_times(first - _USUAL_LAG, last)), format, spool)
    if kind is ExportKind.AUDIT and rows < upto - after:
        spool.rewind(mark)
        rows = _copy(copy_statement(kind, format, bounds, **_times(_EVER, last)), format, spool)
        if rows < upto - after:
            raise BrokenFeed(
                f"{upto - after - rows} events between positions {after + 1} and {upto} are missing"
            )
    following = {"after": upto, "until": until, "seen": int(cursor["seen"]) + upto - after}
    return Written(rows, following if upto < until else None)


def _write_keys(kind: ExportKind, format: ExportFormat, cursor: Mapping[str, Any], spool: Spool) -> Written:
    table, until = TABLES[kind], datetime.fromisoformat(cursor["until"])
    start = (datetime.fromisoformat(cursor["after"][0]), UUID(cursor["after"][1]))
    end = _key_after(table, start, until)
    last = end is None
    end = end or (until, _LAST_ID)
    bounds = sql.SQL("({key}) > ({}, {}) AND ({key}) <= ({}, {})").format(
        *start, *end, key=sql.SQL(", ".join(table.key))
    )
    rows = _copy(copy_statement(kind, format, bounds, **_times(start[0], end[0])), format, spool)
    following = {
        "after": [end[0].isoformat(), str(end[1])],
        "until": cursor["until"],
        "seen": cursor["seen"] + ROWS,
    }
    return Written(rows, None if last else following)


def _times(lowest: datetime, highest: datetime) -> dict[str, sql.Composable]:
    now = datetime.now(UTC) + timedelta(days=1)  # only leaves out months that are far from having begun
    return {"lowest": sql.Literal(lowest), "highest": sql.Literal(highest), "now": sql.Literal(now)}


def _copy(statement: sql.Composed, format: ExportFormat, spool: Spool) -> int:
    """Run one COPY in a transaction of its own; returns its rows. libpq hands over one row at a time."""
    count = 0
    ending = b"\r\n" if format is ExportFormat.CSV else b"\n"
    with transaction.atomic(), connection.cursor() as cursor:
        # A chunk is a few thousand look-ups by key; a plan that reads whole tables would grow with them.
        cursor.execute(
            "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off"
        )
        waiting: list[Any] = []
        with cursor.copy(statement) as rows:
            for row in rows:
                waiting.append(row[:-1])
                if len(waiting) == _AT_ONCE:
                    spool.write(ending.join(waiting) + ending)
                    count += len(waiting)
                    waiting.clear()
        if waiting:
            spool.write(ending.join(waiting) + ending)
            count += len(waiting)
    return count


def _key_after(table: Table, start: tuple[datetime, UUID], until: datetime) -> tuple[datetime, UUID] | None:
    """The key ROWS further on, or None where fewer are left."""
    keys = ", ".join(table.key)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {keys} FROM {table.key_table} WHERE ({keys}) > (%s, %s) AND {table.key[0]} <= %s"  # noqa: S608
            f" ORDER BY {keys} OFFSET %s LIMIT 1",
            [*start, until, ROWS - 1],
        )
        row: tuple[datetime, UUID] | None = cursor.fetchone()
    return row


def _placed_between(feed: str, after: int, upto: int) -> tuple[datetime, datetime]:
    """When the first and the last position of a chunk were given; times of positions never run backwards."""
    query = "SELECT at FROM audit_position WHERE feed = %s AND position = %s"
    first, last = _one(query, [feed, after + 1]), _one(query, [feed, upto])
    if first is None or last is None:
        raise BrokenFeed(f"position {after + 1 if first is None else upto} is missing")
    return first, last


def _one(query: str, parameters: list[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        row = cursor.fetchone()
    return row[0] if row else None
