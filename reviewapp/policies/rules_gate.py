"""Whether a version may pass the gate: reports, waivers, and what makes either stale. Pure."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from reviewapp.policies.rules_cases import LABEL_WORDS
from reviewapp.ui.words import Words

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


WORDS: Final[dict[GateState, Words]] = {
    GateState.MISSING: _("The gate has not been run on this text. Run it first."),
    GateState.STALE_TEXT: _(
        "The text, its cases or its targets changed after the gate was run. Run it again."
    ),
    GateState.STALE_ENGINE: _(
        "Another engine judges items now than the one the gate was run on. Run it again."
    ),
    GateState.BLOCKED: _("The gate blocks this version."),
    GateState.GAPS: _("The gate passed with too few cases in places; the approver signs for the gap."),
    GateState.PASSED: _("The gate passed."),
    GateState.OVERRIDE: _("Two people let this text past the gate."),
    GateState.EMERGENCY: _("Two people let this text past the gate as an emergency, for 72 hours."),
}


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that blocks: the case and section it is about, by id, and what is the matter, without any content.

    `facts` has a `kind`, `broken`, `silent` or `missed`, and its figures; what came without any has `stored`, a sentence.
    """

    case: str | None
    section: str | None
    stored: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """What is the matter and what to do, in the language of the reader."""
        kind = self.facts.get("kind")
        if kind not in _SENTENCES:
            return self.stored
        return " ".join(str(each) % self._values for each in _SENTENCES[kind](self.facts))

    @property
    def _values(self) -> dict[str, Any]:
        got = str(self.facts.get("got", ""))
        return {**self.facts, "case": self.case, "section": self.section, "got": LABEL_WORDS.get(got, got)}


def _broken(facts: Mapping[str, Any]) -> tuple[Words, ...]:
    return (
        _("Case %(case)s must violate %(section)s.")
        if facts["expect"] == "violates"
        else _("Case %(case)s must be allowed under %(section)s."),
        {
            "split": _("The published version says so, the draft is undecided."),
            "": _("The published version says so, the draft gives no answer."),
        }.get(facts["got"], _("The published version says so, the draft says %(got)s.")),
        _("Change the section, or the case with a reason that a second person accepts."),
    )


def _silent(facts: Mapping[str, Any]) -> tuple[Words, ...]:
    return (
        _("Case %(case)s of %(section)s got no readable answer. Look at the engine and run the gate again."),
    )


def _missed(facts: Mapping[str, Any]) -> tuple[Words, ...]:
    if facts["measure"] == "recall":
        return (
            _(
                "%(section)s misses its recall target: %(hits)s of %(n)s is proved to be at least %(lower)s %%, "
                "the target is %(target)s %%."
            ),
        )
    return (
        _(
            "%(section)s misses its precision target: %(hits)s of %(n)s is proved to be at least %(lower)s %%, "
            "the target is %(target)s %%."
        ),
    )


_SENTENCES: Final[dict[str, Callable[[Mapping[str, Any]], tuple[Words, ...]]]] = {
    "broken": _broken,
    "silent": _silent,
    "missed": _missed,
}


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
