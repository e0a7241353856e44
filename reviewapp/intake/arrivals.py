"""The set-based SQL behind `actions.receive`: a few statements a request, however many items it carries.

Every statement touches rows in the order of their natural keys, so that two requests with the same items never
wait for each other in a circle.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from reviewapp.intake.incoming import IncomingItem, SentFlag
from reviewapp.intake.rules import likeness, thread_of

Natural = tuple[UUID, str]
"""Source id and external id."""


@dataclass(slots=True, kw_only=True)
class Arrival:
    """One sent item on its way into the tables. `id` and `key` are used only if it becomes a new row."""

    place: int
    item: IncomingItem
    source: UUID
    hash: bytes
    id: UUID
    key: bytes
    revision: int = 1
    restricted: bool = False
    target: UUID | None = None
    state: str = "received"
    stored_at: datetime | None = None
    superseded: UUID | None = field(default=None)

    @property
    def created(self) -> bool:
        """Whether it became a new row."""
        return self.stored_at is not None

    @property
    def natural(self) -> Natural:
        """What it is known by outside."""
        return self.source, self.item.external_id


@dataclass(frozen=True, slots=True)
class Current:
    """The current revision that an arrival meets, locked."""

    id: UUID
    revision: int
    state: str
    hash: bytes
    restricted: bool
    erasing: bool


def rows(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of one statement on Django's connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _json(records: Iterable[Mapping[str, Any]]) -> str:
    return msgspec.json.encode(list(records)).decode("utf-8")


def source_ids(names: Sequence[str]) -> dict[str, UUID]:
    """Ids of the sources that are known."""
    return dict(rows("SELECT name, id FROM intake_source WHERE name = ANY(%s)", [list(names)]))


def add_sources(named: Mapping[str, UUID]) -> set[str]:
    """Make the sources that are missing; gives the names of those that this transaction made."""
    found = rows(
        """
        INSERT INTO intake_source (id, name, policies, created_at)
        SELECT r.id, r.name, '{}', statement_timestamp()
        FROM json_to_recordset(%s::json) AS r(id uuid, name text) ORDER BY r.name
        ON CONFLICT DO NOTHING RETURNING name
        """,
        [_json({"id": key, "name": name} for name, key in sorted(named.items()))],
    )
    return {row[0] for row in found}


def add_authors(named: Mapping[Natural, tuple[UUID, str]]) -> None:
    """Make the authors that are missing, and give those that are here the name they have now."""
    sent = [
        {"id": key, "source": source, "external_id": external, "name": name}
        for (source, external), (key, name) in sorted(
            named.items(), key=lambda pair: (str(pair[0][0]), pair[0][1])
        )
    ]
    incoming = "json_to_recordset(%s::json) AS r(id uuid, source uuid, external_id text, name text)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO intake_author (id, source_id, external_id, name, created_at)
            SELECT r.id, r.source, r.external_id, r.name, statement_timestamp() FROM {incoming}
            ON CONFLICT DO NOTHING
            """,  # noqa: S608 - only constants are put together
            [_json(sent)],
        )
        renamed = [author for author in sent if author["name"]]
        if renamed:
            cursor.execute(
                f"""
                UPDATE intake_author AS a SET name = stale.name FROM (
                    SELECT b.id, r.name FROM {incoming}
                    JOIN intake_author b ON b.source_id = r.source AND b.external_id = r.external_id
                    WHERE b.name <> r.name ORDER BY b.id FOR NO KEY UPDATE OF b
                ) AS stale WHERE a.id = stale.id
                """,  # noqa: S608
                [_json(renamed)],
            )


def add_items(arrivals: Sequence[Arrival]) -> dict[UUID, datetime]:
    """Insert items with their content, but none that is here already; gives the ids of those inserted and when.

    Waits for a concurrent request that is inserting the same item, so that what is not inserted can be read afterwards.
    """
    found = rows(
        """
        WITH incoming AS (
            SELECT * FROM json_to_recordset(%s::json) AS r(
                id uuid, source uuid, external_id text, revision int, restricted bool, flagged bool, hash text,
                author text, language text, country text, policies text, files int, created_at timestamptz,
                likeness bigint, thread bigint, text text, context jsonb, attachments jsonb, url text, key text)
        ), fresh AS (
            INSERT INTO intake_item (
                id, source_id, external_id, revision, is_current, state, purpose, restricted, admitted, flagged,
                content_hash, author_id, language, country, policies, attachments, created_at, likeness, thread,
                received_at, changed_at)
            SELECT r.id, r.source, r.external_id, r.revision, true, 'received', 'live', r.restricted, false, r.flagged,
                decode(r.hash, 'hex'),
                (SELECT a.id FROM intake_author a WHERE a.source_id = r.source AND a.external_id = r.author),
                r.language, r.country, r.policies::text[], r.files, r.created_at, r.likeness, r.thread, now(), now()
            FROM incoming r
            ON CONFLICT DO NOTHING RETURNING id
        ), written AS (
            INSERT INTO intake_itemcontent (item_id, received_at, text, context, attachments, url, key)
            SELECT r.id, now(), r.text, r.context, r.attachments, r.url, decode(r.key, 'hex')
            FROM incoming r WHERE r.id IN (SELECT id FROM fresh)
        )
        SELECT id, clock_timestamp() FROM fresh
        """,
        [_json(_record(arrival) for arrival in arrivals)],
    )
    return dict(found)


