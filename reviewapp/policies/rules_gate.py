"""Whether a version may pass the gate: reports, waivers, and what makes either stale. Pure."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EMERGENCY_HOURS: Final = 72


class Outcome(StrEnum):
    """What a gate run says."""

    PASSED = "passed"
    GAPS = "passed_with_gaps"
    BLOCKED = "blocked"


class WaiverKind(StrEnum):
    """Why two people let a text past the gate."""

    OVERRIDE = "override"
    EMERGENCY = "emergency"


class Entry(StrEnum):
    """What let a version into force."""

    PASSED = "passed"
    GAPS = "gaps_signed"
    OVERRIDE = "override"
    EMERGENCY = "emergency"
    EXPIRED = "expired"
    WAIVED = "waived"


class GateState(StrEnum):
    """Where a version stands before the gate."""

    MISSING = "missing"
    STALE_TEXT = "stale_text"
    STALE_ENGINE = "stale_engine"
    BLOCKED = "blocked"
    GAPS = "gaps"
    PASSED = "passed"
    OVERRIDE = "override"
    EMERGENCY = "emergency"


WORDS: Final[dict[GateState, str]] = {
    GateState.MISSING: "The gate has not been run on this text. Run it first.",
    GateState.STALE_TEXT: "The text, its cases or its targets changed after the gate was run. Run it again.",
    GateState.STALE_ENGINE: "Another engine judges items now than the one the gate was run on. Run it again.",
    GateState.BLOCKED: "The gate blocks this version.",
    GateState.GAPS: "The gate passed with too few cases in places; the approver signs for the gap.",
    GateState.PASSED: "The gate passed.",
    GateState.OVERRIDE: "Two people let this text past the gate.",
    GateState.EMERGENCY: f"Two people let this text past the gate as an emergency, for {EMERGENCY_HOURS} hours.",
}


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that blocks: the case and section it is about, by id, and a sentence without any content."""

    case: str | None
    section: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """The newest report as the gate's door needs it."""

    gate_hash: str
    engine: str
    outcome: Outcome
    gaps_signed: bool = False


@dataclass(frozen=True, slots=True)
class Waiver:
    """A waiver as the gate's door needs it."""

    gate_hash: str
    kind: WaiverKind
    granted: bool


def gate_hash(
    text_hash: str, effort: str, cases: str, targets: Iterable[tuple[str, float | None, float | None]]
) -> str:
    """SHA-256 over what a gate run depends on; empty for a text that has no hash, which nothing can be run on."""
    if not text_hash:
        return ""
    bound = [text_hash, effort, cases, [list(each) for each in targets]]
    return hashlib.sha256(json.dumps(bound, separators=(",", ":")).encode()).hexdigest()


def gate_state(*, wanted: str, engine: str | None, report: Found | None, waiver: Waiver | None) -> GateState:
    """Where the text `wanted` (a gate hash) stands; `engine` is the identity in force, None where none is known.

    A granted waiver for exactly this text goes before any report but a passing one.
    """
    told = _report_state(wanted, engine, report)
    if told is GateState.PASSED or waiver is None or not waiver.granted or waiver.gate_hash != wanted:
        return told
    return GateState(waiver.kind.value)


def _report_state(wanted: str, engine: str | None, report: Found | None) -> GateState:
    if report is None:
        return GateState.MISSING
    if report.gate_hash != wanted or not wanted:
        return GateState.STALE_TEXT
    if engine is not None and report.engine != engine:
        return GateState.STALE_ENGINE
    if report.outcome is Outcome.GAPS:
        return GateState.PASSED if report.gaps_signed else GateState.GAPS
    return GateState.PASSED if report.outcome is Outcome.PASSED else GateState.BLOCKED


def entry(state: GateState, outcome: Outcome | None) -> Entry | None:
    """What may let a version in this state into force; None where nothing does."""
    if state is GateState.PASSED:
        return Entry.GAPS if outcome is Outcome.GAPS else Entry.PASSED
    return {GateState.OVERRIDE: Entry.OVERRIDE, GateState.EMERGENCY: Entry.EMERGENCY}.get(state)
