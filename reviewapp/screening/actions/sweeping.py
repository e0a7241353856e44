"""What the sweeper does in this room: nothing waits for a machine that died, and nothing waits for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from reviewapp import doorbell
from reviewapp.audit.actions import SWEEPER, record
from reviewapp.audit.clock import database_time
from reviewapp.intake import actions as intake
from reviewapp.screening import rules
from reviewapp.screening.actions.runs import tend_runs
from reviewapp.screening.actions.settling import fail
from reviewapp.screening.models import Score, UnreadAnswer, Verdict
from reviewapp.screening.rules import Route, Why

BATCH: Final = 1_000
UNSCORED_SECONDS: Final = 60
MOST_WAIT_SECONDS: Final = 900
"""An item that waits longer than this for its verdicts goes to people; a late verdict is still stored."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows each broom took."""

    requeued: int
    crashed: int
    unscored: int
    overdue: int
    withdrawn: int


def sweep(*, endpoints: int = 1) -> Swept:
    """Take back lapsed leases, send unscored and overdue items to people, and ring for what waits.

    Each broom is a transaction of its own and takes at most 1,000 rows. Needs no Redis: a ring that fails is logged.
    """
    requeued, crashed = take_back()
    swept = Swept(requeued, crashed, _send_on_unscored(), _send_on_overdue(), _withdraw() + _withdraw_looks())
    tend_runs()
    _ring(endpoints)
    return swept


@transaction.atomic
def erase_content(*, item_ids: Sequence[UUID]) -> None:
    """Erase what machines quoted or said of these items; calls still in flight can no longer store anything.

    Labels, sections and numbers stay. The caller records the event.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM screening_judgement WHERE item_id = ANY(%s) AND state IN ('pending', 'leased') FOR UPDATE",
            [list(item_ids)],
        )
        waiting = [row[0] for row in cursor.fetchall()]
    for start in range(0, len(waiting), BATCH):
        fail(
            judgements=waiting[start : start + BATCH],
            kind="withdrawn",
            reason="The item was erased.",
            actor=SWEEPER,
        )
    # A case that was copied from an item is quoted too.
    quoting = Q(item__in=item_ids) | Q(judgement__case__origin_item__in=item_ids)
    Verdict.objects.filter(quoting).update(
        evidence_for=[], evidence_against=[], rationale="", reasoning="", raw=""
    )
    asked = Q(judgement__item__in=item_ids) | Q(judgement__case__origin_item__in=item_ids)
    UnreadAnswer.objects.filter(asked).update(raw="")


@transaction.atomic
def take_back(*, place: int | None = None) -> tuple[int, int]:
    """Take back up to 1,000 leases that lapsed, or all that the dead pump of `place` left; returns (back, ended).

    It was a crash of whoever held them: three of them end a judgement. Only who has the lock of a place may name it.
    """
    which = "lease_until < clock_timestamp()" if place is None else "held_by = %(place)s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH dead AS (
                SELECT id FROM screening_judgement WHERE state = 'leased' AND {which}
                ORDER BY lease_until LIMIT %(most)s FOR UPDATE SKIP LOCKED
            )
            UPDATE screening_judgement j SET crashes = j.crashes + 1, state = 'pending', lease_until = NULL
            FROM dead WHERE j.id = dead.id RETURNING j.id, j.item_id, j.crashes
            """,  # noqa: S608  fixed words
            {"place": place, "most": BATCH},
        )
        rows = cursor.fetchall()
    dead = [row[0] for row in rows if row[2] >= rules.MOST_CRASHES]
    back = [row for row in rows if row[2] < rules.MOST_CRASHES]
    if back:
        record(
            verb="judgement.requeued", actor=SWEEPER, subjects=[row[1] or row[0] for row in back],
            data={"why": "lease_lapsed" if place is None else "holder_died", "count": len(back)},
        )  # fmt: skip
    if dead:
        reason = f"Judging it was cut short {rules.MOST_CRASHES} times."
        fail(judgements=dead, kind="crash", reason=reason, actor=SWEEPER)
    return len(back), len(dead)


