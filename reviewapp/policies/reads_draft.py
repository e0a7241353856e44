"""The read door of the editor: what is wrong or worth a look in a text, its sections and tokens, who holds the draft."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models.functions import Now

from reviewapp.accounts.reads import people_who_may
from reviewapp.policies import reads_cases, reads_gate, rules, rules_lint, tokens
from reviewapp.policies.models import Section, TypedCopy, Version
from reviewapp.policies.reads import VersionPage
from reviewapp.policies.rules import Document, PolicyFileError, Problem, VersionState
from reviewapp.policies.rules_lint import Around, Finding
from reviewapp.policies.rules_path import Stage, path_of
from reviewapp.policies.rules_sections import SectionText
from reviewapp.policies.rules_walk import Part, walk

METER_END: Final = 800
"""Tokens at the right end of the length meter."""


@dataclass(frozen=True, slots=True)
class Outline:
    """One section in the editor's list: where its heading stands and whether something is wrong or worth a look."""

    code: str
    title: str
    line: int
    tokens: int
    wrong: bool
    look: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """A text as the editor shows it beside the field. `tick` is the meter's, 0 to 100 for 0 to 800 tokens."""

    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    sections: tuple[Outline, ...]
    tokens: int
    tick: float


@dataclass(frozen=True, slots=True)
class Typed:
    """Text of somebody's that could not be saved."""

    source: str
    note: str
    at: datetime


def checked(source: str, slug: str, version_id: UUID | None = None) -> Checked:
    """Everything the editor says about a text that may be broken; with a version, its cases and history count too."""
    try:
        document: Document | None = rules.parse(source)
        problems: list[Problem] = rules.problems_of(source, slug)
    except PolicyFileError as error:
        document, problems = None, error.problems
    whole = tokens.count(rules.model_text(document)) if document else 0
    around = Around(whole, _cases(version_id, document), _once(version_id) if version_id else {})
    findings = rules_lint.lint(source, around)
    outline = _outline(source, document, problems, findings)
    return Checked(tuple(problems), tuple(findings), outline, whole, min(100.0, whole * 100 / METER_END))


def preview(source: str) -> tuple[SectionText, ...]:
    """The sections as moderators will see them; none while the text has problems."""
    try:
        return rules.parse(source).sections
    except PolicyFileError:
        return ()


def path(row: VersionPage) -> tuple[Stage, ...]:
    """The steps of a version in the making, from its text into force."""
    force = Version.objects.filter(policy=row.policy_id, state=VersionState.PUBLISHED)
    same = Version.objects.filter(
        pk=row.id, source__in=force.values("source"), cases_hash__in=force.values("cases_hash")
    )
    gate = reads_gate.gate_standing(row.id)
    people = people_who_may("policy.approve")
    return path_of(
        state=row.state, changed=not same.exists(), readable=bool(row.hash), gate=gate.words,
        opens=gate.opens, rerun=f"/lab/drafts/{row.id}/backtest" if force.exists() else "",
        others=[name for key, name in people.items() if key not in {*row.writers, row.proposer}],
    )  # fmt: skip


def holder_of(version_id: UUID, person_id: UUID) -> str:
    """Who else holds the draft now; empty where nobody does, or the person does."""
    held = Version.objects.filter(pk=version_id, held_until__gt=Now()).exclude(held_by=person_id)
    row = held.select_related("held_by").first()
    return str(row.held_by) if row and row.held_by else ""


def typed_copy(version_id: UUID, person_id: UUID) -> Typed | None:
    """What was kept of somebody's typing, if anything was."""
    row = TypedCopy.objects.filter(version=version_id, person=person_id).first()
    return Typed(row.source, row.note, row.at) if row else None


def used_codes(policy_id: UUID) -> frozenset[str]:
    """Every section id that any version of the policy ever had."""
    return frozenset(
        Section.objects.filter(version__policy=policy_id).values_list("code", flat=True).distinct()
    )


def _cases(version_id: UUID | None, document: Document | None) -> Sequence[tuple[str, str, str]]:
    if version_id is None:
        return [(case.text, case.expect, case.code) for case in document.cases] if document else []
    return reads_cases.texts_of(version_id)


def _once(version_id: UUID) -> dict[str, str]:
    """Ids that older versions had and the one this draft started from has not, with what they were called."""
    row = Version.objects.only("policy_id", "origin_id").get(pk=version_id)
    if row.origin_id is None:
        return {}
    older = Section.objects.filter(version__policy=row.policy_id).exclude(version=version_id)
    current = Section.objects.filter(version=row.origin_id).values("code")
    return dict(older.exclude(code__in=current).order_by("version__number").values_list("code", "title"))


def _outline(
    source: str, document: Document | None, problems: list[Problem], findings: list[Finding]
) -> tuple[Outline, ...]:
    headings = [line for line in walk(source) if line.part is Part.HEADING]
    lengths = (
        {each.code: tokens.count(rules.section_text(each)) for each in document.sections} if document else {}
    )
    ends = [*(line.number for line in headings), source.count("\n") + 2][1:]
    found = []
    for line, end in zip(headings, ends, strict=True):
        inside = range(line.number, end)
        found.append(
            Outline(
                line.section, line.text[3:].strip().partition(" ")[2], line.number, lengths.get(line.section, 0),
                any(at in inside for at, _ in problems), any(each.line in inside for each in findings),
            )
        )  # fmt: skip
    return tuple(found)
