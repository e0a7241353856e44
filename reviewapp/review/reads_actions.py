"""The read door of the catalogue of actions, and of what is usual for a section."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from reviewapp.policies import reads as policies
from reviewapp.questions import Answer, Rows, Trip
from reviewapp.review.models import SectionUsual
from reviewapp.review.rules_actions import SUPPLIED, ActionChoice, Cited, usual_for

_CATALOGUE: Final = """
    SELECT active, code, label, restriction, days, territories, requires, severities, second
    FROM review_actionkind ORDER BY ordinal, code
"""
_OWN: Final = """
    SELECT v.id, u.section, u.action, u.reason_code FROM review_sectionusual u
    JOIN policies_policy p ON p.slug = u.policy JOIN policies_version v ON v.policy_id = p.id
    WHERE v.state = 'published' OR v.id = ANY(%s)
"""


def catalogue(*, retired: bool = False) -> tuple[ActionChoice, ...]:
    """The actions that can be chosen, in their order; `retired` adds those that no longer can."""
    return _catalogue_on(Trip(), retired=retired)()


def _catalogue_on(trip: Trip, *, retired: bool = False) -> Answer[tuple[ActionChoice, ...]]:
    return trip.ask(_CATALOGUE, [], lambda rows: _choices(rows, retired=retired))


def _choices(rows: Rows, *, retired: bool) -> tuple[ActionChoice, ...]:
    if not rows:
        return SUPPLIED
    return tuple(
        ActionChoice(
            code, label, restriction, days, tuple(territories), tuple(requires), tuple(severities), second
        )
        for active, code, label, restriction, days, territories, requires, severities, second in rows
        if active or retired
    )


def labels() -> dict[str, str]:
    """Code to words of every action that was ever in the catalogue."""
    return {each.code: each.words for each in (*SUPPLIED, *catalogue(retired=True))}


@dataclass(frozen=True, slots=True)
class Usuals:
    """The catalogue, and the own action and reason of sections, by version and section id."""

    catalogue: tuple[ActionChoice, ...]
    own: Mapping[tuple[UUID, str], tuple[str, str]]

    def action(self, label: str, sections: Sequence[tuple[UUID, str, int]]) -> str:
        """What a call on these sections (version, id, severity) does unless somebody chooses."""
        own = {(version, code): self.own.get((version, code), ("", ""))[0] for version, code, _ in sections}
        return usual_for(self.catalogue, label, cited(sections, own))

    def reason(self, version: UUID, code: str) -> str:
        """The code of the reason that an override with this section starts with, or nothing."""
        return self.own.get((version, code), ("", ""))[1]


def cited(
    sections: Sequence[tuple[UUID, str, int]], own: Mapping[tuple[UUID, str], str] = MappingProxyType({})
) -> list[Cited]:
    """What the policies say of these sections (version, id, severity), with the `own` action of each, by version and id."""
    there = policies.sections_of(version for version, _, _ in sections)
    responses = {(key, each.code): each.response for key, found in there.items() for each in found}
    return [
        Cited(severity, responses.get((version, code), ""), own.get((version, code), ""))
        for version, code, severity in sections
    ]


def usuals(versions: Collection[UUID | None] = ()) -> Usuals:
    """What is usual in every version in force, and in these."""
    return usuals_on(Trip(), versions)()


def usuals_on(trip: Trip, versions: Collection[UUID | None] = ()) -> Answer[Usuals]:
    """The same, asked along with others."""
    choices = _catalogue_on(trip)
    named = [each for each in versions if each]
    own = trip.ask(_OWN, [named], lambda rows: {(row[0], row[1]): (row[2], row[3]) for row in rows})
    return lambda: Usuals(choices(), own())


@dataclass(frozen=True, slots=True)
class SectionLine:
    """A section in force: the action that its policy gives it, and its own action and reason, or nothing."""

    code: str
    title: str
    severity: int
    by_policy: str
    action: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class PolicyUsual:
    """A policy in force and what is usual for its sections."""

    slug: str
    title: str
    sections: tuple[SectionLine, ...]


def usual_pages() -> tuple[PolicyUsual, ...]:
    """Every policy in force with its sections, by slug."""
    rows = SectionUsual.objects.values_list("policy", "section", "action", "reason_code")
    own = {(policy, section): (action, reason) for policy, section, action, reason in rows}
    choices, words = catalogue(), labels()
    return tuple(
        PolicyUsual(each.slug, f"{each.title} v{each.number}", tuple(
            SectionLine(
                section.code, section.title, section.severity,
                words[usual_for(choices, "violates", [Cited(section.severity, section.response)])],
                *own.get((each.slug, section.code), ("", "")),
            )
            for section in policies.version_sections(each.version_id)
        ))
        for each in policies.published()
    )  # fmt: skip
