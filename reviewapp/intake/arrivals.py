"""The set-based SQL behind `actions.receive`: a few statements a request, however many items it carries.

Every statement touches rows in the order of their natural keys, so that two requests with the same items never
wait for each other in a circle.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import connection

from reviewapp.intake.incoming import IncomingItem, SentFlag
from reviewapp.intake.rules import likeness, thread_of
from reviewapp.statements import array, rows, texts

Natural = tuple[UUID, str]
"""Source id and external id."""

Sender = tuple[str, str]
"""The name of a source, and the id that it gave to an author; empty for nobody."""


class Known(msgspec.Struct, frozen=True):
    """A sender's source, and the author with the name they have; None for nobody, and for an author who is new."""

    source: UUID
    author: UUID | None
    name: str | None


class Arrival(msgspec.Struct, kw_only=True):
    """One sent item on its way into the tables. `id` and `key` are used only if it becomes a new row."""

    place: int
    item: IncomingItem
    source: UUID
    author: UUID | None
    hash: bytes
    id: UUID
    key: bytes
    revision: int = 1
    restricted: bool = False
    target: UUID | None = None
    state: str = "received"
    stored_at: datetime | None = None
    superseded: UUID | None = None

    @property
    def created(self) -> bool:
        """Whether it became a new row."""
        return self.stored_at is not None

    @property
    def natural(self) -> Natural:
        """What it is known by outside."""
        return self.source, self.item.external_id


class Current(msgspec.Struct, frozen=True):
    """The current revision that an arrival meets, locked."""

    id: UUID
    revision: int
    state: str
    hash: bytes
    restricted: bool
    erasing: bool


def known(senders: Iterable[Sender]) -> dict[Sender, Known]:
    """The senders whose source is known, with the author where they are known too.

    LATERAL with a limit looks each one up by index; a join may read all the authors there are.
    """
    wanted = list(senders)
    found = rows(
        """
        SELECT w.source, w.author, s.id, a.id, a.name FROM unnest(%s::text[], %s::text[]) AS w(source, author)
        JOIN intake_source s ON s.name = w.source
        LEFT JOIN LATERAL (
            SELECT id, name FROM intake_author WHERE source_id = s.id AND external_id = w.author LIMIT 1
        ) AS a ON true
        """,
        [texts([source for source, _ in wanted]), texts([author for _, author in wanted])],
    )
    return {(source, author): Known(*rest) for source, author, *rest in found}


def add_sources(named: Mapping[str, UUID]) -> list[tuple[str, UUID]]:
    """Make the sources that are missing; gives name and id of those that this transaction made."""
    ordered = sorted(named)
    found = rows(
        """
        INSERT INTO intake_source (id, name, policies, created_at)
        SELECT r.id, r.name, '{}', statement_timestamp()
        FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS r(id, name, place) ORDER BY r.place
        ON CONFLICT DO NOTHING RETURNING name, id
        """,
        [array([named[name] for name in ordered]), texts(ordered)],
    )
    return sorted((row[0], row[1]) for row in found)


def add_authors(named: Mapping[Natural, tuple[UUID, str]]) -> set[Natural]:
    """Make the authors that are missing, given as new id and name; gives those that somebody else made meanwhile."""
    ordered = sorted(named, key=lambda natural: (natural[0].int, natural[1]))
    made = rows(
        """
        INSERT INTO intake_author (id, source_id, external_id, name, created_at)
        SELECT r.id, r.source, r.external_id, r.name, statement_timestamp()
        FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[]) AS r(id, source, external_id, name)
        ON CONFLICT DO NOTHING RETURNING source_id, external_id
        """,
        [
            array([named[natural][0] for natural in ordered]),
            array([source for source, _ in ordered]),
            texts([external for _, external in ordered]),
            texts([named[natural][1] for natural in ordered]),
        ],
        keep_plan=True,
    )
    return set(named) - {(source, external) for source, external in made}


def rename_authors(names: Mapping[UUID, str]) -> None:
    """Give authors the name they have now."""
    rows(
        """
        UPDATE intake_author AS a SET name = stale.name FROM (
            SELECT b.id, r.name FROM unnest(%s::uuid[], %s::text[]) AS r(id, name) JOIN intake_author b ON b.id = r.id
            WHERE b.name <> r.name ORDER BY b.id FOR NO KEY UPDATE OF b
        ) AS stale WHERE a.id = stale.id
        """,
        [array(list(names)), texts(list(names.values()))],
    )


