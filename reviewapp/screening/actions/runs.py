"""Runs: sets of judgements that somebody asks for, for the lab, a canary or a second look.

Their verdicts never touch an item's state or the verdict that screens show for it; second looks alone may.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from inference import Effort
from reviewapp import doorbell
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import REASONER, Actor, record
from reviewapp.ids import new_ids
from reviewapp.intake import reads as intake_reads
from reviewapp.policies.models import Case, Version
from reviewapp.screening.actions.settling import finish_runs
from reviewapp.screening.models import Engine, Judgement, Run, Verdict
from reviewapp.screening.rules import RunKind
from reviewapp.screening.rules_line import LANES, SECONDS_A_POINT, Lane
from reviewapp.screening.rules_runs import ASKED_FOR, RUN_STATES, STATE_WORDS, RunState
from reviewapp.ui.errors import Missing, ProductError, Stale
from reviewapp.ui.states import predecessors

MOST: Final = 1_000
MOST_REPLICAS: Final = 20
PRIORITY: Final = 100


class BadRun(ProductError):
    """What was asked for makes no run; the message says what to change."""

    status = 422


class RunMoved(Stale):
    """The run is not in a state in which this can be done. details: state."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The judgements of one chunk, in the order of the subjects, replica by replica; None where one may not be judged.

    `judgements[i * replicas + r]` is replica `r` of subject `i`.
    """

    judgements: tuple[UUID | None, ...]

    @property
    def left_out(self) -> int:
        """How many will not be judged: restricted, erased or gone."""
        return self.judgements.count(None)


@transaction.atomic
def start_run(
    *,
    kind: RunKind | str,
    person: Person | None,
    title: str,
    effort: Effort | str = "",
    engine: UUID | None = None,
) -> UUID:
    """Start an empty run and return its id; `ask` fills it, `finish_asking` closes it.

    `person` None: a machine starts it. `effort` empty: each policy's own. `engine`: an id of `reads_runs.engines()`; then
    only endpoints with that engine's model judge it (a canary: only that very engine). `title` is shown on screens and
    holds no content. Raises BadRun, Missing (no such engine).
    """
    if kind not in ASKED_FOR:
        raise BadRun(
            _("A run cannot be of the kind %(kind)s. Use one of %(list)s.")
            % {"kind": kind, "list": ", ".join(sorted(ASKED_FOR))}
        )
    if effort and effort not in list(Effort):
        raise BadRun(_("The effort is low, medium or high, or empty for each policy's own."))
    if engine and not Engine.objects.filter(pk=engine).exists():
        raise Missing(_("No such engine was ever seen. Choose one from the engine page."))
    run = Run.objects.create(
        kind=str(kind), started_by=person, title=title[:200], effort=str(effort), engine_id=engine
    )
    record(
        verb="run.started", actor=_actor(person), subjects=[run.pk],
        data={"kind": str(kind), "effort": str(effort), "engine": str(engine) if engine else None},
    )  # fmt: skip
    return run.pk


@transaction.atomic
def ask(
    *,
    run: UUID,
    version: UUID,
    items: Sequence[UUID] = (),
    cases: Sequence[UUID] = (),
    texts: Sequence[str] = (),
    replicas: int = 1,
    priority: int = PRIORITY,
    now: bool = False,
) -> Asked:
    """Add judgements of one kind of subject under one version, in any state, to a run: at most 1,000 in a call.

    Each subject is judged `replicas` times (1 to 20). Asking again for the same item or case adds nothing and gives
    the judgement that is there; texts are added each time. The version's text is pinned: judgements of a draft that is
    changed meanwhile end as `rewritten`. `priority` orders within the run's lane (lower is sooner); `now` puts them
    into the slots kept for people who wait before a screen. Raises BadRun, RunMoved, Missing.
    """
    kinds = [bool(items), bool(cases), bool(texts)].count(True)
    subjects = len(items) + len(cases) + len(texts)
    if kinds != 1 or not 1 <= replicas <= MOST_REPLICAS or subjects * replicas > MOST:
        raise BadRun(
            _(
                "Ask about items, cases or texts, at most %(most)s judgements at once and %(most_replicas)s times each."
            )
            % {"most": MOST, "most_replicas": MOST_REPLICAS}
        )
    row = _locked(run, RunState.RUNNING, RunState.PAUSED)
    if row.asked_all:
        raise RunMoved(_("Nothing more can be added to this run. Start another."), state=row.state)
    policy_hash = Version.objects.filter(pk=version).values_list("hash", flat=True).first()
    if policy_hash is None:
        raise Missing(_("There is no such version. Choose one from the policy's list."))
    if not policy_hash:
        raise BadRun(
            _("This draft cannot be read as a policy yet. Mend what the editor marks, save, and ask again.")
        )
    lane = Lane.NOW if now else LANES[row.kind]
    insert = _Insert(row.pk, version, policy_hash, lane, priority, replicas)
    asked = insert.texts(texts) if texts else insert.subjects("item" if items else "case", items or cases)
    record(
        verb="run.asked", actor=_actor(row.started_by), subjects=[row.pk],
        data={"version": str(version), "subjects": subjects, "replicas": replicas, "left_out": asked.left_out},
    )  # fmt: skip
    doorbell.ring("reason")
    return asked


@transaction.atomic
def finish_asking(*, run: UUID) -> None:
    """Say that nothing will be added: the run is done when its last judgement ends, at once if none is open."""
    row = _locked(run, RunState.RUNNING, RunState.PAUSED)
    if not row.asked_all:
        Run.objects.filter(pk=run).update(asked_all=True)
        record(verb="run.asked_all", actor=_actor(row.started_by), subjects=[run])
    finish_runs(runs=[run])


@transaction.atomic
def pause_run(*, run: UUID, person: Person) -> None:
    """Claim no more of a run; what is in flight ends. Raises RunMoved unless it runs."""
    _move(run, RunState.PAUSED)
    record(verb="run.paused", actor=Actor.person(person.pk), subjects=[run])


@transaction.atomic
def resume_run(*, run: UUID, person: Person) -> None:
    """Go on with a paused run. Raises RunMoved unless it is paused."""
    _locked(run, RunState.PAUSED)
    _move(run, RunState.RUNNING)
    record(verb="run.resumed", actor=Actor.person(person.pk), subjects=[run])
    finish_runs(runs=[run])
    doorbell.ring("reason")


@transaction.atomic
def cancel_run(*, run: UUID, person: Person | None) -> int:
    """End a run: judgements that wait go, those in flight end unused; returns how many went.

    Raises RunMoved when it is over. What was judged before stays readable.
    """
    _move(run, RunState.CANCELLED)
    Run.objects.filter(pk=run).update(finished_at=Now())
    dropped = _drop_waiting([run])
    record(verb="run.cancelled", actor=_actor(person), subjects=[run], data={"dropped": dropped})
    return dropped


@transaction.atomic
def forget_texts(*, runs: Sequence[UUID], actor: Actor) -> int:
    """Blank the texts that runs were asked about and what was quoted or said of them; returns how many there were.

    Labels, sections and numbers stay; so does a text whose judgement is still open.
    """
    ended = Judgement.objects.filter(run__in=list(runs), state__in=["done", "failed"]).exclude(text=None)
    ended = ended.exclude(text="")
    Verdict.objects.filter(judgement__in=ended).update(
        evidence_for=[], evidence_against=[], rationale="", reasoning="", raw=""
    )
    count = ended.update(text="")
    if count:
        record(verb="run.texts_erased", actor=actor, subjects=list(runs), data={"count": count})
    return count


@transaction.atomic
def tend_runs() -> None:
    """Finish runs whose last judgements ended at the same time, and drop what came back to cancelled ones."""
    running = Run.objects.filter(state=RunState.RUNNING, asked_all=True).exclude(kind=RunKind.LIVE)
    finish_runs(runs=list(running.values_list("pk", flat=True)))
    hour_ago = Now() - timedelta(hours=1)
    cancelled = Run.objects.filter(state=RunState.CANCELLED, finished_at__gt=hour_ago)
    _drop_waiting(list(cancelled.values_list("pk", flat=True)))


@dataclass(frozen=True, slots=True)
class _Insert:
    run: UUID
    version: UUID
    policy_hash: str
    lane: int
    priority: int
    replicas: int

    def subjects(self, kind: str, wanted: Sequence[UUID]) -> Asked:
        """Rows for items or cases; one that is there already keeps its judgement."""
        fit = _fit(kind, wanted)
        pairs = [(key, replica) for key in wanted if key in fit for replica in range(self.replicas)]
        self._insert(
            kind, [key for key, _ in pairs], [replica for _, replica in pairs], "ON CONFLICT DO NOTHING"
        )
        rows = Judgement.objects.filter(run=self.run, version=self.version, **{f"{kind}__in": fit})
        there = {(key, replica): pk for pk, key, replica in rows.values_list("pk", f"{kind}_id", "replica")}
        return Asked(tuple(there.get((key, replica)) for key in wanted for replica in range(self.replicas)))

    def texts(self, texts: Sequence[str]) -> Asked:
        """Rows for texts that belong to nothing."""
        pairs = [(text, replica) for text in texts for replica in range(self.replicas)]
        ids = self._insert("text", [text for text, _ in pairs], [replica for _, replica in pairs], "")
        return Asked(tuple(ids))

    def _insert(self, kind: str, subjects: Sequence[Any], replicas: Sequence[int], clash: str) -> list[UUID]:
        column, cast = ("text", "text") if kind == "text" else (f"{kind}_id", "uuid")
        ids = new_ids(len(subjects))
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO screening_judgement (id, run_id, version_id, {column}, replica, state, priority, lane,
                    rank_at, policy_hash, lease_epoch, crashes, timeouts, transients, invalids, failure_kind,
                    failure_reason)
                SELECT new.id, %s, %s, new.subject, new.replica, 'pending', %s, %s,
                    clock_timestamp() + make_interval(secs => %s), %s, 0, 0, 0, 0, 0, '', ''
                FROM unnest(%s::uuid[], %s::{cast}[], %s::int[]) AS new(id, subject, replica) {clash}
                """,  # noqa: S608  three fixed words
                [
                    self.run, self.version, self.priority, self.lane, self.priority * SECONDS_A_POINT,
                    self.policy_hash, ids, list(subjects), list(replicas),
                ],
            )  # fmt: skip
        return ids


