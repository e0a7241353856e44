"""The read door of the inbox: overrides by cited section and reason, and how often a section is overridden."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from reviewapp.intake import reads as intake_reads
from reviewapp.lab.actions.handling import OUTCOMES
from reviewapp.lab.models import CaseResult, Study
from reviewapp.lab.rules import StudyKind
from reviewapp.lab.rules_bounds import Rate
from reviewapp.policies.models import Policy, Section, Version
from reviewapp.review.rules import REASONS
from reviewapp.ui.words import Words

SHOWN: Final = 50
WEEKS: Final = 8

# One row for each override that stands: the section that the verdict cited, else the one that the person found.
_OVERRIDES: Final = """
WITH called AS (
    SELECT d.id AS decision, d.item_id AS item, d.at, d.label, d.reason_code, d.reason, d.person_id, c.call,
           v.id AS verdict, v.label AS said, v.sections AS cited, v.confidence, v.rationale, p.id AS policy, p.slug,
           v.version_id, ver.number, mine.sections AS found,
           CASE WHEN v.label = 'violates' AND cardinality(v.sections) > 0 THEN v.sections[1]
                ELSE coalesce(mine.sections[1], '') END AS section
    FROM review_verdictcall c
    JOIN review_decision d ON d.id = c.decision_id AND d.kind <> 'undone' AND d.label IS NOT NULL
    JOIN intake_item i ON i.id = d.item_id AND i.purpose = 'live' AND NOT i.restricted AND i.state <> 'erased'
    JOIN screening_verdict v ON v.id = c.verdict_id
    JOIN policies_version ver ON ver.id = v.version_id
    JOIN policies_policy p ON p.id = ver.policy_id
    LEFT JOIN LATERAL (
        SELECT array_agg(f.section ORDER BY f.section) AS sections FROM review_finding f
        JOIN policies_version fv ON fv.id = f.version_id AND fv.policy_id = p.id WHERE f.decision_id = d.id) AS mine ON true
    WHERE c.call IN ('overridden', 'agreed') AND d.release_at <= clock_timestamp()
      AND NOT EXISTS (SELECT FROM review_decision n WHERE n.replaces_id = d.id)
      AND (%(policy)s = '' OR p.slug = %(policy)s)
)
"""

_GROUPS: Final = (
    _OVERRIDES
    + """
SELECT slug, policy, section, reason_code, count(*), count(*) FILTER (WHERE h.id IS NULL), max(called.at),
       count(*) FILTER (WHERE said = 'violates' AND label = 'allowed'),
       count(*) FILTER (WHERE said = 'allowed' AND label = 'violates')
FROM called LEFT JOIN lab_handling h ON h.decision_id = called.decision
WHERE call = 'overridden' GROUP BY slug, policy, section, reason_code
ORDER BY count(*) FILTER (WHERE h.id IS NULL) DESC, count(*) DESC, max(called.at) DESC
"""
)

_SECTION_TALLY: Final = (
    _OVERRIDES
    + """
SELECT slug, section, count(*) FILTER (WHERE call = 'overridden'), count(*) FROM called GROUP BY slug, section
"""
)

_EXAMPLES: Final = (
    _OVERRIDES
    + """
SELECT called.decision, called.item, called.at, called.label, called.found, called.reason, called.said, called.cited,
       called.confidence, called.rationale, called.number, person.pseudonym, coalesce(h.outcome, '')
FROM called LEFT JOIN lab_handling h ON h.decision_id = called.decision
JOIN accounts_person person ON person.id = called.person_id
WHERE call = 'overridden' AND section = %(section)s AND reason_code = %(reason)s
ORDER BY h.id IS NOT NULL, called.at DESC LIMIT %(limit)s
"""
)

_WEEKS: Final = (
    _OVERRIDES
    + """
SELECT floor(extract(epoch FROM clock_timestamp() - called.at) / 604800)::int AS ago, count(*) FROM called
WHERE call = 'overridden' AND section = %(section)s AND reason_code = %(reason)s
  AND called.at > clock_timestamp() - make_interval(weeks => %(weeks)s) GROUP BY ago
