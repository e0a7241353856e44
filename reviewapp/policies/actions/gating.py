"""The publish gate's side of policies: reports that the lab hands down, signed gaps, and what two people may waive."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.audit.actions import SWEEPER, Actor, record
from reviewapp.policies.actions.rows import checked_reason, found_version, refuse_own, refuse_stale
from reviewapp.policies.gate_rows import newest_report, standing_of
from reviewapp.policies.models import EngineInForce, GateReport, GateWaiver, Version
from reviewapp.policies.rules import VersionState
from reviewapp.policies.rules_gate import (
    WORDS,
    Blocker,
    Entry,
    Found,
    GateState,
    Outcome,
    WaiverKind,
    entry,
    gate_state,
)
from reviewapp.ui.errors import Forbidden, Missing, ProductError, Stale


class GateClosed(ProductError):
    """The gate does not let this version through; `details` says where it stands and what blocks."""

    status = 409
    code = "gate_closed"


class UnfitReport(ProductError):
    """A gate report that says nothing usable."""

    status = 422
    code = "unfit_report"


@transaction.atomic
def record_gate_report(
    *,
    version: UUID,
    gate_hash: str,
    engine: str,
    model: str,
    outcome: Outcome,
    sections: Sequence[dict[str, Any]],
    blockers: Sequence[Blocker],
    case_count: int,
    run: UUID,
    repeats: int = 1,
    actor: Actor = SWEEPER,
) -> GateReport:
    """Keep what a gate run found about the text `gate_hash` under the engine with identity `engine`.

    `sections` are figures as JSON, one object a section with its `section`; neither they nor the blockers' messages
    may hold content. The same run again gives the report it made. Raises UnfitReport, Missing.
    """
    row = found_version(version, lock=True)
    known = GateReport.objects.filter(run=run).first()
    if known is not None:
        return known
    if (outcome == Outcome.BLOCKED) != bool(blockers) or not gate_hash or not engine:
        raise UnfitReport("A report names its text and engine, and has blockers exactly when it is blocked.")
    report = GateReport.objects.create(
        version=row, gate_hash=gate_hash, engine=engine, model=model, outcome=outcome, sections=list(sections),
        blockers=[[each.case, each.section, each.message, dict(each.facts)] for each in blockers], case_count=case_count, run=run,
        repeats=repeats,
    )  # fmt: skip
    data = {
        "version": str(row.pk),
        "report": str(report.pk),
        "hash": gate_hash,
        "outcome": str(outcome),
        "run": str(run),
    }
    record(verb="gate.reported", actor=actor, subjects=[row.pk], data=data)
    settle_emergency(row)
    return report


@transaction.atomic
def sign_gaps(*, report: UUID, person: Person) -> None:
    """The approver accepts that a target cannot be proved with the cases there are.

    Raises Stale where there is nothing to sign or it is signed, OwnVersion, Missing, Forbidden.
    """
    check_may(person, "policy.approve")
    row = (
        GateReport.objects.select_for_update(of=("self",)).select_related("version").filter(pk=report).first()
    )
    if row is None:
        raise Missing(_("There is no such gate report. Reload the page."))
    if row.outcome != Outcome.GAPS or row.gaps_signed_at is not None:
        raise Stale(_("This report has no gap that waits for a signature. Reload the page."))
    refuse_own(row.version, person)
    GateReport.objects.filter(pk=row.pk).update(gaps_signed_by=person, gaps_signed_at=Now())
    data = {"version": str(row.version_id), "report": str(row.pk)}
    record(verb="gate.gaps_signed", actor=Actor.person(person.pk), subjects=[row.version_id], data=data)
    settle_emergency(row.version)


@transaction.atomic
def note_engine(*, engine: str) -> bool:
    """Tell which engine identity judges live items now; reports of any other are stale from here on.

    Returns whether it changed. Called by the rooms above whenever an endpoint answers with another identity.
    """
    held = EngineInForce.objects.select_for_update().first()
    if held is not None and held.engine == engine:
        return False
    EngineInForce.objects.update_or_create(id=1, defaults={"engine": engine, "since": Now()})
    data = {"before": held.engine if held else None, "after": engine}
    record(verb="gate.engine_changed", actor=SWEEPER, subjects=[], data=data)
    return True


@transaction.atomic
def ask_waiver(*, version: UUID, kind: WaiverKind, reason: str, person: Person) -> GateWaiver:
    """Ask for a way past the gate for exactly this text with its cases; somebody else has to grant it.

    Raises StaleVersion unless it is proposed or approved, Stale where one was asked for already, Forbidden, Missing.
    """
    _check_party(person)
    row = found_version(version, lock=True)
    if row.state not in (VersionState.PROPOSED, VersionState.APPROVED):
        refuse_stale(row)
    why = checked_reason(reason)
    if not why:
        raise ProductError(_("Say why this text has to pass the gate; the reason is kept with the version."))
    try:
        with transaction.atomic():
            waiver = GateWaiver.objects.create(
                version=row, gate_hash=row.gate_hash, kind=kind, reason=why, asked_by=person
            )
    except IntegrityError as error:
        raise Stale(_("Somebody asked for this already. Another person has to grant it.")) from error
    data = {"version": str(row.pk), "waiver": str(waiver.pk), "kind": str(kind), "hash": row.gate_hash}
    record(verb="gate.waiver_asked", actor=Actor.person(person.pk), subjects=[row.pk], data=data)
    return waiver


@transaction.atomic
def grant_waiver(*, waiver: UUID, person: Person) -> None:
    """Grant what another person asked for; never the asker, never a writer of the text.

    Raises Stale where it was granted or the text changed, OwnVersion, Missing, Forbidden.
    """
    check_may(person, "policy.approve")
    held = (
        GateWaiver.objects.select_for_update(of=("self",)).select_related("version").filter(pk=waiver).first()
    )
    if held is None:
        raise Missing(_("Nobody asked for this. Reload the page."))
    if held.asked_by_id == person.pk:
        raise Forbidden(_("You asked for this. A second person has to grant it."))
    refuse_own(held.version, person)
    if held.granted_at is not None or held.gate_hash != held.version.gate_hash:
        raise Stale(
            _("This was granted already, or the text changed since it was asked for. Reload the page.")
        )
    GateWaiver.objects.filter(pk=held.pk).update(granted_by=person, granted_at=Now())
    data = {"version": str(held.version_id), "waiver": str(held.pk), "kind": held.kind}
    record(verb="gate.waiver_granted", actor=Actor.person(person.pk), subjects=[held.version_id], data=data)


def check_gate(row: Version, *, gaps_to_be_signed: bool = False) -> Entry | None:
    """What lets the version through now; None where the approver still has to sign a gap and is about to.

    Raises GateClosed with the state and the blockers.
    """
    state, report = standing_of(row)
    way_in = entry(state, Outcome(report.outcome) if report else None)
    if way_in is not None or (gaps_to_be_signed and state is GateState.GAPS):
        return way_in
    blockers = report.blockers if report is not None and state is GateState.BLOCKED else []
    named = "; ".join(_named(Blocker(*each)) for each in blockers[:5])
    more = _("; and %(count)s more") % {"count": len(blockers) - 5} if len(blockers) > 5 else ""
    raise GateClosed(f"{WORDS[state]} {named}{more}".strip(), state=str(state), blockers=blockers)


def _named(blocker: Blocker) -> str:
    values = {"case": blocker.case, "section": blocker.section, "message": blocker.message}
    if blocker.case and blocker.section:
        return _("case %(case)s of %(section)s: %(message)s") % values
    if blocker.case:
        return _("case %(case)s: %(message)s") % values
    return f"{blocker.section}: {blocker.message}"


def settle_emergency(row: Version) -> None:
    """A version that came into force as an emergency is an ordinary one once its gate has passed."""
    fresh = found_version(row.pk)
    if fresh.state != VersionState.PUBLISHED or fresh.gate not in (Entry.EMERGENCY, Entry.EXPIRED):
        return
    engine = EngineInForce.objects.values_list("engine", flat=True).first()
    report = newest_report(fresh, engine)
    if report is None:
        return
    told = Found(report.gate_hash, report.engine, Outcome(report.outcome), report.gaps_signed_at is not None)
    state = gate_state(wanted=fresh.gate_hash, engine=engine, report=told, waiver=None)
    way_in = entry(state, told.outcome)
    if way_in is not None:
        Version.objects.filter(pk=fresh.pk).update(gate=way_in, gate_due_at=None, gate_waived=False)
        data = {"version": str(fresh.pk), "gate": str(way_in)}
        record(verb="gate.emergency_gated", actor=SWEEPER, subjects=[fresh.pk], data=data)


def _check_party(person: Person) -> None:
    if not may(person.roles, "policy.draft"):
        check_may(person, "policy.approve")