def _fit(kind: str, wanted: Sequence[UUID]) -> set[UUID]:
    """Those that may be judged at all: nothing restricted, erased or gone."""
    if kind == "case":
        return set(Case.objects.filter(pk__in=wanted, erased=False).values_list("pk", flat=True))
    standing = intake_reads.readable().filter(pk__in=wanted)
    return set(standing.values_list("pk", flat=True))


def _drop_waiting(runs: Sequence[UUID]) -> int:
    with connection.cursor() as cursor:
        # Rows that a pump takes right now are left to it: it may wait for the run's row, which is locked here.
        cursor.execute(
            """
            DELETE FROM screening_judgement WHERE id IN (
                SELECT id FROM screening_judgement WHERE run_id = ANY(%s) AND state = 'pending' FOR UPDATE SKIP LOCKED)
            """,
            [list(runs)],
        )
        return int(cursor.rowcount)


def _locked(run: UUID, *states: RunState) -> Run:
    row = Run.objects.select_for_update().filter(pk=run).exclude(kind=RunKind.LIVE).first()
    if row is None:
        raise Missing(_("There is no such run. Look at the lab's list."))
    if row.state not in states:
        raise RunMoved(_("The run is %(state)s by now.") % {"state": STATE_WORDS[row.state]}, state=row.state)
    return row


def _move(run: UUID, following: RunState) -> None:
    _locked(run, *(RunState(each) for each in predecessors(RUN_STATES, following)))
    Run.objects.filter(pk=run).update(state=following.value)


def _actor(person: Person | None) -> Actor:
    return Actor.person(person.pk) if person else REASONER
