"""The read door of screening for review: verdicts of an item, and why there is none. All lists put the lead first."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from reviewapp.policies import reads as policies
from reviewapp.policies.models import Section
from reviewapp.screening import rules
from reviewapp.screening.models import CurrentVerdict, Judgement, Score, Stability, UnreadAnswer, Verdict


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
    policy: str
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
            return "being judged again"
        if self.looks < 2:
            return ""
        return f"{'unstable' if self.unstable else 'stable'} ({self.agree} of {self.looks})"

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
        return rules.PRACTICE_NOTICE if self.practice else ""


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


def verdict_panel(item_id: UUID) -> list[PanelVerdict]:
    """The current verdicts of an item, lead first: violating, highest severity of cited sections, then confidence."""
    rows = [
        current.verdict
        for current in CurrentVerdict.objects.filter(item=item_id).select_related(
            "verdict__version__policy", "verdict__engine"
        )
    ]
    sections = policies.sections_of({row.version_id for row in rows})
    looks = _looks(item_id)
    panel = [replace(_panel_verdict(row, sections[row.version_id]), **looks(row)) for row in rows]
    return sorted(
        panel, key=lambda each: (*rules.rank_verdict(each.label, each.severity, each.confidence), each.slug)
    )


def _looks(item_id: UUID) -> Callable[[Verdict], dict[str, Any]]:
    """What second looks at an item add to a verdict of it."""
    kept = {row.version_id: row for row in Stability.objects.filter(item=item_id)}
    again = Judgement.objects.filter(item=item_id, run__kind="second_look", state__in=["pending", "leased"])
    looking = set(again.values_list("version_id", flat=True))
    rows = list(
        Verdict.objects.filter(item=item_id, judgement__run__kind__in=["live", "second_look"])
        .select_related("judgement__run")
        .order_by("at", "pk")
    )

    def found(shown: Verdict) -> dict[str, Any]:
        stability = kept.get(shown.version_id)
        others = [row for row in rows if row.version_id == shown.version_id and row.pk != shown.pk]
        told: dict[str, Any] = {
            "looking": shown.version_id in looking,
            "others": tuple(
                OtherLook(
                    row.label, row.confidence, row.rationale, row.model, row.effort,
                    row.judgement.run.kind == "second_look" and row.judgement.run.engine_id is not None, row.at,
                )
                for row in others
            ),
        }  # fmt: skip
        if stability:
            told |= {"looks": stability.looks, "agree": stability.agree, "unstable": stability.unstable}
        return told

    return found


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


def pending_and_failed(item_id: UUID) -> str:
    """Why an item has no machine verdict, or not all of them, in plain words; empty when it has all it was asked for."""
    asked = (
        Judgement.objects.filter(item=item_id, run__kind="live")
        .select_related("version__policy")
        .order_by("version__policy__slug", "version__number", "replica")
    )
    # Of a policy only what was asked last counts: what failed and was asked anew is not missing any more.
    last = {each.version.policy_id: each for each in asked}
    parts = [f"{each.version.title}: {_words(each)}" for each in last.values() if each.state != "done"]
    if parts:
        return "; ".join(parts)
    if CurrentVerdict.objects.filter(item=item_id).exists():
        return ""
    score = Score.objects.filter(item=item_id).order_by("-scored_at").first()
    if score is None:
        return rules.WHY_WORDS[rules.Why.NOT_SCORED]
    why = rules.Why(score.why)
    if score.route == rules.Route.PASS:
        return "the prefilter passed it; it came back later"
    return rules.WHY_WORDS[why]


@dataclass(frozen=True, slots=True)
class Unread:
    """What the reasoner sent for an item in place of a verdict that could be read; `why` is a sentence."""

    policy: str
    why: str
    raw: str
    at: datetime


def unread_answers(item_id: UUID) -> list[Unread]:
    """For each policy without a verdict on the item: what was sent in place of one. For people only, never for keys."""
    rows = (
        UnreadAnswer.objects.filter(judgement__item=item_id, judgement__run__kind="live")
        .exclude(raw="")
        .exclude(judgement__state="done")
        .select_related("judgement__version")
        .order_by("judgement__version__title")
    )
    return [
        Unread(row.judgement.version.title, row.judgement.failure_reason, row.raw, row.at) for row in rows
    ]


def _words(judgement: Judgement) -> str:
    if judgement.state != "failed":
        return rules.FAILURE_WORDS["pending"]
    return rules.failure_words(judgement.failure_kind, judgement.failure_reason)


def _severities(versions: set[UUID]) -> dict[tuple[UUID, str], int]:
    rows = Section.objects.filter(version__in=versions).values_list("version_id", "code", "severity")
    return {(version, code): severity for version, code, severity in rows}


def _panel_verdict(row: Verdict, sections: Sequence[policies.VersionSection]) -> PanelVerdict:
    return PanelVerdict(
        verdict_id=row.pk,
        policy=row.version.policy.slug,
        slug=row.version.policy.slug,
        title=row.version.title,
        number=row.version.number,
        version_id=row.version_id,
        hash=row.policy_hash,
        label=row.label,
        confidence=row.confidence,
        sections=tuple(
            PanelSection(
                each.code, each.title, each.severity, each.model_text, each.guidance, each.code in row.sections,
                tuple(each.violating), tuple(each.allowed),
            )
            for each in sections
        ),
        evidence_for=tuple(row.evidence_for),
        evidence_against=tuple(row.evidence_against),
        rationale=row.rationale,
        reasoning=row.reasoning,
        model=row.model,
        practice=row.engine.practice,
        injection_suspected=row.injection_suspected,
        unknown_sections=tuple(row.unknown_sections),
        dropped_quotes=row.dropped_quotes,
        effort=row.effort,
        seconds=row.seconds,
        at=row.at,
        parts=row.parts,
        place=(row.place[0], row.place[1]) if row.place else None,
        family=row.version.policy.family,
    )  # fmt: skip


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
