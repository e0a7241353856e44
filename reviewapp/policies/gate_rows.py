"""What the tables say about a version before the gate, for the write door and the read door alike."""

from reviewapp.policies.models import EngineInForce, GateReport, GateWaiver, Version
from reviewapp.policies.rules_gate import Found, GateState, Outcome, Waiver, WaiverKind, gate_state


def standing_of(row: Version) -> tuple[GateState, GateReport | None]:
    """Where the version stands before the gate, and the report that says so."""
    engine = EngineInForce.objects.values_list("engine", flat=True).first()
    report = newest_report(row, engine)
    waiver = GateWaiver.objects.filter(version=row, gate_hash=row.gate_hash).first()
    state = gate_state(
        wanted=row.gate_hash, engine=engine,
        report=Found(report.gate_hash, report.engine, Outcome(report.outcome), report.gaps_signed_at is not None)
        if report else None,
        waiver=Waiver(waiver.gate_hash, WaiverKind(waiver.kind), waiver.granted_at is not None) if waiver else None,
    )  # fmt: skip
    return state, report


def newest_report(row: Version, engine: str | None) -> GateReport | None:
    """The newest report for exactly this text and engine, else the newest for this text, else the newest."""
    reports = GateReport.objects.filter(version=row).order_by("-at", "-pk")
    exact = reports.filter(gate_hash=row.gate_hash)
    return (exact.filter(engine=engine).first() if engine else None) or exact.first() or reports.first()