def add_items(arrivals: Sequence[Arrival]) -> tuple[set[UUID], datetime]:
    """Insert items with their content, but none that is here already; gives the ids of those left out, and the time.

    Waits for a concurrent request that is inserting the same item, so that what is not inserted can be read afterwards.
    """
    [(left_out, now)] = rows(
        """
        WITH incoming AS (
            SELECT * FROM unnest(
                %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::int[], %s::bool[], %s::bool[], %s::text[],
                %s::text[], %s::text[], %s::text[], %s::int[], %s::timestamptz[], %s::bigint[], %s::bigint[],
                %s::text[], %s::jsonb[], %s::jsonb[], %s::text[], %s::text[]
            ) AS r(
                id, source, author, external_id, revision, restricted, flagged, hash,
                language, country, policies, files, created_at, likeness, thread,
                text, context, attachments, url, key)
        ), fresh AS (
            INSERT INTO intake_item (
                id, source_id, external_id, revision, is_current, state, purpose, restricted, admitted, flagged,
                content_hash, author_id, language, country, policies, attachments, created_at, likeness, thread,
                received_at, changed_at)
            SELECT r.id, r.source, r.external_id, r.revision, true, 'received', 'live', r.restricted, false, r.flagged,
                decode(r.hash, 'base64'), r.author, r.language, r.country, r.policies::text[], r.files, r.created_at,
                r.likeness, r.thread, now(), now()
            FROM incoming r
            ON CONFLICT DO NOTHING RETURNING id
        ), written AS (
            INSERT INTO intake_itemcontent (item_id, received_at, text, context, attachments, url, key)
            SELECT r.id, now(), r.text, r.context, r.attachments, r.url, decode(r.key, 'base64')
            FROM incoming r WHERE r.id IN (SELECT id FROM fresh)
        )
        SELECT ARRAY(SELECT id FROM incoming EXCEPT SELECT id FROM fresh), clock_timestamp()
        """,
        _columns(arrivals),
        keep_plan=True,
    )
    return set(left_out), now


def _columns(arrivals: Sequence[Arrival]) -> list[str]:
    """What `add_items` inserts, a column each."""
    items = [each.item for each in arrivals]
    contents = [item.content for item in items]
    return [
        array([each.id for each in arrivals]),
        array([each.source for each in arrivals]),
        array([each.author for each in arrivals]),
        texts([item.external_id for item in items]),
        array([each.revision for each in arrivals]),
        array([each.restricted for each in arrivals]),
        array([item.by_people for item in items]),
        array([each.hash for each in arrivals]),
        texts([item.language or "und" for item in items]),
        texts([(item.country or "").upper() for item in items]),
        # Slugs of published policies: nothing in them needs quoting in an array literal.
        texts(["{" + ",".join(dict.fromkeys(item.policies)) + "}" for item in items]),
        array([len(content.attachments) for content in contents]),
        array([item.created_at for item in items]),
        array([likeness(content.text) for content in contents]),
        array([_thread(each) for each in arrivals]),
        texts([content.text for content in contents]),
        texts([_entries(item.context) for item in items]),
        texts([_entries(content.attachments) for content in contents]),
        texts([item.url or "" for item in items]),
        array([each.key for each in arrivals]),
    ]


def _thread(arrival: Arrival) -> int | None:
    context = arrival.item.context
    return thread_of(arrival.source, msgspec.to_builtins(context[:1])) if context else None


def _entries(sent: Sequence[msgspec.Struct]) -> str:
    return msgspec.json.encode(sent).decode() if sent else "[]"


def current_revisions(wanted: Sequence[Natural]) -> dict[Natural, Current]:
    """Lock the current revisions of what is known under these keys; one that was just replaced is missing here."""
    ordered = sorted(wanted, key=lambda natural: (natural[0].int, natural[1]))
    found = rows(
        """
        SELECT i.source_id, i.external_id, i.id, i.revision, i.state, i.content_hash, i.restricted,
            EXISTS (SELECT FROM intake_erasure e WHERE e.item_id = i.id)
        FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS w(source, external_id, ordinal)
        JOIN intake_item i ON i.source_id = w.source AND i.external_id = w.external_id AND i.is_current
        ORDER BY w.ordinal FOR NO KEY UPDATE OF i
        """,
        [array([source for source, _ in ordered]), texts([external for _, external in ordered])],
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
    flags = [flag for _, _, flag in sent]
    found = rows(
        """
        INSERT INTO intake_flag (id, item_id, kind, reason, reporter_id, org, reference, deadline, at, digest, received_at)
        SELECT r.id, r.item, r.kind, r.reason, r.reporter_id, r.org, r.reference, r.deadline, r.at,
            decode(r.digest, 'base64'), now()
        FROM unnest(
            %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::timestamptz[], %s::timestamptz[], %s::text[]
        ) AS r(id, item, kind, reason, reporter_id, org, reference, deadline, at, digest)
        ON CONFLICT DO NOTHING RETURNING item_id, kind
        """,
        [
            array([key for key, _, _ in sent]),
            array([item for _, item, _ in sent]),
            texts([flag.kind for flag in flags]),
            texts([flag.reason for flag in flags]),
            texts([flag.reporter_id for flag in flags]),
            texts([flag.org for flag in flags]),
            texts([flag.reference for flag in flags]),
            array([flag.deadline for flag in flags]),
            array([flag.at for flag in flags]),
            array([flag.digest() for flag in flags]),
        ],
    )
    return [(row[0], row[1]) for row in found]


def mark_flagged(items: Sequence[UUID]) -> None:
    """Remember that people point at these items; they are locked already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE intake_item SET flagged = true WHERE id = ANY(%s) AND NOT flagged", [list(items)]
        )
