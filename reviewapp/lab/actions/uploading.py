"""Evaluations that somebody starts on a page: the same pump judges their rows that judges everything else, live work first."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor
from reviewapp.lab.actions.evaluating import (
    NothingToEvaluate,
    figures_of,
    keep_answers,
    keep_rows,
    options_of,
)
from reviewapp.lab.actions.studies import end_study, fail_study, tell_start, version_to_judge
from reviewapp.lab.models import EvaluationRow, Study
from reviewapp.lab.rules import StudyKind
from reviewapp.lab.rules_labelled import Answer, LabelledText
from reviewapp.policies import actions as policies
from reviewapp.policies.models import Section
from reviewapp.policies.reads import published_text
from reviewapp.policies.rules import VersionState
from reviewapp.screening import reads_runs
from reviewapp.screening.actions import runs
from reviewapp.screening.models import Engine, Verdict
from reviewapp.screening.reads_runs import RunResult
from reviewapp.screening.rules import RunKind
from reviewapp.ui.errors import Missing, ProductError, Stale

AT_ONCE: Final = 500
TEXT_MOVED: Final = gettext_noop(
    "The draft changed while the file was judged. Start again with the new text."
)
DISCARDED: Final = gettext_noop("The draft was discarded while the file was judged.")
ENGINE_MOVED: Final = gettext_noop(
    "The engine changed while the file was judged, so its figures mix two. Start again."
)
NO_ENGINE: Final = gettext_noop("Not one row got an answer. Look at the engine page, then start again.")
WITHDRAWN: Final = gettext_noop("withdrawn: the judgement is not there any more")


class NoCase(ProductError):
    """This row cannot become a case; the message says why."""

    status = 422
    code = "no_case"


@transaction.atomic
def start_judged_evaluation(
    *, version: UUID, file: str, rows: Sequence[LabelledText], person: Person, engine: UUID | None = None
) -> UUID:
    """Start judging a labelled file under a version; returns the study. Steps of `advance_evaluation` do the rest.

    `engine`: only endpoints with that engine's model judge it. Raises NothingToEvaluate for no rows, and for a draft
    that cannot be read; Missing, Forbidden.
    """
    check_may(person, "lab.run")
    row = version_to_judge(version)
    if not rows:
        raise NothingToEvaluate(_("No row of the file says whether it violates this policy."))
    if not row.hash:
        raise NothingToEvaluate(
            _("This draft cannot be read as a policy yet. Mend what the editor marks first.")
        )
    policy = published_text(version)
    title = f"Evaluation of {policy.slug} v{policy.number}"
    run = runs.start_run(kind=RunKind.EVALUATE, person=person, title=title, engine=engine)
    study = Study.objects.create(
        kind=StudyKind.EVALUATE.value, policy_id=row.policy_id, version=row, number=row.number, hash=row.hash, run_id=run,
        effort=row.effort, file=file[:200], total=len(rows), started_by=person,
        options=options_of([policy], "apart", rows, practice=False),
    )  # fmt: skip
    keep_rows(study, rows)
    tell_start(study, Actor.person(person.pk))
    return study.pk


def advance_evaluation(row: Study) -> None:
    """One step: ask about the next rows, keep what was answered, close when all are. Within the caller's transaction."""
    run, version = row.run_id, row.version
    if run is None or version is None or version.state == VersionState.DISCARDED or version.hash != row.hash:
        _keep_ended(row)
        gone = version is None or version.state == VersionState.DISCARDED
        fail_study(row, DISCARDED if gone else TEXT_MOVED)
        return
    if row.asked < row.total:
        _ask_next(row, run, version.pk)
    _keep_ended(row)
    if row.answered >= row.total:
        _settle(row, run)


@transaction.atomic
def case_from_row(*, study: UUID, row: UUID, person: Person) -> str:
    """Make a case of a row, with the label that the file gives it; returns its code.

    Raises Stale where it is one already, NoCase without a text or a section, UnfitCase, Missing, Forbidden.
    """
    check_may(person, "lab.run")
    found = (
        EvaluationRow.objects.select_for_update(of=("self",))
        .select_related("study")
        .filter(pk=row, study=study)
        .first()
    )
    if found is None:
        raise Missing(_("This row is not part of the evaluation. Reload the page."))
    if found.case:
        raise Stale(_("This row is a case already."))
    if not found.text:
        raise NoCase(_("The text of this row was erased, so it cannot become a case."))
    known = set(Section.objects.filter(version=found.study.version_id).values_list("code", flat=True))
    section = next((code for code in (found.section, *found.sections) if code in known), "")
    if not section:
        raise NoCase(_("No section of this version is named here. Add the case beside its section by hand."))
    case = policies.add_case(
        policy=found.study.policy_id, section=section, text=found.text, expect=found.expect, person=person
    )
    EvaluationRow.objects.filter(pk=row).update(case=case.pk)
    return case.code


def _ask_next(row: Study, run: UUID, version: UUID) -> None:
    wanted = EvaluationRow.objects.filter(study=row, ordinal__gte=row.asked, ordinal__lt=row.asked + AT_ONCE)
    rows = list(wanted.order_by("ordinal").values_list("pk", "text"))
    asked = runs.ask(run=run, version=version, texts=[text for _, text in rows])
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE lab_evaluationrow SET judgement = %s WHERE id = %s",
            [(judgement, key) for judgement, (key, _) in zip(asked.judgements, rows, strict=True)],
        )
    row.asked += len(rows)
    Study.objects.filter(pk=row.pk).update(asked=row.asked)
    if row.asked >= row.total:
        runs.finish_asking(run=run)


def _keep_ended(row: Study) -> None:
    """Store up to 500 answers that came since the last step."""
    waiting = EvaluationRow.objects.filter(study=row, label="", failure="").exclude(judgement=None)
    found = waiting.order_by("ordinal").values_list("judgement", "ordinal")[:AT_ONCE]
    places = {key: place for key, place in found if key}
    told = reads_runs.results_of(list(places))
    answers = [
        _answer(place, told.get(key))
        for key, place in places.items()
        if key not in told or told[key].state in {"done", "failed"}
    ]
    if answers:
        keep_answers(study=row.pk, answers=answers)
        row.refresh_from_db(fields=["answered"])


def _answer(place: int, result: RunResult | None) -> Answer:
    if result is None:
        return Answer(place, failure=WITHDRAWN)
    if not result.label:
        return Answer(place, failure=f"{result.failure}: {result.failure_reason}"[:500])
    return Answer(
        place, result.label, result.sections, result.confidence, result.rationale, "", result.prompt_tokens,
        result.completion_tokens, result.cached_tokens, result.seconds,
    )  # fmt: skip


def _settle(row: Study, run: UUID) -> None:
    used = Verdict.objects.filter(judgement__run=run).values("engine").distinct()
    engines = list(Engine.objects.filter(pk__in=used))
    if len({each.signature for each in engines}) != 1:
        fail_study(row, ENGINE_MOVED if engines else NO_ENGINE)
        return
    row.options["practice"] = engines[0].practice
    Study.objects.filter(pk=row.pk).update(
        signature=engines[0].signature, model=engines[0].model, options=row.options
    )
    end_study(row, {"figures": figures_of(row.pk)})