def _record(arrival: Arrival) -> dict[str, Any]:
    item = arrival.item
    return {
        "id": arrival.id,
        "source": arrival.source,
        "external_id": item.external_id,
        "revision": arrival.revision,
        "restricted": arrival.restricted,
        "flagged": item.by_people,
        "hash": arrival.hash.hex(),
        "author": item.author.id if item.author else None,
        "language": item.language or "und",
        "country": (item.country or "").upper(),
        # Slugs of published policies: nothing in them needs quoting in an array literal.
        "policies": "{" + ",".join(dict.fromkeys(item.policies)) + "}",
        "files": len(item.content.attachments),
        "created_at": item.created_at,
        "likeness": likeness(item.content.text),
        "thread": thread_of(arrival.source, msgspec.to_builtins(item.context[:1])),
        "text": item.content.text,
        "context": item.context,
        "attachments": item.content.attachments,
        "url": item.url or "",
        "key": arrival.key.hex(),
    }


def current_revisions(wanted: Sequence[Natural]) -> dict[Natural, Current]:
    """Lock the current revisions of what is known under these keys; one that was just replaced is missing here."""
    ordered = sorted(wanted, key=lambda natural: (str(natural[0]), natural[1]))
    found = rows(
        """
        SELECT i.source_id, i.external_id, i.id, i.revision, i.state, i.content_hash, i.restricted,
            EXISTS (SELECT FROM intake_erasure e WHERE e.item_id = i.id)
        FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS w(source, external_id, ordinal)
        JOIN intake_item i ON i.source_id = w.source AND i.external_id = w.external_id AND i.is_current
        ORDER BY w.ordinal FOR NO KEY UPDATE OF i
        """,
        [[source for source, _ in ordered], [external for _, external in ordered]],
    )
    return {
        (row[0], row[1]): Current(row[2], row[3], row[4], bytes(row[5]), row[6], row[7] or row[4] == "erased")
        for row in found
    }


def supersede(items: Sequence[UUID]) -> None:
    """Take the place of current revisions from under them; they are locked already."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE intake_item SET is_current = false, state = 'superseded', changed_at = clock_timestamp()
            WHERE id = ANY(%s) AND is_current
            """,
            [list(items)],
        )


def add_flags(sent: Sequence[tuple[UUID, UUID, SentFlag]]) -> list[tuple[UUID, str]]:
    """Insert flags given as (new id, item, flag), none twice; gives item and kind of those inserted."""
    found = rows(
        """
        INSERT INTO intake_flag (id, item_id, kind, reason, reporter_id, org, reference, deadline, at, digest, received_at)
        SELECT r.id, r.item, r.kind, r.reason, r.reporter_id, r.org, r.reference, r.deadline, r.at,
            decode(r.digest, 'hex'), now()
        FROM json_to_recordset(%s::json) AS r(
            id uuid, item uuid, kind text, reason text, reporter_id text, org text, reference text,
            deadline timestamptz, at timestamptz, digest text)
        ON CONFLICT DO NOTHING RETURNING item_id, kind
        """,
        [_json(_flag_record(key, item, flag) for key, item, flag in sent)],
    )
    return [(row[0], row[1]) for row in found]


def _flag_record(key: UUID, item: UUID, flag: SentFlag) -> dict[str, Any]:
    return {
        "id": key, "item": item, "kind": flag.kind, "reason": flag.reason, "reporter_id": flag.reporter_id,
        "org": flag.org, "reference": flag.reference, "deadline": flag.deadline, "at": flag.at,
        "digest": flag.digest().hex(),
    }  # fmt: skip


def mark_flagged(items: Sequence[UUID]) -> None:
    """Remember that people point at these items; they are locked already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE intake_item SET flagged = true WHERE id = ANY(%s) AND NOT flagged", [list(items)]
        )
