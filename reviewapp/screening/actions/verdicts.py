"""Stores what the reasoner answered, fenced by the lease epoch, and says what becomes of what it could not answer."""

import json
import logging
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models.functions import Now

from inference import Failure, Verdict
from reviewapp.audit.actions import REASONER, record
from reviewapp.ids import new_ids
from reviewapp.intake import actions as intake
from reviewapp.screening import rules
from reviewapp.screening.actions.leases import Claim
from reviewapp.screening.actions.looking import FirstVerdict, compare_looks, look_again
from reviewapp.screening.actions.settling import fail, finish_runs, settle
from reviewapp.screening.models import UnreadAnswer
from reviewapp.screening.rules import RunKind, Then

log = logging.getLogger(__name__)
MOST_OUTCOMES: Final = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one claim."""

    claim: Claim
    answer: Verdict | Failure


@dataclass(frozen=True, slots=True)
class Committed:
    """How many outcomes became what; `dropped` ones had lost their lease and left no trace."""

    done: int = 0
    failed: int = 0
    retried: int = 0
    released: int = 0
    dropped: int = 0

    def __add__(self, other: "Committed") -> "Committed":
        return Committed(
            self.done + other.done, self.failed + other.failed, self.retried + other.retried,
            self.released + other.released, self.dropped + other.dropped,
        )  # fmt: skip


def commit_verdicts(
    *,
    outcomes: Sequence[Outcome],
    engine: UUID,
    endpoint: int | None = None,
    jitter: Callable[[], float] = random.random,
) -> Committed:
    """Store the outcomes of up to 500 claims in one transaction; a row that the database refuses sinks alone.

    Only the holder of a judgement's current epoch writes it: the others' results are dropped and counted. Verdicts,
    the items' way to people and the audit events commit together. `endpoint`: the place in REASONER_URL that answered;
    `jitter` (0 to 1) spreads repeated tries.
    """
    if len(outcomes) > MOST_OUTCOMES:
        raise ValueError(f"{len(outcomes)} outcomes; {MOST_OUTCOMES} are committed at once")
    try:
        with transaction.atomic():
            return _commit(outcomes, engine, endpoint, jitter)
    except (DataError, IntegrityError) as refused:
        if len(outcomes) > 1:
            return sum(
                (
                    commit_verdicts(outcomes=[one], engine=engine, endpoint=endpoint, jitter=jitter)
                    for one in outcomes
                ),
                Committed(),
            )
        # The database's own words may quote the row, so only their kind is kept.
        log.warning("a verdict could not be stored: %s; its item goes on without one", type(refused).__name__)
        return _refuse(outcomes[0])


def _refuse(outcome: Outcome) -> Committed:
    with transaction.atomic():
        held = _held([outcome.claim])
        ended = fail(judgements=list(held), kind="invalid", reason="The answer could not be stored.")
    return Committed(failed=len(ended), dropped=1 - len(ended))


def _commit(
    outcomes: Sequence[Outcome], engine: UUID, endpoint: int | None, jitter: Callable[[], float]
) -> Committed:
    failures = [(each.claim, each.answer) for each in outcomes if isinstance(each.answer, Failure)]
    answered = [(each.claim, each.answer) for each in outcomes if isinstance(each.answer, Verdict)]
    ended = _end([claim for claim, _ in answered])
    done = [(claim, answer) for claim, answer in answered if claim.judgement in ended]
    stored = _store(done, engine, endpoint)
    held = _held([claim for claim, _ in failures])
    live = [(claim, failure) for claim, failure in failures if claim.judgement in held]
    counts = Counter[str](done=len(done), dropped=len(outcomes) - len(done) - len(live))
    failed: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for claim, failure in live:
        counts[_not_answered(claim, failure, failed, jitter)] += 1
    for (kind, reason), judgements in failed.items():
        fail(judgements=judgements, kind=kind, reason=reason)
    _keep_unread(live)
    _tell(done, engine, stored, max(ended.values(), default=None))
    looks = [
        (claim.item, claim.version) for claim, _ in done if claim.item and claim.kind == RunKind.SECOND_LOOK
    ]
    compare_looks(pairs=looks)
    look_again(
        verdicts=[
            FirstVerdict(claim.item, claim.version, said.label.value, said.confidence.value, said.sections)
            for claim, said in done
            if claim.item and claim.kind == RunKind.LIVE
        ],
        engine=engine,
    )
    judged = [claim.item for claim, _ in done if claim.item and claim.kind == RunKind.LIVE]
    settle(items=judged)
    intake.await_anew(items=[*judged, *(item for item, _ in looks)])
    finish_runs(runs={claim.run for claim, _ in done if claim.kind != RunKind.LIVE})
    return Committed(**counts)


def _held(claims: Sequence[Claim]) -> set[UUID]:
    """Lock the judgements that are still leased under the epoch of their claim."""
    if not claims:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_LEASED, _epochs(claims))
        return {row[0] for row in cursor.fetchall()}


def _end(claims: Sequence[Claim]) -> dict[UUID, datetime]:
    """Mark as done those that are still leased under the epoch of their claim; returns them with the time."""
    if not claims:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_END, _epochs(claims))
        return dict(cursor.fetchall())


def _epochs(claims: Sequence[Claim]) -> list[list[Any]]:
    return [[claim.judgement for claim in claims], [claim.epoch for claim in claims]]


_LEASED: Final = """
SELECT j.id FROM screening_judgement j, unnest(%s::uuid[], %s::int[]) AS held(id, epoch)
WHERE j.id = held.id AND j.lease_epoch = held.epoch AND j.state = 'leased' ORDER BY j.id FOR UPDATE OF j
"""
_END: Final = f"""
WITH leased AS ({_LEASED})
UPDATE screening_judgement j SET state = 'done', lease_until = NULL, failure_kind = '', failure_reason = '',
    done_at = clock_timestamp()
