"""The read door of the gate: where a version stands, the report that says so, and who waived what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from reviewapp.policies.gate_rows import standing_of
from reviewapp.policies.models import EngineInForce, GateReport, GateWaiver, Version
from reviewapp.policies.rules_gate import WORDS, Blocker, GateState
from reviewapp.ui.errors import Missing


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One gate report; `sections` are the lab's figures, `fresh` says whether it is about this text and engine."""

    id: UUID
    run: UUID
    outcome: str
    model: str
    engine: str
    case_count: int
    repeats: int
    at: datetime
    sections: tuple[dict[str, Any], ...]
    blockers: tuple[Blocker, ...]
    gaps_signed_by: str


@dataclass(frozen=True, slots=True)
class WaiverLine:
    """A waiver that was asked for, perhaps granted."""

    id: UUID
    kind: str
    reason: str
    asked_by: str
    asked_by_id: UUID
    asked_at: datetime
    granted_by: str
    granted_at: datetime | None


@dataclass(frozen=True, slots=True)
class GateStanding:
    """Where a version stands before the gate; `opens` is true where it may be approved, a gap being signed at most."""

    state: GateState
    words: str
    opens: bool
    report: ReportLine | None
    waiver: WaiverLine | None


def gate_standing(version_id: UUID) -> GateStanding:
    """Where the version stands before the gate now. Raises Missing."""
    row = Version.objects.defer("source", "model_text").filter(pk=version_id).first()
    if row is None:
        raise Missing(_("There is no such version. Look at the policy's list of versions."))
    state, report = standing_of(row)
    waiver = (
        GateWaiver.objects.filter(version=row, gate_hash=row.gate_hash)
        .select_related("asked_by", "granted_by")
        .first()
    )
    closed = {GateState.MISSING, GateState.STALE_TEXT, GateState.STALE_ENGINE, GateState.BLOCKED}
    return GateStanding(
        state,
        str(WORDS[state]),
        state not in closed,
        _report(report) if report else None,
        _waiver(waiver) if waiver else None,
    )


@dataclass(frozen=True, slots=True)
class Passing:
    """How many of a version's cases were right in the newest gate run on its text and cases as they are."""

    right: int
    n: int


def passing_of(version_ids: Iterable[UUID]) -> dict[UUID, Passing]:
    """What the newest gate run says of each version; one whose text or cases it does not know is left out."""
    rows = (
        GateReport.objects.filter(version__in=list(version_ids), gate_hash=F("version__gate_hash"))
        .order_by("version", "-at", "-pk")
        .distinct("version")
    )
    return {
        key: Passing(sum(each["right"] for each in figures), sum(each["n"] for each in figures))
        for key, figures in rows.values_list("version", "sections")
    }


def engine_in_force() -> str | None:
    """The engine identity that reports have to name; None before the first was told."""
    return EngineInForce.objects.values_list("engine", flat=True).first()


def _report(row: GateReport) -> ReportLine:
    return ReportLine(
        row.pk, row.run, row.outcome, row.model, row.engine, row.case_count, row.repeats, row.at, tuple(row.sections),
        tuple(Blocker(*each) for each in row.blockers), str(row.gaps_signed_by) if row.gaps_signed_by else "",
    )  # fmt: skip


def _waiver(row: GateWaiver) -> WaiverLine:
    return WaiverLine(
        row.pk, row.kind, row.reason, str(row.asked_by), row.asked_by_id, row.asked_at,
        str(row.granted_by) if row.granted_by else "", row.granted_at,
    )  # fmt: skip
