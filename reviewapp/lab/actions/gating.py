"""The publish gate: every case under the draft and under the version in force, k times, then a report for the policies room."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor
from reviewapp.lab.actions.studies import (
    end_study,
    fail_study,
    published_beside,
    tell_start,
    version_to_judge,
)
from reviewapp.lab.models import CaseResult, Study
from reviewapp.lab.rules import MOST_CASES, MOST_REPEATS, StudyKind
from reviewapp.lab.rules_gate import NO_ANSWER, GateResult, Target, Tried, decide, majority
from reviewapp.policies import actions as policies
from reviewapp.policies import reads_cases
from reviewapp.policies.models import Version
from reviewapp.policies.rules import VersionState
from reviewapp.policies.rules_gate import Outcome
from reviewapp.screening import reads_runs
from reviewapp.screening.actions import runs
from reviewapp.screening.models import Engine
from reviewapp.screening.reads_runs import RunResult
from reviewapp.screening.rules import RunKind
from reviewapp.ui.errors import ProductError, Stale

AT_ONCE: Final = 500
"""Judgements of one version that one step asks for."""

TEXT_MOVED: Final = gettext_noop(
    "The text, its cases or its targets changed while the gate ran. Run it again for the new state."
)
DISCARDED: Final = gettext_noop("The draft was discarded while its gate ran.")
ENGINE_MOVED: Final = gettext_noop(
    "The engine changed while the gate ran, so its verdicts cannot be compared. Run it again."
)
NO_ENGINE: Final = gettext_noop(
    "Not one case got an answer. Look at the engine page, then run the gate again."
)


class NoGate(ProductError):
    """A gate cannot be run on this; the message says what it lacks."""

    status = 422
    code = "no_gate"


class GateRunning(Stale):
    """A gate runs on this version already. details: study."""


def start_gate(*, version: UUID, repeats: int, person: Person) -> UUID:
    """Start a gate on a version as it stands; returns the study. Steps of `advance_gate` do the rest.

    Raises NoGate for a text that cannot be read, no or too many cases, or a wrong number of repeats; GateRunning,
    Missing, Forbidden.
    """
    check_may(person, "lab.run")
    row = version_to_judge(version)
    subject = reads_cases.gate_subject(version)
    if not 1 <= repeats <= MOST_REPEATS:
        raise NoGate(_("A case is judged 1 to %(most_repeats)s times.") % {"most_repeats": MOST_REPEATS})
    if not subject.gate_hash:
        raise NoGate(
            _("This draft cannot be read as a policy yet. Mend what the editor marks, then run the gate.")
        )
    if not subject.cases:
        raise NoGate(
            _("This version has no cases, so a gate could not prove anything. Add some beside its sections.")
        )
    if len(subject.cases) > MOST_CASES:
        raise NoGate(
            _("A gate takes %(most_cases)s cases; this version has %(count)s. Remove some.")
            % {"most_cases": f"{MOST_CASES:,}", "count": f"{len(subject.cases):,}"}
        )
    try:
        with transaction.atomic():
            return _started(row, subject, repeats, person).pk
    except IntegrityError as error:
        found = Study.objects.filter(
            version=version, kind=StudyKind.GATE, state__in=("running", "paused")
        ).first()
        raise GateRunning(
            _("The gate runs on this version already. Look at it, or cancel it first."),
            study=str(found.pk) if found else "",
        ) from error


def _started(row: Version, subject: reads_cases.GateSubject, repeats: int, person: Person) -> Study:
    against = published_beside(row)
    run = runs.start_run(kind=RunKind.GATE, person=person, title=f"Gate of {subject.slug} v{subject.number}")
    study = Study.objects.create(
        kind=StudyKind.GATE.value, policy_id=row.policy_id, version=row, number=row.number, hash=row.hash,
        cases_hash=subject.gate_hash, against=against, against_number=against.number if against else None,
        against_hash=against.hash if against else "", run_id=run, effort=row.effort, repeats=repeats, started_by=person,
        total=len(subject.cases) * repeats * (2 if against else 1),
        options={"sections": [[each.section, each.title, each.recall, each.precision] for each in subject.targets]},
    )  # fmt: skip
    CaseResult.objects.bulk_create(
        CaseResult(study=study, case=case.id, code=case.code, section=case.section, expect=case.expect)
        for case in subject.cases
    )
    tell_start(study, Actor.person(person.pk))
    return study


def advance_gate(row: Study) -> None:
    """One step of a running gate: ask the next cases, count what ended, or decide. Within the caller's transaction."""
    run = row.run_id
    if run is None or row.version is None:
        fail_study(row, DISCARDED)
        return
    if row.version.state == VersionState.DISCARDED or row.version.gate_hash != row.cases_hash:
        fail_study(row, DISCARDED if row.version.state == VersionState.DISCARDED else TEXT_MOVED)
        return
    _ask_next(row, run)
    progress = reads_runs.progress(run)
    Study.objects.filter(pk=row.pk).update(answered=progress.ended)
    row.answered = progress.ended
    if progress.state == "done":
        _settle(row, row.version, run)


