"""What happens to an item when its judgements end: it goes to people, in the transaction that ended the last one."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from reviewapp.audit.actions import REASONER, Actor, record
from reviewapp.intake import actions as intake
from reviewapp.screening.actions.looking import compare_looks
from reviewapp.screening.models import Run


def settle(*, items: Sequence[UUID], actor: Actor = REASONER) -> list[UUID]:
    """Send to people those of `items` that await a verdict and have no open judgement left; returns them.

    Locks the items first, so that of two transactions that end the last two judgements the later one sees both.
    Must run in a transaction.
    """
    wanted = sorted(set(items))
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM intake_item WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [wanted]
        )
        cursor.execute(
            """
            SELECT i.id, clock_timestamp() FROM intake_item i WHERE i.id = ANY(%s) AND i.state = 'awaiting_verdict' AND NOT EXISTS (
                SELECT FROM screening_judgement j JOIN screening_run r ON r.id = j.run_id AND r.kind = 'live'
                WHERE j.item_id = i.id AND j.state IN ('pending', 'leased'))
            """,
            [wanted],
        )
        ready = dict(cursor.fetchall())
    if not ready:
        return []
    moved = intake.advance(items=list(ready), expected="awaiting_verdict", following="awaiting_review")
    if moved:
        at = max(ready.values())
        record(verb="item.awaiting_review", actor=actor, subjects=moved, data={"why": "judged"}, at=at)
    return moved


def fail(*, judgements: Sequence[UUID], kind: str, reason: str, actor: Actor = REASONER) -> list[UUID]:
    """End open `judgements` without a verdict and settle their items; returns those that were open.

    The epoch grows, so that a call still in flight cannot bring its result. Must run in a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE screening_judgement SET state = 'failed', failure_kind = %s, failure_reason = %s,
                lease_until = NULL, lease_epoch = lease_epoch + 1, done_at = clock_timestamp()
            WHERE id = ANY(%s) AND state IN ('pending', 'leased') RETURNING id, item_id, run_id, version_id
            """,
            [kind, reason, list(judgements)],
        )
        ended = cursor.fetchall()
    for run in sorted({row[2] for row in ended}):
        of_run = [row for row in ended if row[2] == run]
        record(
            verb="verdict.failed", actor=actor, subjects=[row[1] or row[0] for row in of_run],
            data={"run": str(run), "kinds": {kind: len(of_run)}},
        )  # fmt: skip
    settle(items=[row[1] for row in ended if row[1]], actor=actor)
    finish_runs(runs={row[2] for row in ended})
    looks = set(
        Run.objects.filter(pk__in={row[2] for row in ended}, kind="second_look").values_list("pk", flat=True)
    )
    compare_looks(pairs=[(row[1], row[3]) for row in ended if row[1] and row[2] in looks])
    return [row[0] for row in ended]


def finish_runs(*, runs: Iterable[UUID]) -> list[UUID]:
    """End those of `runs` to which nothing is added any more and in which nothing is open; returns them.

    Locks the runs first, so that of two transactions that end the last two judgements the later one sees both. Must
    run in a transaction.
    """
    wanted = sorted(runs)
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM screening_run WHERE id = ANY(%s) AND asked_all ORDER BY id FOR NO KEY UPDATE",
            [wanted],
        )
        cursor.execute(
            """
            UPDATE screening_run r SET state = 'done', finished_at = clock_timestamp()
            WHERE r.id = ANY(%s) AND r.state = 'running' AND r.asked_all AND NOT EXISTS (
                SELECT FROM screening_judgement j WHERE j.run_id = r.id AND j.state IN ('pending', 'leased'))
            RETURNING r.id, (SELECT count(*) FROM screening_judgement j WHERE j.run_id = r.id AND j.state = 'done'),
                (SELECT count(*) FROM screening_judgement j WHERE j.run_id = r.id AND j.state = 'failed')
            """,
            [wanted],
        )
        ended = cursor.fetchall()
    for run, done, failed in ended:
        record(verb="run.finished", actor=REASONER, subjects=[run], data={"done": done, "failed": failed})
    return [row[0] for row in ended]
