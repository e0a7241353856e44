"""The one door into the audit log, and the sequencer that gives committed events their positions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection, transaction

from reviewapp.audit import rules
from reviewapp.audit.clock import database_time
from reviewapp.audit.events import EVENTS
from reviewapp.ids import new_id
from reviewapp.statements import array, rows

AUDIT_FEED: Final = "audit"
DECISIONS_FEED: Final = "decisions"
_SEQUENCER_LOCK: Final = 7_214_001


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `kind` is person, key, machine or operator; `id` is their key, or the name of the machine part."""

    kind: str
    id: str

    @classmethod
    def person(cls, key: UUID) -> "Actor":
        """Somebody who signed in."""
        return cls("person", str(key))

    @classmethod
    def api_key(cls, key: UUID) -> "Actor":
        """A program with an API key."""
        return cls("key", str(key))


OPERATOR: Final = Actor("operator", "shell")
PREFILTER: Final = Actor("machine", "prefilter")
REASONER: Final = Actor("machine", "reasoner")
SWEEPER: Final = Actor("machine", "sweeper")


def record(
    *,
    verb: str,
    actor: Actor,
    subjects: Sequence[UUID],
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> UUID:
    """Insert one event into the open transaction; it commits or rolls back with the change it tells of.

    `verb` is from EVENTS; `subjects` are at most 1,000 ids of what changed; `data` holds that verb's fields and no
    free text; `at` is the database's time where the change's own statement gave it, else the database is asked.
    Returns the event's id. Raises KeyError for an unknown verb, UnfitData for data that may not be kept,
    TransactionManagementError outside a transaction.
    """
    fields = data or {}
    rules.check_data(fields, EVENTS[verb].fields)
    if len(subjects) > rules.MOST_SUBJECTS:
        raise rules.UnfitData(f"{verb} names {len(subjects)} subjects; {rules.MOST_SUBJECTS} are allowed")
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            f"{verb} must be recorded in the transaction of its change"
        )
    event = new_id()
    at = at or database_time()
    digest = rules.leaf(
        event=event,
        at=at,
        verb=verb,
        actor_kind=actor.kind,
        actor=actor.id,
        subjects=subjects,
        data=fields,
    )
    told = msgspec.json.encode(dict(fields)).decode()
    rows(
        """
        WITH told AS (
            INSERT INTO audit_event (id, at, verb, actor_kind, actor, subjects, data, leaf)
            VALUES (%s, %s, %s, %s, %s, %s::uuid[], %s::jsonb, %s)
        )
        INSERT INTO audit_unplaced (id, at) VALUES (%s, %s)
        """,
        [event, at, verb, actor.kind, actor.id, array(subjects), told, digest, event, at],
        keep_plan=True,
    )
    return event


@transaction.atomic
def place_events(*, most: int = 5_000) -> int:
    """Give positions in the audit feed to up to `most` committed events, in the order of their times.

    Returns how many. One sequencer works at a time; a second caller returns 0 at once.
    """
    with connection.cursor() as cursor:
        if not _take_the_sequencer(cursor):
            return 0
        cursor.execute(
            "SELECT id FROM audit_unplaced ORDER BY at, id LIMIT %s FOR UPDATE SKIP LOCKED", [most]
        )
        events = [row[0] for row in cursor.fetchall()]
        if events:
            _append(cursor, AUDIT_FEED, events)
            cursor.execute("DELETE FROM audit_unplaced WHERE id = ANY(%s)", [events])
    return len(events)


def place_in_feed(*, feed: str, subjects: Sequence[UUID]) -> None:
    """Append `subjects`, in order, to `feed` within the open transaction; a subject already in it stays where it is.

    Waits for the sequencer's lock, so positions are gap-free and become visible in order.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEQUENCER_LOCK])
        _append(cursor, feed, subjects)


def _take_the_sequencer(cursor: Any) -> bool:
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEQUENCER_LOCK])
    return bool(cursor.fetchone()[0])


def _append(cursor: Any, feed: str, subjects: Sequence[UUID]) -> None:
    cursor.execute(
        """
        INSERT INTO audit_position (feed, position, subject, at)
        SELECT %(feed)s, latest.position + row_number() OVER (ORDER BY fresh.ordinal), fresh.subject, clock_timestamp()
        FROM (SELECT coalesce(max(position), 0) AS position FROM audit_position WHERE feed = %(feed)s) AS latest,
             unnest(%(subjects)s::uuid[]) WITH ORDINALITY AS fresh(subject, ordinal)
        WHERE NOT EXISTS (SELECT FROM audit_position WHERE feed = %(feed)s AND subject = fresh.subject)
        """,
        {"feed": feed, "subjects": list(subjects)},
    )
