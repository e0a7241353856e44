"""The read door of screening for review: verdicts of an item, and why there is none. All lists put the lead first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from reviewapp.policies import reads as policies
from reviewapp.policies.models import Section
from reviewapp.questions import Answer, Rows, Trip, as_they_are
from reviewapp.screening import rules
from reviewapp.screening.models import CurrentVerdict, Score, Stability
from reviewapp.screening.reasons import reason_words
from reviewapp.screening.rules import JudgementState, RunKind

OPEN: Final = frozenset({JudgementState.PENDING.value, JudgementState.LEASED.value})
LOOKS: Final = frozenset({RunKind.LIVE.value, RunKind.SECOND_LOOK.value})
# Of the runs of the lab, which may have asked about the item hundreds of times, only what is still open.
_ASKED: Final = """
    SELECT j.id, r.kind, r.engine_id IS NOT NULL, w.policy_id, j.version_id, p.slug, p.family, w.title, w.number, j.state,
        j.lane, j.failure_kind, j.failure_reason, coalesce(u.raw, ''), u.at
    FROM screening_judgement j JOIN screening_run r ON r.id = j.run_id
    JOIN policies_version w ON w.id = j.version_id JOIN policies_policy p ON p.id = w.policy_id
    LEFT JOIN screening_unreadanswer u ON u.judgement_id = j.id
    WHERE j.item_id = %s AND (r.kind IN ('live', 'second_look') OR j.state IN ('pending', 'leased'))
    ORDER BY p.slug, w.number, j.replica
"""
# The current verdict of a policy is always one of a live or a second-look run.
_ANSWERED: Final = """
    SELECT v.id, v.judgement_id, c.verdict_id IS NOT NULL, s.looks, s.agree, s.unstable,
        v.label, v.confidence, v.rationale, v.model, v.effort, v.at, v.policy_hash, v.sections, v.evidence_for,
        v.evidence_against, v.reasoning, e.practice, v.injection_suspected, v.unknown_sections, v.dropped_quotes,
        v.seconds, v.parts, v.place
    FROM screening_verdict v JOIN screening_engine e ON e.id = v.engine_id
    LEFT JOIN screening_currentverdict c ON c.item_id = v.item_id AND c.verdict_id = v.id
    LEFT JOIN screening_stability s ON s.item_id = v.item_id AND s.version_id = v.version_id
    WHERE v.judgement_id IN (
        SELECT j.id FROM screening_judgement j JOIN screening_run r ON r.id = j.run_id
        WHERE j.item_id = %s AND r.kind IN ('live', 'second_look')
    ) ORDER BY v.at, v.id
"""


@dataclass(frozen=True, slots=True)
class PanelSection:
    """One section of the version that was sent; `cited`: the verdict names it."""

    code: str
    title: str
    severity: int
    model_text: str
    guidance: str
    cited: bool
    violating: tuple[str, ...]
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherLook:
    """Another verdict on the same item under the same version; `escalated`: of a second model that was asked."""

    label: str
    confidence: str
    rationale: str
    model: str
    effort: str
    escalated: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class PanelVerdict:
    """One current verdict as the review screen shows it, with all sections of its pinned version."""

    verdict_id: UUID
    policy_id: UUID
    slug: str
    title: str
    number: int
    version_id: UUID
    hash: str
    label: str
    confidence: str
    sections: tuple[PanelSection, ...]
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    rationale: str
    reasoning: str
    model: str
    practice: bool
    injection_suspected: bool
    unknown_sections: tuple[str, ...]
    dropped_quotes: int
    effort: str
    seconds: float
    at: datetime
    looks: int = 1
    agree: int = 1
    unstable: bool = False
    looking: bool = False
    parts: int = 1
    place: tuple[int, int] | None = None
    family: str | None = None
    others: tuple[OtherLook, ...] = ()

    @property
    def stability(self) -> str:
        """How several looks compare, in words: `unstable (2 of 3)`; empty when it was judged once."""
        if self.looking:
            return _("being judged again")
        if self.looks < 2:
            return ""
        counts = {"agree": self.agree, "looks": self.looks}
        return (
            _("unstable (%(agree)d of %(looks)d)") % counts
            if self.unstable
            else _("stable (%(agree)d of %(looks)d)") % counts
        )

    @property
    def cited(self) -> tuple[PanelSection, ...]:
        """The sections that the verdict rests on."""
        return tuple(section for section in self.sections if section.cited)

    @property
    def severity(self) -> int:
        """The highest severity of the cited sections, 0 without any."""
        return max((section.severity for section in self.cited), default=0)

    @property
    def notice(self) -> str:
        """What must stand beside a verdict that no language model gave."""
        return str(rules.PRACTICE_NOTICE) if self.practice else ""


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """What admission needs of the lead verdict; `severity` is the highest of its cited sections, 0 without any."""

    policy: str
    label: str
    severity: int
    confidence: str
    sections: tuple[str, ...]
    injection: bool
    reasons: tuple[str, ...] = ()
    unstable: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One judgement about an item: of which run and version, where it stands, and what came in place of a verdict."""

    judgement: UUID
    kind: str
    of_engine: bool
    policy_id: UUID
    version_id: UUID
    slug: str
    family: str | None
    title: str
    number: int
    state: str
    lane: int
    failure_kind: str
    failure_reason: str
    raw: str
    raw_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it waits or is being judged."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Unread:
    """What the reasoner sent for an item in place of a verdict that could be read; `why` is a sentence."""

    policy: str
    why: str
    raw: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Said:
    """What machines were asked about an item, and what they said, lead first. `why_not`: what is missing, in words.

    `unread` holds for each policy without a verdict what was sent in place of one. For people only, never for keys.
    """

    asked: tuple[Asked, ...]
    panel: tuple[PanelVerdict, ...]
    why_not: str
    unread: tuple[Unread, ...]

    @property
    def pending(self) -> bool:
        """Whether anything is still being judged."""
        return any(each.is_open for each in self.asked)