FROM leased WHERE j.id = leased.id RETURNING j.id, j.done_at
"""  # noqa: S608  fixed words


def _not_answered(
    claim: Claim, failure: Failure, failed: dict[tuple[str, str], list[UUID]], jitter: Callable[[], float]
) -> str:
    """Put one failed claim back, or on the list of those that end; returns what it counts as."""
    after = rules.after_failure(
        failure.kind.value, transients=claim.transients, timeouts=claim.timeouts, invalids=claim.invalids
    )
    if after.counter:
        _count(claim.judgement, after.counter)
    if after.then is Then.FAIL:
        failed[failure.kind.value, failure.reason].append(claim.judgement)
        return "failed"
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE screening_judgement SET state = 'pending', lease_until = NULL, failure_kind = %s, failure_reason = %s,
                not_before = clock_timestamp() + make_interval(secs => %s) WHERE id = %s
            """,
            [failure.kind.value, failure.reason, after.delay * (1 + jitter() / 2), claim.judgement],
        )
    return "released" if after.then is Then.RELEASE else "retried"


def _count(judgement: UUID, counter: str) -> None:
    column = {"transients": "transients", "timeouts": "timeouts", "invalids": "invalids"}[counter]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE screening_judgement SET {column} = {column} + 1 WHERE id = %s", [judgement])  # noqa: S608


def _keep_unread(live: Sequence[tuple[Claim, Failure]]) -> None:
    """Keep what was sent in place of a verdict, the last one of each judgement."""
    unread = {
        claim.judgement: UnreadAnswer(judgement_id=claim.judgement, raw=failure.raw, at=Now())
        for claim, failure in live
        if failure.raw and failure.kind in rules.KEPT_UNREAD
    }
    if unread:
        UnreadAnswer.objects.bulk_create(
            unread.values(), update_conflicts=True, unique_fields=["judgement"], update_fields=["raw", "at"]
        )


