"""Two people bring a version into force, now or at an hour; what falls due falls due here."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.actions import notify, notify_roles
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import SWEEPER, Actor, record
from reviewapp.audit.clock import database_time
from reviewapp.policies.actions.gating import GateClosed, check_gate, sign_gaps
from reviewapp.policies.actions.rows import (
    bound,
    change,
    expect,
    found_version,
    locked_policy,
    record_published,
    refuse_own,
    refuse_stale,
    retire_published,
)
from reviewapp.policies.gate_rows import standing_of
from reviewapp.policies.models import Version
from reviewapp.policies.rules import VersionState
from reviewapp.policies.rules_gate import EMERGENCY_HOURS, Entry
from reviewapp.ui.errors import ProductError, Stale

_MOST_DAYS_AHEAD = 366


@transaction.atomic
def approve(
    *,
    version: UUID,
    hash: str,
    person: Person,
    saves: int | None = None,
    cases_hash: str | None = None,
    gaps_signed: bool = False,
) -> Version:
    """Approve the exact text, whose `hash` the person saw, with the exact cases.

    Needs a fresh passing gate report or a granted waiver; `gaps_signed` accepts targets that the cases there are
    cannot prove. Raises OwnVersion for anybody who wrote or proposed it, GateClosed, StaleVersion, Missing, Forbidden.
    """
    check_may(person, "policy.approve")
    row = found_version(version, lock=True)
    expect(row, VersionState.APPROVED, saves=saves, seen=hash, cases=cases_hash)
    refuse_own(row, person)
    if check_gate(row, gaps_to_be_signed=gaps_signed) is None:
        _, report = standing_of(row)
        if report is not None:
            sign_gaps(report=report.pk, person=person)
    change(row, state=VersionState.APPROVED, approved_by=person, approved_at=Now())
    record(verb="policy.approved", actor=Actor.person(person.pk), subjects=[row.pk], data=bound(row))
    if row.proposed_by_id:
        notify(person=row.proposed_by_id, kind="version_approved", about=row.policy_id, by=person.pk)
    return found_version(version)


@transaction.atomic
def publish(
    *, version: UUID, hash: str, person: Person, saves: int | None = None, cases_hash: str | None = None
) -> Version:
    """Let an approved version judge items from now on; the one before retires in the same transaction.

    The approver may do it, a writer of it may not. Raises OwnVersion, GateClosed, StaleVersion, Missing, Forbidden.
    """
    check_may(person, "policy.publish")
    locked_policy(found_version(version).policy_id)
    row = found_version(version, lock=True)
    expect(row, VersionState.PUBLISHED, saves=saves, seen=hash, cases=cases_hash)
    refuse_own(row, person)
    _publish(row, person, Actor.person(person.pk))
    return found_version(version)


@transaction.atomic
def schedule(*, version: UUID, hash: str, at: datetime, person: Person, saves: int | None = None) -> Version:
    """Let an approved version come into force at an hour; the sweeper publishes it when it is due.

    The gate is asked now and again then. Raises as `publish`, and ProductError for an hour that is past or over a
    year ahead.
    """
    check_may(person, "policy.publish")
    row = found_version(version, lock=True)
    expect(row, VersionState.PUBLISHED, saves=saves, seen=hash)
    refuse_own(row, person)
    check_gate(row)
    now = database_time()
    if not now < at <= now + timedelta(days=_MOST_DAYS_AHEAD):
        raise ProductError(_("Choose an hour that is still to come, within a year. The text stays approved."))
    change(row, publish_at=at, scheduled_by=person)
    data = bound(row) | {"at": at.isoformat(timespec="seconds")}
    record(verb="policy.scheduled", actor=Actor.person(person.pk), subjects=[row.pk], data=data)
    return found_version(version)


@transaction.atomic
def unschedule(*, version: UUID, person: Person) -> Version:
    """Take the planned hour back; the version stays approved. Raises StaleVersion, Missing, Forbidden."""
    check_may(person, "policy.publish")
    row = found_version(version, lock=True)
    if row.state != VersionState.APPROVED or row.publish_at is None:
        refuse_stale(row)
    _unschedule(row, Actor.person(person.pk), why="taken_back")
    return found_version(version)


def publish_due() -> int:
    """Publish every version whose hour has come, each in its own transaction; the sweeper calls it.

    One whose gate has become stale stays approved, loses its hour, and its people are told. Returns how many came
    into force.
    """
    due = Version.objects.filter(state=VersionState.APPROVED, publish_at__lte=Now()).order_by("publish_at")
    return sum(_publish_at_its_hour(key) for key in list(due.values_list("pk", flat=True)[:100]))


@transaction.atomic
def expire_emergencies() -> int:
    """Mark emergency publications whose 72 hours passed without a gate, and tell authors and approvers; once each.

    The text stays in force: taking it away unasked could do more harm than leaving it. Returns how many.
    """
    late = Version.objects.select_for_update(skip_locked=True).filter(
        state=VersionState.PUBLISHED, gate=Entry.EMERGENCY, gate_due_at__lte=Now()
    )
    rows = list(late)
    for row in rows:
        Version.objects.filter(pk=row.pk).update(gate=Entry.EXPIRED)
        record(verb="gate.emergency_expired", actor=SWEEPER, subjects=[row.pk], data={"version": str(row.pk)})
        _tell_people("emergency_expired", row)
    return len(rows)


@transaction.atomic
def retire(*, policy: UUID, person: Person) -> None:
    """Take the published version out of force without a successor. Raises Stale where none is, Missing, Forbidden."""
    check_may(person, "policy.publish")
    if retire_published(locked_policy(policy), Actor.person(person.pk)) is None:
        raise Stale(_("No version of this policy is published any more. Reload the page."))


@transaction.atomic
def _publish_at_its_hour(key: UUID) -> bool:
    locked_policy(found_version(key).policy_id)
    row = found_version(key, lock=True)
    if row.state != VersionState.APPROVED or row.publish_at is None or row.scheduled_by is None:
        return False
    try:
        _publish(row, row.scheduled_by, SWEEPER)
    except GateClosed:
        _unschedule(row, SWEEPER, why="gate_closed")
        _tell_people("publication_stopped", row)
        return False
    return True


def _publish(row: Version, person: Person, actor: Actor) -> None:
    way_in = check_gate(row)
    previous = retire_published(row.policy, actor)
    emergency = way_in is Entry.EMERGENCY
    change(
        row, state=VersionState.PUBLISHED, published_by=person, published_at=Now(), gate=way_in,
        gate_waived=emergency or way_in is Entry.OVERRIDE, publish_at=None,
        gate_due_at=Now() + timedelta(hours=EMERGENCY_HOURS) if emergency else None,
    )  # fmt: skip
    record_published(row, actor, previous=previous, gate=str(way_in))
    notify_roles(
        roles=["moderator", "senior"],
        kind="policy_published",
        about=row.policy_id,
        by=person.pk,
        but=person.pk,
    )


def _unschedule(row: Version, actor: Actor, *, why: str) -> None:
    change(row, publish_at=None, scheduled_by=None)
    record(verb="policy.unscheduled", actor=actor, subjects=[row.pk], data=bound(row) | {"why": why})


def _tell_people(kind: str, row: Version) -> None:
    """A notice for every author and approver who is here."""
    notify_roles(roles=["policy_author", "policy_approver"], kind=kind, about=row.policy_id)
