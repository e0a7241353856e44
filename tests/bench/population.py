"""A million of something in a minute: rows as the real actions leave them, written set-wise for benchmarks only."""

import time
from typing import Final
from uuid import UUID

from django.db import connection

from reviewapp.ids import new_id
from reviewapp.review.rules import URGENT_TIER

BIG: Final = 100_000
"""So many rows leave the database something to clean up."""
QUIET_LOOKS: Final = 5
ITEMS = """
    INSERT INTO intake_item (id, source_id, external_id, revision, is_current, state, purpose, restricted, admitted,
        flagged, content_hash, language, country, policies, attachments, received_at, changed_at)
    SELECT gen_random_uuid(), %(source)s, 'population-' || n, 1, true, 'awaiting_review', 'live', false, true, false,
        sha256(n::text::bytea), %(language)s, '', '{}', 0, now() - n * interval '1 s', now() - n * interval '1 s'
    FROM generate_series(%(first)s::int, %(last)s::int) AS n
"""
CONTENTS = """
    INSERT INTO intake_itemcontent (item_id, received_at, text, context, attachments, url, key)
    SELECT id, received_at, 'A message of ordinary length about nothing in particular, number ' || external_id,
        '[]', '[]', '', content_hash FROM intake_item i
    WHERE source_id = %(source)s AND NOT EXISTS (SELECT FROM intake_itemcontent c WHERE c.item_id = i.id)
"""
TASKS = """
    INSERT INTO review_task (id, item_id, kind, queue_id, tier, rank_at, due_at, terms, policy, severity,
        no_verdict_reason, state, reserved, lease_epoch, hold_reason, created_at, language, blind)
    SELECT gen_random_uuid(), id, 'first', %(queue)s, 5, received_at + interval '4 hours', received_at + interval '4 hours',
        '{}', 'spam', 2, '', 'waiting', false, 0, '', received_at, language, right(external_id, 1) = '0' FROM intake_item i
    WHERE source_id = %(source)s AND NOT EXISTS (SELECT FROM review_task t WHERE t.item_id = i.id)
"""


def new_source(name: str) -> UUID:
    """A source for the population."""
    source = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO intake_source (id, name, policies, created_at) VALUES (%s, %s, '{}', now())",
            [source, name],
        )
    return source


def waiting_tasks(*, source: UUID, queue: UUID, upto: int, already: int = 0, language: str = "en") -> None:
    """Grow `queue` from `already` to `upto` waiting tasks, each with an item and its content, then let the planner look.

    Every tenth is decided blind first.
    """
    with connection.cursor() as cursor:
        for first in range(already + 1, upto + 1, 100_000):
            values = {
                "source": source,
                "queue": queue,
                "first": first,
                "last": min(first + 99_999, upto),
                "language": language,
            }
            cursor.execute(ITEMS, values)
            cursor.execute(CONTENTS, values)
            cursor.execute(TASKS, values)
        cursor.execute("ANALYZE intake_item, intake_itemcontent, review_task")
    if upto - already >= BIG:
        _settle()


def _settle(seconds: float = 180.0) -> None:
    """Wait until the database has cleaned up behind a load, or `seconds` are over: what comes after is no part of it."""
    until, quiet = time.monotonic() + seconds, 0
    while quiet < QUIET_LOOKS and time.monotonic() < until:
        time.sleep(1.0)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM pg_stat_progress_vacuum) + (SELECT count(*) FROM pg_stat_progress_analyze)"
            )
            quiet = 0 if cursor.fetchone()[0] else quiet + 1


ESCALATED = """
    INSERT INTO review_escalation (id, item_id, task_id, kind, person_id, at, rings_at, rung, reference)
    SELECT gen_random_uuid(), t.item_id, t.id, q.escalation, %(person)s, t.created_at, now() + interval '1 day', 0, ''
    FROM review_task t JOIN review_queue q ON q.id = t.queue_id JOIN intake_item i ON i.id = t.item_id
    WHERE i.source_id = %(source)s AND q.escalation <> ''
"""


