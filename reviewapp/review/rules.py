"""What a task, a label, an action and a decision may be; where an item queues and what a decision answers. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from reviewapp.ui.languages import base_of
from reviewapp.ui.states import State
from reviewapp.ui.words import Words


class TaskKind(StrEnum):
    """Why a person is asked. Only first and appeal tasks change the item's state."""

    FIRST = "first"
    SECOND = "second"
    APPEAL = "appeal"
    SAMPLE = "sample"
    GOLDEN = "golden"


class TaskState(StrEnum):
    """Where a task stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    HELD = "held"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class UnsentForm(StrEnum):
    """What somebody types on an item beside the call."""

    NOTE = "note"
    CASE = "case"


class NoteKind(StrEnum):
    """Why a note was written."""

    NOTE = "note"
    HOLD = "hold"
    HANDOVER = "handover"
    TAKE_OVER = "take_over"
    ESCALATION = "escalation"


NOTE_WORDS: Final[dict[str, Words]] = {
    NoteKind.NOTE.value: _("note"),
    NoteKind.HOLD.value: _("held it"),
    NoteKind.HANDOVER.value: _("handed it over"),
    NoteKind.TAKE_OVER.value: _("took it over"),
    NoteKind.ESCALATION.value: _("escalated it"),
}

OPEN_TASK_STATES: Final = ("waiting", "claimed", "held")

TASK_STATES: Final[dict[str, State]] = {
    "waiting": State(_("Waiting"), _("moderator"), _("is claimed by the next person"), ("claimed", "withdrawn")),
    "claimed": State(
        _("Claimed"), _("the person who claimed it"), _("is decided, skipped, held, or returns at the end of its lease"),
        ("waiting", "held", "done", "withdrawn"),
    ),
    "held": State(_("Held"), _("the person who holds it"), _("returns at its time"), ("claimed", "waiting", "done", "withdrawn")),
    "done": State(_("Done"), _("nobody"), _("stays, unless the decision is undone"), ("claimed", "waiting")),
    "withdrawn": State(_("Withdrawn"), _("nobody"), _("the item was replaced, erased or restricted")),
}  # fmt: skip


class Label(StrEnum):
    """What a person says of an item."""

    VIOLATES = "violates"
    ALLOWED = "allowed"


class DecisionKind(StrEnum):
    """Which round of deciding this is."""

    FIRST = "first"
    REPLACED = "replaced"
    UNDONE = "undone"
    APPEAL = "appeal"
    SECOND = "second"


class Call(StrEnum):
    """What a decision did with a verdict that was on the screen."""

    AGREED = "agreed"
    OVERRIDDEN = "overridden"
    NOT_CONSIDERED = "not_considered"


CHANGES_THE_ITEM: Final = frozenset({TaskKind.FIRST.value, TaskKind.APPEAL.value})
"""Kinds whose decision moves the item; second, sample and golden tasks never do."""

LEASE_SECONDS: Final = 300
RESERVE_SECONDS: Final = 60
SKIP_MINUTES: Final = 30
CANDIDATES: Final = 64
COUNT_CAP: Final = 25_000
"""Waiting items are counted up to this many; a longer queue says “25,000+”."""

URGENT_TIER: Final = 1
USUAL_TIER: Final = 5
_URGENT_FLAGS: Final = ("authority_order", "legal_notice")
_URGENT_RESPONSES: Final = ("escalate:threat_to_life", "escalate:child_safety", "escalate:terrorism")
_SEVERITY_MINUTES: Final = {0: 0, 1: 0, 2: 15, 3: 45, 4: 120}
DOUBT_MINUTES: Final = 20
REPORT_MINUTES: Final = 5
MOST_REPORT_MINUTES: Final = 60


@dataclass(frozen=True, slots=True)
class Facts:
    """What routing and ranking may know of an item. `severity` is 0 without a violating verdict.

    `language` is what was sent, else what was `detected`, else `und`.
    """

    source: str
    policies: frozenset[str] = frozenset()
    flag_kinds: tuple[str, ...] = ()
    label: str = ""
    severity: int = 0
    confidence: str = ""
    responses: frozenset[str] = frozenset()
    since: datetime | None = None
    deadline: datetime | None = None
    language: str = "und"
    detected: bool = False
    country: str = ""
    author: str = ""


NO_LABEL: Final = "none"
"""What a rule or a filter names where no machine has said anything."""


@dataclass(frozen=True, slots=True)
class Route:
    """One routing rule: every named condition must hold; one that names nothing matches everything."""

    queue: UUID
    policies: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    flag_kinds: frozenset[str] = frozenset()
    severity_from: int = 0
    labels: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()
    confidences: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rank:
    """Where an item stands in its queue: tier first, then `rank_at`; `terms` are minutes, and the urgent words."""

    tier: int
    rank_at: datetime
    due_at: datetime
    terms: dict[str, Any]


def route(rules: Sequence[Route], facts: Facts, default: UUID) -> UUID:
    """The queue of the first rule whose conditions all hold, else `default`."""
    return next((rule.queue for rule in rules if _matches(rule, facts)), default)


def _matches(rule: Route, facts: Facts) -> bool:
    return not misses(rule, facts)


def misses(rule: Route, facts: Facts) -> list[str]:
    """The conditions of `rule` that `facts` do not meet, each as a marked English word; none where the rule fires."""
    held = {
        gettext_noop("policy"): not rule.policies or not rule.policies.isdisjoint(facts.policies),
        gettext_noop("source"): not rule.sources or facts.source in rule.sources,
        gettext_noop("flag"): not rule.flag_kinds or not rule.flag_kinds.isdisjoint(facts.flag_kinds),
        gettext_noop("severity"): facts.severity >= rule.severity_from,
        gettext_noop("label"): not rule.labels or (facts.label or NO_LABEL) in rule.labels,
        gettext_noop("language"): not rule.languages
        or base_of(facts.language) in map(base_of, rule.languages),
        gettext_noop("country"): not rule.countries or facts.country in rule.countries,
        gettext_noop("author"): not rule.authors or facts.author in rule.authors,
        gettext_noop("confidence"): not rule.confidences or facts.confidence in rule.confidences,
    }
    return [condition for condition, holds in held.items() if not holds]


def rank(facts: Facts, *, target_minutes: int, now: datetime) -> Rank:
    """Tier and place: the time due under the queue's target minus a head start in minutes.

    Head start: 15, 45 or 120 for severity 2, 3 or 4; 20 for doubt (no verdict, unsure, low confidence); 5 for each
    report of a person up to 60. A deadline that came with a flag moves the due time forward, never back.
    """
    due = (facts.since or now) + timedelta(minutes=target_minutes)
    return rank_again(facts, due=due)


def rank_again(facts: Facts, *, due: datetime) -> Rank:
    """The same for an item that has a due time already."""
    if facts.deadline is not None:
        due = min(due, facts.deadline)
    reports = sum(kind != "automated" for kind in facts.flag_kinds)
    terms: dict[str, Any] = {
        "severity": _SEVERITY_MINUTES[facts.severity],
        "doubt": DOUBT_MINUTES if in_doubt(facts.label, facts.confidence) else 0,
        "reports": min(reports * REPORT_MINUTES, MOST_REPORT_MINUTES),
    }
    head_start = timedelta(minutes=sum(terms.values()))
    urgent = urgency(facts)
    if urgent:
        terms["urgent"] = urgent
    return Rank(URGENT_TIER if urgent else USUAL_TIER, due - head_start, due, terms)


def in_doubt(label: str, confidence: str) -> bool:
    """Whether the machine left the question open."""
    return label in {"", "unsure"} or confidence == "low"


def urgency(facts: Facts) -> list[str]:
    """Why an item goes before all others: orders and legal notices, and sections that ask for an escalation."""
    flags = [kind for kind in _URGENT_FLAGS if kind in facts.flag_kinds]
    return flags + [each.partition(":")[2] for each in _URGENT_RESPONSES if each in facts.responses]


_TERM_WORDS: Final = {
    "authority_order": _("authority order"),
    "legal_notice": _("legal notice"),
    "threat_to_life": _("threat to life"),
    "child_safety": _("child safety"),
    "terrorism": _("terrorism"),
}


def why_here(terms: Mapping[str, Any], *, severity: int, reports: int) -> str:
    """The terms of a rank as words, most pressing first: `threat to life · due time · severity 3 · reported by 2`."""
    words = [str(_TERM_WORDS[each]) for each in terms.get("urgent", ()) if each in _TERM_WORDS]
    words.append(gettext("due time"))
    if terms.get("severity"):
        words.append(gettext("severity %(severity)d") % {"severity": severity})
    if terms.get("doubt"):
        words.append(gettext("the machine is in doubt"))
    if reports:
        words.append(gettext("reported by %(reports)d") % {"reports": reports})
    return " · ".join(words)


LABEL_WORDS: Final[dict[str, Words]] = {
    "violates": _("Violates"),
    "allowed": _("Allowed"),
    "unsure": _("Unsure"),
}
ORDER_WORDS: Final[dict[str, Words]] = {"urgent": _("Most urgent first"), "oldest": _("Oldest first")}
CONFIDENCE_WORDS: Final[dict[str, Words]] = {
    "low": _("low confidence"),
    "medium": _("medium confidence"),
    "high": _("high confidence"),
}

DECISION_WORDS: Final[dict[str, Words]] = {
    DecisionKind.FIRST.value: _("first decision"),
    DecisionKind.REPLACED.value: _("replaced decision"),
    DecisionKind.UNDONE.value: _("undone decision"),
    DecisionKind.APPEAL.value: _("appeal decision"),
    DecisionKind.SECOND.value: _("second decision"),
}

REASONS: Final[dict[str, Words]] = {
    "exception_applies": _("Exception applies"),
    "context_missed": _("Context missed by reasoner"),
    "wrong_section": _("Wrong section, still violates"),
    "quoted_speech": _("Quoted or reported speech"),
    "policy_unclear": _("Policy unclear"),
}
"""Why a person disagrees: code to words, in the order of the keys ⇧1–5."""


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """One verdict that stood on the screen, as far as a decision answers it."""

    id: UUID
    version: UUID
    label: str
    sections: frozenset[str]


def can_confirm(label: str | None) -> bool:
    """Only a verdict that says violates or allowed can be confirmed."""
    return label in {Label.VIOLATES.value, Label.ALLOWED.value}


def calls_of_confirm(verdicts: Sequence[ShownVerdict], lead: UUID) -> dict[UUID, str]:
    """Confirm agrees with the lead; the other verdicts were not considered."""
    return {each.id: (Call.AGREED if each.id == lead else Call.NOT_CONSIDERED).value for each in verdicts}


def calls_of_override(
    verdicts: Sequence[ShownVerdict], lead: UUID | None, label: str, findings: frozenset[tuple[UUID, str]]
) -> dict[UUID, str]:
    """What an override did with each verdict: the lead is overridden unless it said exactly the same.

    Another verdict is considered only where a finding names its version. A verdict that could not be confirmed
    (unsure) is never overridden.
    """
    return {each.id: _call(each, each.id == lead, label, findings).value for each in verdicts}


def _call(verdict: ShownVerdict, is_lead: bool, label: str, findings: frozenset[tuple[UUID, str]]) -> Call:
    if not can_confirm(verdict.label):
        return Call.NOT_CONSIDERED
    cited = frozenset((verdict.version, section) for section in verdict.sections)
    if is_lead:
        same = verdict.label == label and (label == Label.ALLOWED.value or cited == findings)
        return Call.AGREED if same else Call.OVERRIDDEN
    if not any(version == verdict.version for version, _ in findings):
        return Call.NOT_CONSIDERED
    return Call.AGREED if verdict.label == Label.VIOLATES.value and cited & findings else Call.OVERRIDDEN


OWN_INITIATIVE: Final = "own_initiative"
_DETECTION: Final = ("authority_order", "legal_notice", "trusted_flagger", "user_report")


def detection(flag_kinds: Collection[str]) -> str:
    """How the item was found: the weightiest flag of a person, else OWN_INITIATIVE."""
    return next((kind for kind in _DETECTION if kind in flag_kinds), OWN_INITIATIVE)


DEFAULT_QUEUES: Final[tuple[tuple[str, str, str, int, tuple[str, ...]], ...]] = (
    ("threats-self-harm", "Threats and self-harm", "Danger to life first", 30, ("violence", "self-harm")),
    ("scams-spam", "Scams and spam", "Fraud, fake offers, unwanted mass posts", 240, ("fraud", "spam")),
    ("harassment-hate", "Harassment and hate", "Attacks on people and groups", 120, ("harassment", "hate")),
    ("sexual-content", "Sexual content", "Nudity, solicitation, exploitation", 120, ("sexual",)),
    ("everything-else", "Everything else", "What no other queue takes", 240, ()),
)
"""Slug, name, description, time target in minutes, and the policies routed there, in order."""