"""
)


@dataclass(frozen=True, slots=True)
class GroupLine:
    """Overrides of one section for one reason; `rate` is how often verdicts on this section are overridden at all."""

    slug: str
    policy: UUID
    section: str
    title: str
    reason: str
    reason_word: Words
    count: int
    open: int
    direction: str
    rate: Rate
    chosen: bool


@dataclass(frozen=True, slots=True)
class Example:
    """One override: what the reasoner said, what a person said and why. `outcome` is empty while nobody dealt with it."""

    decision: UUID
    item: UUID
    at: datetime
    text: str
    label: str
    found: tuple[str, ...]
    note: str
    said: str
    cited: tuple[str, ...]
    confidence: str
    rationale: str
    number: int
    reviewer: str
    outcome: str

    @property
    def key(self) -> str:
        """Its decision as the form sends it."""
        return str(self.decision)

    @property
    def outcome_word(self) -> Words:
        """What was done about it, in words."""
        return OUTCOMES.get(self.outcome, "")


@dataclass(frozen=True, slots=True)
class Inbox:
    """The page: groups, the chosen one with its examples and its count a week, oldest first."""

    groups: tuple[GroupLine, ...]
    chosen: GroupLine | None
    examples: tuple[Example, ...]
    weeks: tuple[int, ...]
    policies: tuple[str, ...]
    policy: str
    open: int
    total: int

    @property
    def bars(self) -> tuple[tuple[int, int, int], ...]:
        """(x, y, height) of a small chart 24 high, a bar a week."""
        heights = [round(24 * n / max([*self.weeks, 1])) for n in self.weeks]
        return tuple((12 * place, 24 - height, height) for place, height in enumerate(heights))


@dataclass(frozen=True, slots=True)
class Unstable:
    """A case whose repeats did not say the same in the newest gate of its policy."""

    code: str
    votes: tuple[str, ...]
    gate: UUID


@dataclass(frozen=True, slots=True)
class SectionOverrides:
    """How often people override verdicts on one section, and its unstable cases."""

    slug: str
    section: str
    rate: Rate
    unstable: tuple[Unstable, ...]


def inbox(*, policy: str = "", section: str | None = None, reason: str = "") -> Inbox:
    """The inbox of one policy or of all; without a section the first group is the chosen one."""
    known = tuple(Policy.objects.order_by("slug").values_list("slug", flat=True))
    wanted = policy if policy in known else ""
    rows = _rows(_GROUPS, policy=wanted)
    tally = {(slug, code): Rate(hits, n) for slug, code, hits, n in _rows(_SECTION_TALLY, policy=wanted)}
    titles = _titles({row[0] for row in rows})
    lines = []
    for place, (slug, key, code, why, count, waiting, _latest, allows, finds) in enumerate(rows):
        chosen = (
            place == 0 if section is None else (code, why) == (section, reason) and slug == (policy or slug)
        )
        lines.append(
            GroupLine(
                slug, key, code, titles.get((slug, code), ""), why, REASONS.get(why, _("No reason given")), count, waiting,
                _direction(count, allows, finds), tally.get((slug, code), Rate(0, 0)), chosen,
            )
        )  # fmt: skip
    chosen_line = next((line for line in lines if line.chosen), None)
    return Inbox(
        tuple(lines), chosen_line, _examples(chosen_line) if chosen_line else (), _weeks(chosen_line) if chosen_line else (),
        known, wanted, sum(line.open for line in lines), sum(line.count for line in lines),
    )  # fmt: skip


def section_overrides(slug: str, code: str) -> SectionOverrides:
    """One section over all versions of its policy; nothing yet counts as 0 of 0."""
    rates = {found: Rate(hits, n) for _, found, hits, n in _rows(_SECTION_TALLY, policy=slug)}
    gate = (
        Study.objects.filter(policy__slug=slug, kind=StudyKind.GATE, state="done")
        .order_by("-started_at")
        .first()
    )
    unstable: tuple[Unstable, ...] = ()
    if gate is not None:
        rows = (
            CaseResult.objects.filter(study=gate, section=code).order_by("code").values_list("code", "votes")
        )
        unstable = tuple(Unstable(case, tuple(votes), gate.pk) for case, votes in rows if len(set(votes)) > 1)
    return SectionOverrides(slug, code, rates.get(code, Rate(0, 0)), unstable)


def _direction(count: int, allows: int, finds: int) -> str:
    if allows == count:
        return _("people allow, the model says violates")
    if finds == count:
        return _("people find a violation, the model says allowed")
    return _("both ways") if allows or finds else _("both say violates, sections differ")


def _titles(slugs: set[str]) -> dict[tuple[str, str], str]:
    versions = Version.objects.filter(policy__slug__in=slugs).exclude(state="discarded").order_by("number")
    rows = Section.objects.filter(version__in=versions).order_by("version__number")
    return {
        (slug, code): title
        for slug, code, title in rows.values_list("version__policy__slug", "code", "title")
    }


def _examples(line: GroupLine) -> tuple[Example, ...]:
    rows = _rows(_EXAMPLES, policy=line.slug, section=line.section, reason=line.reason, limit=SHOWN)
    texts = intake_reads.contents([row[1] for row in rows])
    return tuple(
        Example(
            decision=row[0], item=row[1], at=row[2], text=texts[row[1]].text if row[1] in texts else "", label=row[3],
            found=tuple(row[4] or ()), note=row[5], said=row[6], cited=tuple(row[7]), confidence=row[8], rationale=row[9],
            number=row[10], reviewer=row[11], outcome=row[12],
        )
        for row in rows
    )  # fmt: skip


def _weeks(line: GroupLine) -> tuple[int, ...]:
    found = dict(_rows(_WEEKS, policy=line.slug, section=line.section, reason=line.reason, weeks=WEEKS))
    return tuple(found.get(ago, 0) for ago in reversed(range(WEEKS)))


def _rows(statement: str, **parameters: str | int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
