"""One author at a time writes in a draft: the hold, taking over, and the typed text of whoever lost it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.accounts.access import check_may
from reviewapp.accounts.actions import notify
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.policies import rules
from reviewapp.policies.actions.rows import found_version, refuse_stale
from reviewapp.policies.actions.sittings import tell_saves
from reviewapp.policies.models import TypedCopy, Version
from reviewapp.policies.rules import VersionState

HOLD_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Hold:
    """Who holds a draft after the call, and whether that is the caller."""

    mine: bool
    holder: str


@transaction.atomic
def hold_draft(*, version: UUID, person: Person) -> Hold:
    """Take or renew the hold on a draft for 60 s, unless somebody else has it.

    No event: nothing but the hold changes. Raises StaleVersion for a version that is no draft, Missing, Forbidden.
    """
    check_may(person, "policy.draft")
    row = found_version(version)
    if row.state != VersionState.DRAFT:
        refuse_stale(row)
    free = Q(held_by=None) | Q(held_by=person) | Q(held_until__lt=Now())
    until = Now() + timedelta(seconds=HOLD_SECONDS)
    mine = Version.objects.filter(free, pk=version, state=VersionState.DRAFT).update(
        held_by=person, held_until=until
    )
    holder = Version.objects.select_related("held_by").get(pk=version).held_by
    return Hold(bool(mine), str(holder) if holder else "")


@transaction.atomic
def take_over(*, version: UUID, person: Person) -> None:
    """Take the draft from whoever holds it; they get a notice, and their page keeps what they typed.

    Raises StaleVersion for a version that is no draft, Missing, Forbidden.
    """
    check_may(person, "policy.draft")
    row = found_version(version, lock=True)
    if row.state != VersionState.DRAFT:
        refuse_stale(row)
    tell_saves(row)
    before = row.held_by_id
    Version.objects.filter(pk=row.pk).update(
        held_by=person, held_until=Now() + timedelta(seconds=HOLD_SECONDS)
    )
    if before is None or before == person.pk:
        return
    data = {"version": str(row.pk), "before": str(before)}
    record(verb="policy.taken_over", actor=Actor.person(person.pk), subjects=[row.pk], data=data)
    notify(person=before, kind="draft_taken_over", about=row.policy_id, by=person.pk)


@transaction.atomic
def release_draft(*, version: UUID, person: Person) -> None:
    """Give the hold back when the page is left, which ends the sitting; nothing happens where it is somebody else's."""
    check_may(person, "policy.draft")
    row = found_version(version, lock=True)
    if row.held_by_id == person.pk:
        tell_saves(row)
        Version.objects.filter(pk=version).update(held_by=None, held_until=None)


@transaction.atomic
def keep_typed(*, version: UUID, source: str, note: str, person: Person) -> None:
    """Keep what somebody typed and could not save; a later text takes the place of an earlier one.

    Raises PolicyFileError for text that cannot be stored, Missing, Forbidden.
    """
    check_may(person, "policy.draft")
    rules.check_storable(source)
    row = found_version(version)
    values = {"source": source, "note": note[:1_000].replace("\x00", ""), "at": Now()}
    _, fresh = TypedCopy.objects.update_or_create(version=row, person=person, defaults=values)
    if fresh:
        record(
            verb="policy.typed_kept",
            actor=Actor.person(person.pk),
            subjects=[row.pk],
            data={"version": str(row.pk)},
        )


@transaction.atomic
def forget_typed(*, version: UUID, person: Person) -> None:
    """Let go of one's own kept text."""
    check_may(person, "policy.draft")
    TypedCopy.objects.filter(version=version, person=person).delete()