def escalated(*, queue: UUID, source: UUID, person: UUID, count: int) -> None:
    """`count` items of `source`, which holds no other, stand first in a queue of escalations, sent there by `person`."""
    waiting_tasks(source=source, queue=queue, upto=count)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE review_task SET tier = %s WHERE queue_id = %s", [URGENT_TIER, queue])
        cursor.execute(ESCALATED, {"source": source, "person": person})
        cursor.execute("ANALYZE review_escalation")


DECIDED = """
    WITH who AS (
        INSERT INTO intake_author (id, source_id, external_id, name, created_at)
        VALUES (gen_random_uuid(), %(source)s, %(author)s, '', now())
        ON CONFLICT (source_id, external_id) DO UPDATE SET name = '' RETURNING id
    ), done AS (
        UPDATE review_task SET state = 'done', done_at = now() WHERE id IN (
            SELECT t.id FROM review_task t JOIN intake_item i ON i.id = t.item_id
            WHERE i.source_id = %(source)s AND t.state = 'waiting' ORDER BY t.rank_at DESC LIMIT %(count)s
        ) RETURNING id, item_id
    ), items AS (
        UPDATE intake_item SET state = 'decided', author_id = (SELECT id FROM who) WHERE id IN (SELECT item_id FROM done)
    )
    INSERT INTO review_decision (id, kind, label, actions, ground, detection, automation, exception, reason_code, reason,
        shown, nonce, at, release_at, undo_until, item_id, task_id, person_id)
    SELECT gen_random_uuid(), 'first', 'allowed', '[{"code": "none", "parameters": {}}]', 'incompatible',
        'own_initiative', 'not', '', '', '', '{"verdicts": []}', gen_random_uuid(), now(), now(), now(), item_id, id,
        %(person)s FROM done
"""
NOTICES = """
    INSERT INTO accounts_notice (id, kind, about, at, person_id)
    SELECT gen_random_uuid(), 'handed_over', gen_random_uuid(), now() - n * interval '1 s', %(person)s
    FROM generate_series(1, %(count)s::int) AS n
"""


def decided(*, source: UUID, author: str, person: UUID, count: int) -> None:
    """Let `person` have decided the last `count` waiting tasks of `source`, all items of one author."""
    with connection.cursor() as cursor:
        cursor.execute(DECIDED, {"source": source, "author": author, "person": person, "count": count})
        cursor.execute("ANALYZE intake_item, intake_author, review_task, review_decision")


def notices(*, person: UUID, count: int) -> None:
    """Give `person` `count` notices that are not read yet."""
    with connection.cursor() as cursor:
        cursor.execute(NOTICES, {"person": person, "count": count})


# Keys begin with the time, as the product's own do: neighbours in the log are neighbours in the index.
EVENTS = """
    WITH made AS (
        INSERT INTO audit_event (id, at, verb, actor_kind, actor, subjects, data, leaf)
        SELECT (substr(moment, 1, 8) || '-' || substr(moment, 9) || substr(gen_random_uuid()::text, 14))::uuid, at,
            'task.claimed', 'person', %(actor)s, ARRAY[gen_random_uuid()],
            jsonb_build_object('task', gen_random_uuid(), 'epoch', 1, 'reserved', false), sha256(n::text::bytea)
        FROM generate_series(%(first)s::int, %(upto)s::int) AS n,
            LATERAL (SELECT now() - (%(last)s - n) * interval '1 ms' AS at) moments,
            LATERAL (SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS moment) ids
        RETURNING id, at
    )
    INSERT INTO audit_position (feed, position, subject, at)
    SELECT 'audit', %(first)s - 1 + row_number() OVER (ORDER BY at, id), id, at FROM made
"""


def audit_events(count: int, *, already: int = 0) -> None:
    """Grow a log of `already` placed events to `count`, of one subject each and with positions; let the planner look."""
    with connection.cursor() as cursor:
        for first in range(already + 1, count + 1, 100_000):
            upto = min(first + 99_999, count)
            cursor.execute(EVENTS, {"first": first, "upto": upto, "last": count, "actor": str(new_id())})
        cursor.execute("ANALYZE audit_event, audit_position")