def _store(done: Sequence[tuple[Claim, Verdict]], engine: UUID, endpoint: int | None) -> dict[UUID, UUID]:
    """Keep the verdicts; returns their ids by judgement."""
    if not done:
        return {}
    ids = new_ids(len(done))
    rows = [
        _row(key, claim, verdict, engine, endpoint) for key, (claim, verdict) in zip(ids, done, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [json.dumps(rows)])
        cursor.execute(_CURRENT, [ids])
    return {claim.judgement: key for key, (claim, _) in zip(ids, done, strict=True)}


_COLUMNS: Final = {
    "id": "uuid", "judgement_id": "uuid", "item_id": "uuid", "version_id": "uuid", "engine_id": "uuid", "label": "text",
    "confidence": "text", "sections": "text[]", "unknown_sections": "text[]", "evidence_for": "text[]",
    "evidence_against": "text[]", "dropped_quotes": "int", "rationale": "text", "reasoning": "text", "raw": "text",
    "injection_suspected": "bool", "model": "text", "effort": "text", "prompt_hash": "text", "policy_hash": "text",
    "prompt_tokens": "int", "completion_tokens": "int", "cached_tokens": "int", "seconds": "float8", "endpoint": "int",
    "parts": "int", "place": "int[]", "lease_epoch": "int",
}  # fmt: skip
# All rows as one value: with thirty placeholders a row, building the statement cost more than running it.
_INSERT: Final = (
    f"INSERT INTO screening_verdict ({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS)} "  # noqa: S608  fixed names
    f"FROM json_to_recordset(%s) AS made({', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items())})"
)

_CURRENT: Final = """
INSERT INTO screening_currentverdict AS mine (item_id, policy_id, verdict_id)
SELECT DISTINCT ON (v.item_id, p.policy_id) v.item_id, p.policy_id, v.id
FROM screening_verdict v
JOIN screening_judgement j ON j.id = v.judgement_id
JOIN screening_run r ON r.id = j.run_id AND r.kind = 'live'
JOIN policies_version p ON p.id = v.version_id
WHERE v.id = ANY(%s) AND v.item_id IS NOT NULL
ORDER BY v.item_id, p.policy_id, p.number DESC
ON CONFLICT (item_id, policy_id) DO UPDATE SET verdict_id = excluded.verdict_id
WHERE (SELECT p.number FROM screening_verdict v JOIN policies_version p ON p.id = v.version_id
       WHERE v.id = excluded.verdict_id)
   >= (SELECT p.number FROM screening_verdict v JOIN policies_version p ON p.id = v.version_id
       WHERE v.id = mine.verdict_id)
"""
"""A late verdict under an older version never takes the place of one under a newer version."""


def _row(key: UUID, claim: Claim, verdict: Verdict, engine: UUID, endpoint: int | None) -> dict[str, Any]:
    """One row of screening_verdict, by column, in types that JSON knows."""
    return {
        "id": str(key),
        "judgement_id": str(claim.judgement),
        "item_id": str(claim.item) if claim.item else None,
        "version_id": str(claim.version),
        "engine_id": str(engine),
        "label": verdict.label.value,
        "confidence": verdict.confidence.value,
        "sections": verdict.sections,
        "unknown_sections": verdict.unknown_sections,
        "evidence_for": verdict.evidence_for,
        "evidence_against": verdict.evidence_against,
        "dropped_quotes": min(verdict.dropped_quotes, 32_767),
        "rationale": verdict.rationale,
        "reasoning": verdict.reasoning,
        "raw": verdict.raw,
        "injection_suspected": verdict.injection_suspected,
        "model": verdict.model,
        "effort": claim.effort.value,
        "prompt_hash": verdict.prompt_hash,
        "policy_hash": claim.policy.hash,
        "prompt_tokens": verdict.usage.prompt_tokens,
        "completion_tokens": verdict.usage.completion_tokens,
        "cached_tokens": verdict.usage.cached_tokens,
        "seconds": verdict.seconds,
        "endpoint": endpoint,
        "parts": verdict.parts,
        "place": verdict.place,
        "lease_epoch": claim.epoch,
    }


def _tell(
    done: Sequence[tuple[Claim, Verdict]], engine: UUID, stored: Mapping[UUID, UUID], at: datetime | None
) -> None:
    by_run: dict[UUID, list[tuple[Claim, Verdict]]] = defaultdict(list)
    for claim, verdict in done:
        by_run[claim.run].append((claim, verdict))
    for run, pairs in sorted(by_run.items()):
        record(
            verb="verdict.committed",
            actor=REASONER,
            subjects=[claim.item or claim.judgement for claim, _ in pairs],
            data={
                "run": str(run),
                "engine": str(engine),
                "labels": dict(sorted(Counter(verdict.label.value for _, verdict in pairs).items())),
                "verdicts": [str(stored[claim.judgement]) for claim, _ in pairs],
            },
            at=at,
        )
