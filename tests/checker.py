"""Nothing lost, nothing done twice: the invariants that must hold after any fault, once the house has come to rest.

Each check is one query that finds rows which should not exist; `problems` returns what it found in words. Source of
the list: the checker that the reliability targets are stated against (every acknowledged id exists once, counts add
up, one final decision a round, one event for each change, the outbox adds up, no verdict from a lapsed lease).
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection

ALWAYS: Final[dict[str, str]] = {
    "items with another number of `item.received` events than one": """
        SELECT count(*) FROM intake_item i LEFT JOIN (
            SELECT item, count(DISTINCT e.id) AS events FROM audit_event e, unnest(e.subjects) AS item
            WHERE e.verb = 'item.received' GROUP BY item) AS told ON told.item = i.id
            WHERE i.purpose = 'live' AND told.events IS DISTINCT FROM 1""",
    "content addresses with more than one current revision": """
        SELECT count(*) FROM (SELECT 1 FROM intake_item WHERE is_current GROUP BY source_id, external_id
            HAVING count(*) > 1) AS doubled""",
    "items that are neither current nor superseded nor erased": """
        SELECT count(*) FROM intake_item WHERE NOT is_current AND state NOT IN ('superseded', 'erased')""",
    "items without content that were not erased": """
        SELECT count(*) FROM intake_item i WHERE i.state <> 'erased'
            AND NOT EXISTS (SELECT FROM intake_itemcontent c WHERE c.item_id = i.id)""",
    "verdicts whose judgement moved on to another epoch": """
        SELECT count(*) FROM screening_verdict v JOIN screening_judgement j ON j.id = v.judgement_id
            WHERE v.lease_epoch <> j.lease_epoch OR j.state <> 'done'""",
    "done judgements without a verdict": """
        SELECT count(*) FROM screening_judgement j WHERE j.state = 'done'
            AND NOT EXISTS (SELECT FROM screening_verdict v WHERE v.judgement_id = j.id)""",
    "verdicts under another text than their version's": """
        SELECT count(*) FROM screening_verdict v JOIN policies_version p ON p.id = v.version_id
            JOIN screening_judgement j ON j.id = v.judgement_id
            JOIN screening_run r ON r.id = j.run_id AND r.kind IN ('live', 'second_look')
            WHERE v.policy_hash <> p.hash""",
    "tasks with more than one standing decision": """
        SELECT count(*) FROM (SELECT 1 FROM review_decision d WHERE d.kind <> 'undone'
            AND NOT EXISTS (SELECT FROM review_decision n WHERE n.replaces_id = d.id)
            GROUP BY d.task_id HAVING count(*) > 1) AS doubled""",
    "decided items without a standing decision": """
        SELECT count(*) FROM intake_item i WHERE i.state = 'decided' AND NOT EXISTS (
            SELECT FROM review_decision d WHERE d.item_id = i.id AND d.kind <> 'undone'
            AND NOT EXISTS (SELECT FROM review_decision n WHERE n.replaces_id = d.id))""",
    "decisions with another number of events than one": """
        SELECT count(*) FROM review_decision d LEFT JOIN (
            SELECT e.data->>'decision' AS decision, count(*) AS events FROM audit_event e
            WHERE e.verb = 'decision.made' GROUP BY 1) AS told ON told.decision = d.id::text
            WHERE d.kind <> 'undone' AND told.events IS DISTINCT FROM 1""",
    "decisions without a row in the outbox": """
        SELECT count(*) FROM review_decision d WHERE d.kind <> 'undone'
            AND NOT EXISTS (SELECT FROM webhooks_delivery o WHERE o.decision = d.id)""",
    "undone decisions that are still to be told": """
        SELECT count(*) FROM review_decision u JOIN webhooks_delivery o ON o.decision = u.replaces_id
            WHERE u.kind = 'undone' AND o.state <> 'cancelled'""",
    "undone decisions in the feed": """
        SELECT count(*) FROM review_decision u JOIN audit_position p ON p.subject = u.replaces_id
            WHERE u.kind = 'undone' AND p.feed = 'decisions'""",
    "feeds with gaps": """
        SELECT count(*) FROM (SELECT 1 FROM audit_position GROUP BY feed
            HAVING max(position) <> count(*) OR min(position) <> 1) AS gaps""",
    "events that have neither a position nor wait for one": """
        SELECT count(*) FROM audit_event e WHERE NOT EXISTS (SELECT FROM audit_unplaced u WHERE u.id = e.id)
            AND NOT EXISTS (SELECT FROM audit_position p WHERE p.feed = 'audit' AND p.subject = e.id)""",
}

AT_REST: Final[dict[str, str]] = {
    "items that no machine has looked at": "SELECT count(*) FROM intake_item WHERE state = 'received'",
    "items that still wait for a verdict": "SELECT count(*) FROM intake_item WHERE state = 'awaiting_verdict'",
    "judgements of current items that have not ended": """
        SELECT count(*) FROM screening_judgement j JOIN intake_item i ON i.id = j.item_id
            WHERE i.is_current AND NOT i.restricted AND i.state <> 'erased' AND j.state IN ('pending', 'leased')""",
    "items that wait for a person and stand in no queue": """
        SELECT count(*) FROM intake_item i WHERE i.state = 'awaiting_review' AND NOT i.restricted AND NOT EXISTS (
            SELECT FROM review_task t WHERE t.item_id = i.id AND t.state IN ('waiting', 'claimed', 'held'))""",
    "claims whose lease has lapsed": """
        SELECT count(*) FROM review_task WHERE state = 'claimed' AND lease_until < now() - interval '30 s'""",
    "decisions whose window ended and that are not in the feed": """
        SELECT count(*) FROM review_decision d WHERE d.kind <> 'undone' AND d.release_at < now() - interval '30 s'
            AND NOT EXISTS (SELECT FROM review_decision n WHERE n.replaces_id = d.id)
            AND NOT EXISTS (SELECT FROM audit_position p WHERE p.feed = 'decisions' AND p.subject = d.id)""",
}


def problems(acknowledged: Iterable[UUID] = (), *, at_rest: bool = False) -> list[str]:
    """What is wrong, in words; empty when all is well.

    `acknowledged` are ids that a client was told are stored. `at_rest` adds what must hold once all work has drained.
    """
    queries = ALWAYS | AT_REST if at_rest else ALWAYS
    found = []
    with connection.cursor() as cursor:
        for what, query in queries.items():
            cursor.execute(query)
            (count,) = cursor.fetchone()
            if count:
                found.append(f"{count} {what}")
        ids = list(acknowledged)
        cursor.execute("SELECT count(DISTINCT id) FROM intake_item WHERE id = ANY(%s)", [ids])
        missing = len(set(ids)) - cursor.fetchone()[0]
        if missing:
            found.append(f"{missing} acknowledged items that are not there")
    return found


def counts_by_state() -> dict[str, int]:
    """How many live items stand in each state; the sum is the number of live items."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, count(*) FROM intake_item WHERE purpose = 'live' GROUP BY state ORDER BY state"
        )
        return dict(cursor.fetchall())


def unreleased() -> int:
    """How many standing decisions have no place in the feed yet: those whose window to undo is open, and late ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM review_decision d WHERE d.kind <> 'undone'
                AND NOT EXISTS (SELECT FROM review_decision n WHERE n.replaces_id = d.id)
                AND NOT EXISTS (SELECT FROM audit_position p WHERE p.feed = 'decisions' AND p.subject = d.id)"""
        )
        return int(cursor.fetchone()[0])