def said_of(item_id: UUID) -> Said:
    """What machines were asked about an item and said of it: one trip, a second where nothing did."""
    return said_on(Trip(), item_id)()


def said_on(trip: Trip, item_id: UUID) -> Answer[Said]:
    """The same, asked along with others."""
    asked = trip.ask(_ASKED, [item_id], lambda rows: tuple(Asked(*row) for row in rows))
    answered = trip.ask(_ANSWERED, [item_id], as_they_are)

    def said() -> Said:
        panel = _panel(asked(), answered())
        return Said(asked(), tuple(panel), _why_not(item_id, asked(), panel), _unread(asked()))

    return said


def verdict_panel(item_id: UUID) -> list[PanelVerdict]:
    """The current verdicts of an item, lead first: violating, highest severity of cited sections, then confidence."""
    return list(said_of(item_id).panel)


def _panel(asked: Sequence[Asked], rows: Rows) -> list[PanelVerdict]:
    """The verdicts that are shown, with those of second looks under the same versions beside them."""
    # A judgement that was made between the two statements is not known by the first.
    questions = {each.judgement: each for each in asked if each.kind in LOOKS}
    rows = [row for row in rows if row[1] in questions]
    looking = {each.version_id for each in asked if each.kind == RunKind.SECOND_LOOK and each.is_open}
    panel = []
    for verdict, judgement, current, looks, agree, unstable, *said in rows:
        if current:
            asked_as = questions[judgement]
            others = tuple(
                _other(questions[row[1]], row[6:])
                for row in rows
                if row[0] != verdict and questions[row[1]].version_id == asked_as.version_id
            )
            stability = {"looks": looks, "agree": agree, "unstable": unstable} if looks else {}
            panel.append(
                _panel_verdict(
                    verdict,
                    asked_as,
                    said,
                    looking=asked_as.version_id in looking,
                    others=others,
                    **stability,
                )
            )
    return sorted(
        panel, key=lambda each: (*rules.rank_verdict(each.label, each.severity, each.confidence), each.slug)
    )


def _panel_verdict(verdict: UUID, asked: Asked, said: Sequence[Any], **more: Any) -> PanelVerdict:
    (
        label, confidence, rationale, model, effort, at, policy_hash, cited, evidence_for, evidence_against, reasoning,
        practice, injection, unknown, dropped, seconds, parts, place,
    ) = said  # fmt: skip
    return PanelVerdict(
        verdict_id=verdict, policy_id=asked.policy_id, slug=asked.slug, title=asked.title, number=asked.number,
        version_id=asked.version_id, hash=policy_hash, label=label, confidence=confidence,
        sections=tuple(
            PanelSection(
                each.code, each.title, each.severity, each.model_text, each.guidance, each.code in cited,
                each.violating, each.allowed,
            )
            for each in policies.version_sections(asked.version_id)
        ),
        evidence_for=tuple(evidence_for), evidence_against=tuple(evidence_against), rationale=rationale,
        reasoning=reasoning, model=model, practice=practice, injection_suspected=injection,
        unknown_sections=tuple(unknown), dropped_quotes=dropped, effort=effort, seconds=seconds, at=at, parts=parts,
        place=(place[0], place[1]) if place else None, family=asked.family, **more,
    )  # fmt: skip