@transaction.atomic
def _send_on_unscored() -> int:
    items = _locked(
        "state = 'received' AND received_at < clock_timestamp() - make_interval(secs => %s) ORDER BY received_at",
        UNSCORED_SECONDS,
    )
    if not items:
        return 0
    now = database_time()
    Score.objects.bulk_create(
        Score(item_id=item, scored_at=now, model="", route=Route.PEOPLE.value, why=Why.NOT_SCORED.value)
        for item in items
    )
    moved = intake.advance(items=items, expected="received", following="awaiting_review")
    record(verb="item.unscored", actor=SWEEPER, subjects=moved, data={"why": Why.NOT_SCORED.value})
    return len(moved)


@transaction.atomic
def _send_on_overdue() -> int:
    items = _locked(
        "state = 'awaiting_verdict' AND changed_at < clock_timestamp() - make_interval(secs => %s) ORDER BY changed_at",
        MOST_WAIT_SECONDS,
    )
    if not items:
        return 0
    moved = intake.advance(items=items, expected="awaiting_verdict", following="awaiting_review")
    record(verb="item.awaiting_review", actor=SWEEPER, subjects=moved, data={"why": "verdict_pending"})
    return len(moved)


@transaction.atomic
def _withdraw() -> int:
    """Open judgements of items that were replaced, erased or restricted end."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT j.id FROM intake_item i JOIN screening_judgement j ON j.item_id = i.id
            JOIN screening_run r ON r.id = j.run_id
            WHERE j.state = 'pending' AND (i.restricted OR i.state = 'erased'
                OR (i.state = 'superseded' AND r.kind = 'live'))
            ORDER BY j.id LIMIT %s FOR UPDATE OF j SKIP LOCKED
            """,
            [BATCH],
        )
        found = [row[0] for row in cursor.fetchall()]
    reason = "The item was restricted, replaced or erased."
    return len(fail(judgements=found, kind="withdrawn", reason=reason, actor=SWEEPER)) if found else 0


@transaction.atomic
def _withdraw_looks() -> int:
    """Second looks at items that wait for nobody any more end: they would only cost."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT j.id FROM screening_run r JOIN screening_judgement j ON j.run_id = r.id
            JOIN intake_item i ON i.id = j.item_id
            WHERE r.kind = 'second_look' AND r.started_by_id IS NULL AND j.state = 'pending'
              AND i.state NOT IN ('awaiting_verdict', 'awaiting_review')
            ORDER BY j.id LIMIT %s FOR UPDATE OF j SKIP LOCKED
            """,
            [BATCH],
        )
        found = [row[0] for row in cursor.fetchall()]
    reason = "The item was decided before it was judged again."
    return len(fail(judgements=found, kind="withdrawn", reason=reason, actor=SWEEPER)) if found else 0


def _locked(where: str, seconds: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM intake_item WHERE {where} LIMIT {BATCH} FOR UPDATE SKIP LOCKED",  # noqa: S608
            [seconds],
        )
        return [row[0] for row in cursor.fetchall()]


def ring_probes(*, endpoints: int = 1) -> int:
    """Ring for each endpoint whose open circuit may be probed now; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT endpoint FROM screening_circuit WHERE state = 'open' AND NOT paused AND endpoint < %s"
            " AND retry_at <= clock_timestamp()",
            [endpoints],
        )
        due = [row[0] for row in cursor.fetchall()]
    for endpoint in due:
        doorbell.ring("reason", endpoint)
    return len(due)


def _ring(endpoints: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM intake_item WHERE state = 'received'),
                   EXISTS (SELECT FROM screening_judgement WHERE state IN ('pending', 'leased'))
            """
        )
        unscored, unjudged = cursor.fetchone()
    if unscored:
        doorbell.ring("score")
    if unjudged:
        for endpoint in range(endpoints):
            doorbell.ring("reason", endpoint)
