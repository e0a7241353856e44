"""Evaluations: a labelled file through a version, its rows and answers kept so that the report can be read again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from inference import EngineIdentity
from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.ids import new_ids
from reviewapp.lab.models import EvaluationRow, Study
from reviewapp.lab.rules import OPEN_STATES, StudyKind, StudyState
from reviewapp.lab.rules_labelled import Answer, LabelledText, digest
from reviewapp.lab.rules_measure import Labelled, scores
from reviewapp.policies.reads import PublishedPolicy
from reviewapp.screening.actions import runs
from reviewapp.ui.errors import Missing, ProductError, Stale

ROWS_AT_ONCE = 1_000


class NothingToEvaluate(ProductError):
    """The file has no row that says anything about the policy."""

    status = 422
    code = "nothing_to_evaluate"


@transaction.atomic
def start_evaluation(
    *, policies: Sequence[PublishedPolicy], way: str, file: str, rows: Sequence[LabelledText], engine: EngineIdentity,
    actor: Actor,
) -> Study:  # fmt: skip
    """Keep a labelled file before its first row is asked; `way` is `apart` (a call for each policy) or `together`.

    Raises NothingToEvaluate for a file without rows.
    """
    if not rows:
        raise NothingToEvaluate(
            _(
                "No row of the file says whether it violates this policy. Give each line `expect`, or `labels` with the policy's family."
            )
        )
    lead = policies[0]
    study = Study.objects.create(
        kind=StudyKind.EVALUATE.value, policy_id=lead.policy_id, version_id=lead.version_id, number=lead.number,
        hash=lead.hash, signature=engine.signature, model=engine.model, effort=lead.effort, file=file[:200], total=len(rows),
        asked=len(rows), options=options_of(policies, way, rows, practice=engine.practice),
    )  # fmt: skip
    keep_rows(study, rows)
    record(
        verb="study.started", actor=actor, subjects=[study.pk],
        data={"kind": study.kind, "policy": str(study.policy_id), "version": str(lead.version_id), "hash": lead.hash, "total": study.total},
    )  # fmt: skip
    study.refresh_from_db()
    return study


def options_of(
    policies: Sequence[PublishedPolicy], way: str, rows: Sequence[LabelledText], *, practice: bool
) -> dict[str, Any]:
    """What an evaluation keeps of its question; `digest` says which others can be compared with it row by row."""
    return {
        "way": way, "digest": digest(rows), "practice": practice,
        "policies": [f"{each.slug}@{each.number}" for each in policies],
    }  # fmt: skip


def keep_rows(study: Study, rows: Sequence[LabelledText]) -> None:
    """Store the rows of a labelled file, a thousand in one statement; within the caller's transaction."""
    for at in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[at : at + ROWS_AT_ONCE]
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO lab_evaluationrow (id, study_id, ordinal, key, text, expect, section, label, sections,
                    confidence, rationale, failure, prompt_tokens, completion_tokens, cached_tokens, seconds)
                SELECT row.id, %s, row.ordinal, row.key, row.text, row.expect, row.section, '', '{}', '', '', '', 0, 0, 0, 0
                FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[])
                    AS row(id, ordinal, key, text, expect, section)
                """,
                [
                    study.pk, new_ids(len(part)), list(range(at, at + len(part))), [row.key for row in part],
                    [row.text for row in part], [row.expect for row in part], [row.section for row in part],
                ],
            )  # fmt: skip


def figures_of(study: UUID) -> dict[str, Any]:
    """An evaluation as `rules_results` puts it into a line: hits and rows of each rate."""
    rows = EvaluationRow.objects.filter(study=study).exclude(label="", failure="")
    found = scores(
        Labelled("", expect, "", label) for expect, label in rows.values_list("expect", "label").iterator(chunk_size=2_000)
    )  # fmt: skip
    rates = {"precision": found.precision, "recall": found.recall}
    return {"kind": "evaluate"} | {name: [rate.hits, rate.n] for name, rate in rates.items()}


@transaction.atomic
def keep_answers(*, study: UUID, answers: Sequence[Answer]) -> None:
    """Store what came of some rows; a row that has an answer keeps it."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            UPDATE lab_evaluationrow SET label = %s, sections = %s, confidence = %s, rationale = %s, failure = %s,
                prompt_tokens = %s, completion_tokens = %s, cached_tokens = %s, seconds = %s
            WHERE study_id = %s AND ordinal = %s AND label = '' AND failure = ''
            """,
            [
                (
                    each.label, list(each.sections), each.confidence, each.rationale, each.failure, each.prompt_tokens,
                    each.completion_tokens, each.cached_tokens, each.seconds, study, each.ordinal,
                )
                for each in answers
            ],
        )  # fmt: skip
        cursor.execute(
            """
            UPDATE lab_study SET answered = (
                SELECT count(*) FROM lab_evaluationrow WHERE study_id = %s AND (label <> '' OR failure <> '')
            ) WHERE id = %s
            """,
            [study, study],
        )


@transaction.atomic
def end_evaluation(*, study: UUID, actor: Actor, failure: str = "") -> None:
    """Close an evaluation: done, or stopped with the reason in words. Its answers stay either way."""
    state = StudyState.FAILED if failure else StudyState.DONE
    row = Study.objects.select_for_update().get(pk=study)
    if row.state != StudyState.RUNNING:
        return
    report = {"figures": figures_of(study)}
    Study.objects.filter(pk=study).update(state=state.value, failure=failure, ended_at=Now(), report=report)
    data = {"kind": row.kind, "outcome": state.value, "answered": row.answered, "total": row.total}
    record(verb="study.ended", actor=actor, subjects=[study], data=data)


@transaction.atomic
def forget_texts(*, study: UUID, person: Person) -> int:
    """Blank the texts and rationales of an evaluation's rows; its figures stay. Returns how many rows had any.

    Raises Stale while it runs, Missing, Forbidden.
    """
    check_may(person, "lab.run")
    row = Study.objects.select_for_update().filter(pk=study, kind=StudyKind.EVALUATE).first()
    if row is None:
        raise Missing(_("There is no such evaluation. Look at the list in the lab."))
    if row.state in OPEN_STATES:
        raise Stale(
            _("This evaluation is still open. Wait for its end, or cancel it first."), state=row.state
        )
    blanked = EvaluationRow.objects.filter(study=study).exclude(text="", rationale="")
    count = blanked.update(text="", rationale="")
    if row.run_id:
        runs.forget_texts(runs=[row.run_id], actor=Actor.person(person.pk))
    record(verb="study.texts_erased", actor=Actor.person(person.pk), subjects=[study], data={"count": count})
    return count
