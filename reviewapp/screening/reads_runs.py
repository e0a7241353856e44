"""The read door for runs: how far one is, what it cost, and what came of each judgement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from reviewapp.screening import rules
from reviewapp.screening.models import Circuit, Engine, Judgement, Run
from reviewapp.screening.reasons import reason_words
from reviewapp.screening.rules_runs import RUN_STATES
from reviewapp.ui.errors import Missing

MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Where a run stands. Tokens and `seconds` (of calls, added up) are those of its verdicts so far.

    `wall_seconds`: from its start to its end, or to now. `waits_for_engine`: no endpoint has the engine it asks for.
    """

    run: UUID
    kind: str
    title: str
    state: str
    label: str
    asked_all: bool
    pending: int
    leased: int
    done: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    seconds: float
    wall_seconds: float
    started_at: datetime
    finished_at: datetime | None
    waits_for_engine: bool

    @property
    def total(self) -> int:
        """How many judgements it has."""
        return self.pending + self.leased + self.done + self.failed

    @property
    def ended(self) -> int:
        """How many have a verdict or a failure."""
        return self.done + self.failed

    @property
    def over(self) -> bool:
        """Whether nothing will change any more, but for calls in flight of a cancelled run."""
        return self.state in {"done", "cancelled"}


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of one judgement: a verdict (`label` not empty), a failure (`failure_kind` not empty), or nothing yet.

    Exactly one of `item`, `case`, `text` is set; a deleted case takes its results with it. `failure` is in words.
    """

    judgement: UUID
    version: UUID
    item: UUID | None
    case: UUID | None
    text: str | None
    replica: int
    state: str
    label: str
    confidence: str
    sections: tuple[str, ...]
    unknown_sections: tuple[str, ...]
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    rationale: str
    reasoning: str
    injection_suspected: bool
    verdict: UUID | None
    policy_hash: str
    engine: UUID | None
    model: str
    effort: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    seconds: float
    failure_kind: str
    failure: str
    failure_reason: str


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """An engine that a run can ask for: the one at an endpoint now."""

    engine: UUID
    endpoint: int
    model: str
    version: str
    practice: bool


_PROGRESS: Final = """
SELECT count(*) FILTER (WHERE j.state = 'pending'), count(*) FILTER (WHERE j.state = 'leased'),
       count(*) FILTER (WHERE j.state = 'done'), count(*) FILTER (WHERE j.state = 'failed'),
       coalesce(sum(v.prompt_tokens), 0), coalesce(sum(v.completion_tokens), 0), coalesce(sum(v.cached_tokens), 0),
       coalesce(sum(v.seconds), 0)
FROM screening_judgement j LEFT JOIN screening_verdict v ON v.judgement_id = j.id WHERE j.run_id = %s
"""


def progress(run: UUID) -> RunProgress:
    """How far a run is and what it used. Raises Missing."""
    row = Run.objects.filter(pk=run).select_related("engine").first()
    if row is None:
        raise Missing(_("There is no such run. Look at the lab's list."))
    pending, leased, done, failed, prompt, completion, cached, seconds = _one(_PROGRESS, run)
    (wall,) = _one(
        "SELECT extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at)::float"
        " FROM screening_run WHERE id = %s",
        run,
    )
    return RunProgress(
        run=row.pk, kind=row.kind, title=row.title, state=row.state, label=str(RUN_STATES[row.state].label),
        asked_all=row.asked_all, pending=pending, leased=leased, done=done, failed=failed, prompt_tokens=int(prompt),
        completion_tokens=int(completion), cached_tokens=int(cached), seconds=float(seconds), wall_seconds=wall,
        started_at=row.started_at, finished_at=row.finished_at, waits_for_engine=_is_engine_away(row),
    )  # fmt: skip


def results(run: UUID, *, after: UUID | None = None, limit: int = MOST) -> list[RunResult]:
    """Up to `limit` (at most 1,000) judgements of a run by key, those after `after`; with verdict or failure.

    Read page by page with the last one's `judgement` as `after`; an empty list ends it.
    """
    rows = Judgement.objects.filter(run=run).select_related("verdict").order_by("pk")
    rows = rows.filter(pk__gt=after) if after else rows
    return [_result(row) for row in rows[: min(limit, MOST)]]


def results_of(judgements: list[UUID]) -> Mapping[UUID, RunResult]:
    """What came of these judgements, by key; one that is gone is left out."""
    rows = Judgement.objects.filter(pk__in=judgements).select_related("verdict")
    return {row.pk: _result(row) for row in rows}


def engines() -> list[EngineChoice]:
    """The engines at the endpoints now, by endpoint."""
    rows = _configured().select_related("engine").order_by("endpoint")
    return [
        EngineChoice(engine.pk, row.endpoint, engine.model, engine.version, engine.practice)
        for row in rows
        if (engine := row.engine) is not None
    ]


def all_paused() -> bool:
    """Whether somebody paused every endpoint there is, so that nothing is asked until one is resumed."""
    paused = Circuit.objects.filter(paused=True, endpoint__lt=len(settings.REASONER_URLS)).count()
    return 0 < len(settings.REASONER_URLS) == paused


def _configured() -> QuerySet[Circuit]:
    return Circuit.objects.filter(engine__isnull=False, endpoint__lt=len(settings.REASONER_URLS))


def _is_engine_away(run: Run) -> bool:
    if run.engine is None or run.state not in {"running", "paused"}:
        return False
    here = Engine.objects.filter(pk__in=_configured().values("engine"))
    here = here.filter(pk=run.engine.pk) if run.kind == "canary" else here.filter(model=run.engine.model)
    return not here.exists()


def _result(row: Judgement) -> RunResult:
    verdict = getattr(row, "verdict", None)
    said: dict[str, Any] = {
        "label": "", "confidence": "", "sections": (), "unknown_sections": (), "evidence_for": (),
        "evidence_against": (), "rationale": "", "reasoning": "", "injection_suspected": False, "verdict": None,
        "engine": None, "model": "", "effort": "", "prompt_tokens": 0, "completion_tokens": 0, "cached_tokens": 0,
        "seconds": 0.0, "policy_hash": row.policy_hash,
    }  # fmt: skip
    if verdict is not None:
        said |= {
            name: tuple(getattr(verdict, name)) if isinstance(said[name], tuple) else getattr(verdict, name)
            for name in said
            if name not in {"verdict", "engine"}
        }
        said |= {"verdict": verdict.pk, "engine": verdict.engine_id}
    failed = row.state == "failed"
    return RunResult(
        judgement=row.pk, version=row.version_id, item=row.item_id, case=row.case_id, text=row.text,
        replica=row.replica, state=row.state, failure_kind=row.failure_kind if failed else "",
        failure=str(rules.FAILURE_WORDS.get(row.failure_kind, rules.NO_VERDICT)) if failed else "",
        failure_reason=reason_words(row.failure_reason) if failed else "", **said,
    )  # fmt: skip


def _one(statement: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()