def _other(asked: Asked, said: Sequence[Any]) -> OtherLook:
    label, confidence, rationale, model, effort, at = said[:6]
    escalated = asked.kind == RunKind.SECOND_LOOK and asked.of_engine
    return OtherLook(label, confidence, rationale, model, effort, escalated, at)


def lead_facts(item_ids: Sequence[UUID]) -> dict[UUID, LeadFacts]:
    """The lead verdict of each item that has one."""
    rows = (
        CurrentVerdict.objects.filter(item__in=list(item_ids))
        .select_related("verdict", "policy")
        .defer("verdict__raw", "verdict__reasoning", "verdict__rationale")
    )
    found: dict[UUID, list[LeadFacts]] = defaultdict(list)
    currents = list(rows)
    severities = _severities({current.verdict.version_id for current in currents})
    unstable = set(
        Stability.objects.filter(item__in=list(item_ids), unstable=True).values_list("item_id", "version_id")
    )
    for current in currents:
        verdict = current.verdict
        cited = [severities.get((verdict.version_id, code), 0) for code in verdict.sections]
        found[current.item_id].append(
            LeadFacts(
                current.policy.slug, verdict.label, max(cited, default=0), verdict.confidence,
                tuple(verdict.sections), verdict.injection_suspected,
                unstable=(current.item_id, verdict.version_id) in unstable,
            )
        )  # fmt: skip
    return {
        item: min(
            facts,
            key=lambda each: (*rules.rank_verdict(each.label, each.severity, each.confidence), each.policy),
        )
        for item, facts in found.items()
    }


def _why_not(item_id: UUID, asked: Sequence[Asked], panel: Sequence[PanelVerdict]) -> str:
    """Why an item has no machine verdict, or not all of them, in plain words; empty when it has all it was asked for."""
    # Of a policy only what was asked last counts: what failed and was asked anew is not missing any more.
    last = {each.policy_id: each for each in asked if each.kind == RunKind.LIVE}
    parts = [f"{each.title}: {_words(each)}" for each in last.values() if each.state != "done"]
    if parts:
        return "; ".join(parts)
    if panel:
        return ""
    score = Score.objects.filter(item=item_id).order_by("-scored_at").first()
    if score is None:
        return str(rules.WHY_WORDS[rules.Why.NOT_SCORED])
    why = rules.Why(score.why)
    if score.route == rules.Route.PASS:
        return _("the prefilter passed it; it came back later")
    return str(rules.WHY_WORDS[why])


def _unread(asked: Sequence[Asked]) -> tuple[Unread, ...]:
    left = [each for each in asked if each.raw and each.kind == RunKind.LIVE and each.state != "done"]
    left.sort(key=lambda each: each.title)
    return tuple(
        Unread(each.title, reason_words(each.failure_reason), each.raw, each.raw_at) for each in left
    )


def _words(asked: Asked) -> str:
    if asked.state != "failed":
        return str(rules.FAILURE_WORDS["pending"])
    return rules.failure_words(asked.failure_kind, asked.failure_reason)


def _severities(versions: set[UUID]) -> dict[tuple[UUID, str], int]:
    rows = Section.objects.filter(version__in=versions).values_list("version_id", "code", "severity")
    return {(version, code): severity for version, code, severity in rows}


def waiting(limit: int = 10_000) -> tuple[int, int]:
    """How many judgements wait and how many are out on a lease, each counted up to `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM (SELECT FROM screening_judgement WHERE state = 'pending' LIMIT %s) AS p),
                   (SELECT count(*) FROM (SELECT FROM screening_judgement WHERE state = 'leased' LIMIT %s) AS l)
            """,
            [limit, limit],
        )
        row = cursor.fetchone()
    return int(row[0]), int(row[1])
