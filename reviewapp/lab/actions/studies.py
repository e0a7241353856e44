"""What all studies have in common: pause, resume, cancel, and their end."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import SWEEPER, Actor, record
from reviewapp.lab.models import Study
from reviewapp.lab.rules import STATE_WORDS, STUDY_STATES, StudyState
from reviewapp.policies.models import Version
from reviewapp.policies.rules import VersionState
from reviewapp.screening.actions import runs
from reviewapp.ui.errors import Missing, Stale
from reviewapp.ui.states import predecessors


class StudyMoved(Stale):
    """The study is not in a state in which this can be done. details: state."""


@transaction.atomic
def pause_study(*, study: UUID, person: Person) -> None:
    """Ask no more until it is resumed; what is in flight ends. Raises StudyMoved, Missing, Forbidden."""
    row = _moved(study, StudyState.PAUSED, person)
    if row.run_id:
        runs.pause_run(run=row.run_id, person=person)


@transaction.atomic
def resume_study(*, study: UUID, person: Person) -> None:
    """Go on where it stood. Raises StudyMoved, Missing, Forbidden."""
    row = _moved(study, StudyState.RUNNING, person)
    if row.run_id:
        runs.resume_run(run=row.run_id, person=person)


@transaction.atomic
def cancel_study(*, study: UUID, person: Person) -> None:
    """End it; what it has stays readable. Raises StudyMoved, Missing, Forbidden."""
    row = _moved(study, StudyState.CANCELLED, person)
    if row.run_id:
        runs.cancel_run(run=row.run_id, person=person)
    Study.objects.filter(pk=study).update(ended_at=Now())
    tell_end(row, StudyState.CANCELLED, Actor.person(person.pk))


@transaction.atomic
def note_download(*, study: UUID, person: Person) -> None:
    """Record that somebody took the file of a report. Raises Missing, Forbidden."""
    check_may(person, "lab.see")
    kind = Study.objects.filter(pk=study).values_list("kind", flat=True).first()
    if kind is None:
        raise Missing(_("There is no such run in the lab. Look at its list."))
    record(verb="export.downloaded", actor=Actor.person(person.pk), subjects=[study], data={"kind": kind})


def fail_study(row: Study, failure: str) -> None:
    """Stop a study that can never finish, with the reason in words; within the caller's transaction."""
    if row.run_id:
        # A run that is over already has nothing left to cancel.
        with suppress(runs.RunMoved):
            runs.cancel_run(run=row.run_id, person=None)
    Study.objects.filter(pk=row.pk).update(state=StudyState.FAILED.value, failure=failure, ended_at=Now())
    tell_end(row, StudyState.FAILED, SWEEPER)


def end_study(row: Study, report: dict[str, Any]) -> None:
    """Close a study that has everything; within the caller's transaction."""
    Study.objects.filter(pk=row.pk).update(state=StudyState.DONE.value, report=report, ended_at=Now())
    tell_end(row, StudyState.DONE, SWEEPER)


def tell_end(row: Study, state: StudyState, actor: Actor) -> None:
    """Record how a study ended."""
    data = {"kind": row.kind, "outcome": state.value, "answered": row.answered, "total": row.total}
    record(verb="study.ended", actor=actor, subjects=[row.pk], data=data)


def tell_start(row: Study, actor: Actor) -> None:
    """Record what somebody asked."""
    data = {
        "kind": row.kind, "policy": str(row.policy_id), "version": str(row.version_id), "hash": row.hash,
        "against": str(row.against_id) if row.against_id else None, "total": row.total, "repeats": row.repeats,
    }  # fmt: skip
    record(verb="study.started", actor=actor, subjects=[row.pk], data=data)


def version_to_judge(key: UUID) -> Version:
    """A version with its policy. Raises Missing."""
    row = (
        Version.objects.select_related("policy").filter(pk=key).exclude(state=VersionState.DISCARDED).first()
    )
    if row is None:
        raise Missing(
            _("This version is not there any more. It may have been discarded; look at the policy.")
        )
    return row


def published_beside(row: Version) -> Version | None:
    """The version in force that `row` would replace, if there is one and it is another."""
    found = Version.objects.filter(policy=row.policy_id, state=VersionState.PUBLISHED).exclude(pk=row.pk)
    return found.select_related("policy").first()


def _moved(study: UUID, following: StudyState, person: Person) -> Study:
    check_may(person, "lab.run")
    row = Study.objects.select_for_update().filter(pk=study, run__isnull=False).first()
    if row is None:
        raise Missing(_("There is no such run in the lab. Look at its list."))
    if row.state not in predecessors(STUDY_STATES, following):
        raise StudyMoved(
            _("It is %(state)s by now. Reload the page.") % {"state": STATE_WORDS[row.state]}, state=row.state
        )
    Study.objects.filter(pk=study).update(state=following.value)
    return row