def _ask_next(row: Study, run: UUID) -> None:
    left = CaseResult.objects.filter(study=row).order_by("code", "case")
    wanted = list(left.values_list("case", flat=True)[row.asked : row.asked + AT_ONCE // row.repeats])
    if not wanted:
        return
    for version in filter(None, (row.version_id, row.against_id)):
        runs.ask(run=run, version=version, cases=wanted, replicas=row.repeats)
    row.asked += len(wanted)
    Study.objects.filter(pk=row.pk).update(asked=row.asked)
    if row.asked >= CaseResult.objects.filter(study=row).count():
        runs.finish_asking(run=run)


def _settle(row: Study, version: Version, run: UUID) -> None:
    said: dict[tuple[UUID, UUID], list[tuple[int, str, UUID | None]]] = defaultdict(list)
    engines: set[UUID] = set()
    for each in results_of(run):
        if each.case is not None:
            said[each.case, each.version].append((each.replica, each.label or NO_ANSWER, each.verdict))
            engines |= {each.engine} if each.engine else set()
    signatures = dict(Engine.objects.filter(pk__in=engines).values_list("signature", "model"))
    if len(signatures) != 1:
        fail_study(row, ENGINE_MOVED if signatures else NO_ENGINE)
        return
    ((signature, model),) = signatures.items()
    _keep(row, said)
    result = decided(row)
    Study.objects.filter(pk=row.pk).update(signature=signature, model=model)
    outcome = Outcome.BLOCKED if result.blockers else Outcome.GAPS if result.gaps else Outcome.PASSED
    policies.record_gate_report(
        version=version.pk, gate_hash=row.cases_hash, engine=signature, model=model, outcome=outcome, run=run,
        repeats=row.repeats, case_count=result.right.n, sections=[_figures(each) for each in result.sections],
        blockers=result.blockers,
    )  # fmt: skip
    end_study(row, {"outcome": outcome.value, "figures": figures(result)})


def results_of(run: UUID) -> Iterator[RunResult]:
    """Every result of a run, read page by page."""
    after: UUID | None = None
    while page := reads_runs.results(run, after=after):
        yield from page
        after = page[-1].judgement


def _keep(row: Study, said: dict[tuple[UUID, UUID], list[tuple[int, str, UUID | None]]]) -> None:
    results = list(CaseResult.objects.filter(study=row))
    for each in results:
        if row.version_id:
            each.votes, each.verdict_id = _votes(said.get((each.case, row.version_id), []))
        if row.against_id:
            each.before, each.before_verdict_id = _votes(said.get((each.case, row.against_id), []))
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE lab_caseresult SET votes = %s, before = %s, verdict_id = %s, before_verdict_id = %s WHERE id = %s",
            [(each.votes, each.before, each.verdict_id, each.before_verdict_id, each.pk) for each in results],
        )


def _votes(said: list[tuple[int, str, UUID | None]]) -> tuple[list[str], UUID | None]:
    """The labels by replica, and a verdict that speaks for the majority."""
    labels = [label for _, label, _ in sorted(said, key=lambda each: each[0])]
    wanted = majority(labels)
    speaks = [verdict for _, label, verdict in said if label == wanted and verdict]
    return labels, next(iter(speaks or [verdict for _, _, verdict in said if verdict]), None)


def decided(row: Study) -> GateResult:
    """What the stored votes of a gate add up to, under the targets that it was started with."""
    targets = {
        code: Target(_share(recall), _share(precision))
        for code, _, recall, precision in row.options["sections"]
        if recall is not None or precision is not None
    }
    tried = [
        Tried(each.case, each.code, each.section, each.expect, tuple(each.votes), tuple(each.before))
        for each in CaseResult.objects.filter(study=row).order_by("code", "case")
    ]
    return decide(tried, targets, [code for code, *_ in row.options["sections"]])


def figures(result: GateResult) -> dict[str, Any]:
    """A gate as `rules_results` puts it into a line."""
    blocks = sum(bool(each.case) for each in result.blockers)
    return {
        "kind": "gate", "blocks": blocks, "missed": len(result.blockers) - blocks, "gaps": len(result.gaps),
        "right": result.right.hits, "n": result.right.n,
    }  # fmt: skip


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _figures(section: Any) -> dict[str, Any]:
    """A section's figures as the policies room keeps them."""
    told: dict[str, Any] = {
        "section": section.code, "right": section.right.hits, "n": section.right.n, "unstable": section.unstable.hits,
        "state": section.state,
    }  # fmt: skip
    for each in section.measures:
        told[each.name] = {
            "hits": each.rate.hits, "n": each.rate.n, "lower": each.rate.lower, "target": each.target, "state": each.state,
            "missing": each.missing,
        }  # fmt: skip
    return told
