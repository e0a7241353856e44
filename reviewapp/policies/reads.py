"""The read door of policies: what judges items now, and what the policy pages show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.policies import rules
from reviewapp.policies.models import Policy, Section, Version
from reviewapp.policies.rules import Problem, VersionState
from reviewapp.policies.rules_front import applies_on
from reviewapp.questions import Answer, Trip
from reviewapp.ui.errors import Missing

OPEN_STATES: Final = (VersionState.DRAFT, VersionState.PROPOSED, VersionState.APPROVED)
_PEOPLE: Final = ("drafted_by", "proposed_by", "approved_by", "published_by")


@dataclass(frozen=True, slots=True)
class PublishedPolicy:
    """A version in force: `text` is what is sent, `severities` gives 1 to 4 for each section id, in file order."""

    policy_id: UUID
    version_id: UUID
    slug: str
    title: str
    number: int
    family: str | None
    hash: str
    text: str
    section_ids: tuple[str, ...]
    effort: str
    applies: dict[str, Any]
    severities: dict[str, int]


@dataclass(frozen=True, slots=True)
class VersionSection:
    """One section of a version as screens show it; targets are percent, None where unset."""

    code: str
    title: str
    severity: int
    response: str
    model_text: str
    guidance: str
    public: str
    violating: tuple[str, ...]
    allowed: tuple[str, ...]
    public_in: dict[str, str]
    recall: float | None
    precision: float | None


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version in a history: its state in words, when it got there, and who did it."""

    id: UUID
    number: int
    state: str
    label: str
    at: datetime
    who: str
    note: str


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One row of the list. `published` and `open` are the versions in force and in the making, if there are any.

    `shown` is the version that title, sections and cases are of: the one in force, else the latest.
    """

    shown: UUID
    slug: str
    title: str
    family: str | None
    published: VersionLine | None
    retired: VersionLine | None
    open: VersionLine | None
    sections: int
    cases: int
    changed: VersionLine


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody did to a version; `act` is a key of `rules_states.STEP_WORDS`."""

    act: str
    who: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Everything the page of one version shows; `hash` is all 64 digits, `model_text` exactly what is sent."""

    id: UUID
    policy_id: UUID
    slug: str
    family: str | None
    number: int
    title: str
    state: str
    label: str
    next_step: str
    language: str
    effort: str
    applies: dict[str, Any]
    source: str
    model_text: str
    hash: str
    change_note: str
    saves: int
    saved_at: datetime
    gate_waived: bool
    sections: tuple[VersionSection, ...]
    cases_hash: str
    gate: str
    gate_due_at: datetime | None
    publish_at: datetime | None
    steps: tuple[Step, ...]
    writers: tuple[UUID, ...]
    proposer: UUID | None

    @property
    def sent_sections(self) -> tuple[tuple[VersionSection, str], ...]:
        """Each section with its part of what is sent."""
        return tuple((each, rules.section_text(each)) for each in self.sections)


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """One policy: its versions, newest first, which of them is in force or in the making, and how many there are."""

    id: UUID
    slug: str
    title: str
    family: str | None
    history: tuple[VersionLine, ...]
    published: VersionLine | None
    open: VersionLine | None
    versions: int


@dataclass(frozen=True, slots=True)
class InForce:
    """A version in force by name, where its text is not needed."""

    policy_id: UUID
    version_id: UUID
    slug: str
    title: str
    number: int


def in_force() -> tuple[InForce, ...]:
    """Every version in force, by slug: one statement, without texts."""
    return in_force_on(Trip())()


def in_force_on(trip: Trip) -> Answer[tuple[InForce, ...]]:
    """The same, asked along with others."""
    return trip.ask(
        "SELECT p.id, v.id, p.slug, v.title, v.number FROM policies_version v"
        " JOIN policies_policy p ON p.id = v.policy_id WHERE v.state = 'published' ORDER BY p.slug",
        [], lambda rows: tuple(InForce(*row) for row in rows),
    )  # fmt: skip


def published() -> tuple[PublishedPolicy, ...]:
    """Every version in force, by slug: what judges new items. Callers may keep it for 5 s."""
    return tuple(_published(row) for row in _with_sections().filter(state=VersionState.PUBLISHED))


def judging() -> tuple[PublishedPolicy, ...]:
    """The versions in force whose dates include today (UTC, by the database's clock), by slug."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date")
        today = cursor.fetchone()[0]
    return tuple(each for each in published() if applies_on(each.applies, today))


def published_version(slug: str, number: int | None = None) -> PublishedPolicy:
    """One version as it is or was sent; without a number the one in force. Raises Missing."""
    rows = _with_sections().filter(policy__slug=slug)
    which = Q(number=number) if number is not None else Q(state=VersionState.PUBLISHED)
    row = rows.filter(which).first()
    if row is None:
        values = {"number": number, "slug": slug}
        raise Missing(
            _("There is no published version of %(slug)s. Look at the list of policies.") % values
            if number is None
            else _("There is no version %(number)s of %(slug)s. Look at the list of policies.") % values
        )
    return _published(row)


def versions_to_choose(most: int = 10) -> tuple[tuple[str, tuple[tuple[UUID, str], ...]], ...]:
    """Policies by title, each with its `most` newest versions that have a readable text: (id, `v3, published`)."""
    found: dict[str, list[tuple[UUID, str]]] = {}
    rows = Version.objects.exclude(state=VersionState.DISCARDED).exclude(hash="").order_by("-number")
    for key, slug, number, state in rows.values_list("pk", "policy__slug", "number", "state"):
        lines = found.setdefault(slug, [])
        if len(lines) < most or state == VersionState.PUBLISHED:
            lines.append((key, f"v{number}, {rules.STATE_WORDS[state]}"))
    titles = {row.slug: row.title for row in policy_list()}
    return tuple((titles.get(slug, slug), tuple(found[slug])) for slug in sorted(found))


def published_text(version_id: UUID) -> PublishedPolicy:
    """One version by its id, whatever its state, as it is sent. Raises Missing."""
    row = _with_sections().filter(pk=version_id).exclude(state=VersionState.DISCARDED).first()
    if row is None:
        raise Missing(_("This version is not there any more. Choose another one."))
    return _published(row)


def slugs_of(version_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The policy's slug of each version."""
    return dict(Version.objects.filter(pk__in=list(version_ids)).values_list("pk", "policy__slug"))


def version_sections(version_id: UUID) -> tuple[VersionSection, ...]:
    """The sections of one version in file order; empty for a version that is not there."""
    try:
        return _frozen_sections(version_id)
    except _StillWritten:
        return _sections(version_id)


def sections_of(version_ids: Iterable[UUID]) -> dict[UUID, tuple[VersionSection, ...]]:
    """The sections of several versions, in file order."""
    return {key: version_sections(key) for key in set(version_ids)}


class _StillWritten(LookupError):
    """A version that was never in force: its text may still change."""


@lru_cache(maxsize=256)
def _frozen_sections(version_id: UUID) -> tuple[VersionSection, ...]:
    """The sections of a version that is or was in force, kept by this process: nobody can change them any more."""
    if not Version.objects.filter(pk=version_id, published_at__isnull=False).exists():
        raise _StillWritten
    return _sections(version_id)


def _sections(version_id: UUID) -> tuple[VersionSection, ...]:
    return tuple(_section(row) for row in Section.objects.filter(version_id=version_id).order_by("ordinal"))


def policy_list() -> list[PolicyRow]:
    """Every policy by title, with the version in force and the one in the making."""
    versions = (
        Version.objects.select_related(*_PEOPLE)
        .annotate(section_count=Count("sections"), case_count=F("case_list__cases__len"))
        .defer("source", "model_text")
    )
    policies = Policy.objects.prefetch_related(Prefetch("versions", queryset=versions.order_by("-number")))
    rows = [_policy_row(policy) for policy in policies if _is_alive(policy)]
    return sorted(rows, key=lambda row: row.title.casefold())


def policy_page(slug: str, *, most: int | None = None) -> PolicyPage:
    """One policy with its history, or the `most` newest lines of it. Raises Missing."""
    policy = Policy.objects.filter(slug=slug).first()
    lines = _lines(policy) if policy else Version.objects.none()
    rows = list(lines[:most])
    if policy is None or not rows:
        raise Missing(_("There is no policy %(slug)s. Look at the list of policies.") % {"slug": repr(slug)})
    in_use = rows if most is None else list(lines.filter(state__in=[VersionState.PUBLISHED, *OPEN_STATES]))
    force = next((_line(row) for row in in_use if row.state == VersionState.PUBLISHED), None)
    making = next((_line(row) for row in in_use if row.state in OPEN_STATES), None)
    shown = next((row for row in in_use if row.state == VersionState.PUBLISHED), rows[0])
    count = policy.versions.count() if most is not None else len(rows)
    return PolicyPage(
        policy.pk, slug, shown.title, policy.family, tuple(_line(row) for row in rows), force, making, count
    )


def place_of(policy_id: UUID) -> tuple[str, bool]:
    """A policy's slug, and whether a version of it is in the making. Raises Missing."""
    slug = Policy.objects.filter(pk=policy_id).values_list("slug", flat=True).first()
    if slug is None:
        raise Missing(_("There is no such policy any more. Look at the list of policies."))
    return slug, Version.objects.filter(policy=policy_id, state__in=OPEN_STATES).exists()


def version_page(slug: str, number: int) -> VersionPage:
    """One version of a policy. Raises Missing."""
    row = _whole().filter(policy__slug=slug, number=number).first()
    if row is None:
        raise Missing(
            _("There is no version %(number)s of %(slug)s. Look at the policy's list of versions.")
            % {"number": number, "slug": slug}
        )
    return _version_page(row)


def draft_page(slug: str) -> VersionPage | None:
    """The version in the making: draft, proposed or approved; None where there is none. Raises Missing for no policy."""
    row = _whole().filter(policy__slug=slug, state__in=OPEN_STATES).first()
    if row is None and not Policy.objects.filter(slug=slug).exists():
        raise Missing(_("There is no policy %(slug)s. Look at the list of policies.") % {"slug": repr(slug)})
    return _version_page(row) if row else None


def source_of(slug: str, number: int | None = None) -> str:
    """The file of a version, byte for byte; without a number the published, else the latest one. Raises Missing."""
    rows = Version.objects.filter(policy__slug=slug)
    rows = rows.filter(number=number) if number is not None else rows.order_by("-number")
    row = rows.filter(state=VersionState.PUBLISHED).first() if number is None else None
    row = row or rows.first()
    if row is None:
        wanted = slug if number is None else f"{slug}@{number}"
        raise Missing(_("There is no %(wanted)s. `/policies/` lists what there is.") % {"wanted": wanted})
    return row.source


def api_versions() -> QuerySet[Version]:
    """Versions in force for the API's list, with their sections."""
    return _with_sections().filter(state=VersionState.PUBLISHED)


def api_version(slug: str, number: int) -> Version:
    """A version that is or was in force, for the API. Raises Missing: what was never published is not given out."""
    ever = Q(state__in=[VersionState.PUBLISHED, VersionState.RETIRED])
    row = _with_sections().filter(ever, policy__slug=slug, number=number).first()
    if row is None:
        raise Missing(
            _(
                "There is no published version %(number)s of %(slug)s. `GET /api/v1/policies` lists those in force."
            )
            % {"number": number, "slug": slug}
        )
    return row


def problems_of(source: str, slug: str) -> list[Problem]:
    """What keeps a text from being proposed as a version of the policy `slug`, by line."""
    return rules.problems_of(source, slug)


def _with_sections() -> QuerySet[Version]:
    return Version.objects.select_related("policy").prefetch_related("sections").order_by("policy__slug")


def _whole() -> QuerySet[Version]:
    return Version.objects.select_related("policy", *_PEOPLE).prefetch_related("sections")


def _lines(policy: Policy) -> QuerySet[Version]:
    return policy.versions.select_related(*_PEOPLE).defer("source", "model_text").order_by("-number")


def _published(row: Version) -> PublishedPolicy:
    sections = list(row.sections.all())
    return PublishedPolicy(
        policy_id=row.policy_id, version_id=row.pk, slug=row.policy.slug, title=row.title, number=row.number,
        family=row.policy.family, hash=row.hash, text=row.model_text,
        section_ids=tuple(each.code for each in sections), effort=row.effort, applies=row.applies,
        severities={each.code: each.severity for each in sections},
    )  # fmt: skip


def _section(row: Section) -> VersionSection:
    return VersionSection(
        row.code, row.title, row.severity, row.response, row.model_text, row.guidance, row.public,
        tuple(row.violating_examples), tuple(row.allowed_examples), row.public_in, row.recall_target,
        row.precision_target,
    )  # fmt: skip


def _line(row: Version) -> VersionLine:
    at, who = _latest_act(row)
    label = str(rules.VERSION_STATES[row.state].label)
    return VersionLine(row.pk, row.number, row.state, label, at, _name(who), row.change_note)


def _latest_act(row: Version) -> tuple[datetime, Person | None]:
    """When the version got where it is, and through whom; nobody means the shell."""
    acts = {
        VersionState.PROPOSED: (row.proposed_at, row.proposed_by),
        VersionState.APPROVED: (row.approved_at, row.approved_by),
        VersionState.PUBLISHED: (row.published_at, row.published_by),
        VersionState.RETIRED: (row.published_at, row.published_by),
    }
    at, who = acts.get(VersionState(row.state), (None, row.drafted_by))
    return at or row.saved_at, who


def _name(person: Person | None) -> str:
    return str(person) if person else _("the operator")


def _policy_row(policy: Any) -> PolicyRow:
    """A row from a policy whose versions are loaded newest first with their counts."""
    versions: list[Any] = list(policy.versions.all())
    force = next((row for row in versions if row.state == VersionState.PUBLISHED), None)
    making = next((row for row in versions if row.state in OPEN_STATES), None)
    retired = (
        next((row for row in versions if row.state == VersionState.RETIRED), None) if force is None else None
    )
    shown = force or versions[0]
    changed = max((_line(row) for row in versions), key=lambda line: line.at)
    return PolicyRow(
        shown.pk, policy.slug, shown.title, policy.family,
        _line(force) if force else None, _line(retired) if retired else None, _line(making) if making else None,
        shown.section_count, shown.case_count or 0, changed,
    )  # fmt: skip


def _is_alive(policy: Policy) -> bool:
    """Whether anything of it is more than drafts that were thrown away."""
    return any(row.state != VersionState.DISCARDED for row in policy.versions.all())


def _version_page(row: Version) -> VersionPage:
    state = rules.VERSION_STATES[row.state]
    return VersionPage(
        id=row.pk, policy_id=row.policy_id, slug=row.policy.slug, family=row.policy.family, number=row.number,
        title=row.title, state=row.state, label=str(state.label), next_step=str(state.next_step), language=row.language,
        effort=row.effort, applies=row.applies, source=row.source, model_text=row.model_text, hash=row.hash,
        change_note=row.change_note, saves=row.saves, saved_at=row.saved_at, gate_waived=row.gate_waived,
        sections=tuple(_section(each) for each in row.sections.all()), cases_hash=row.cases_hash,
        gate=row.gate, gate_due_at=row.gate_due_at, publish_at=row.publish_at, steps=_steps(row), writers=tuple(row.writers), proposer=row.proposed_by_id,
    )  # fmt: skip


def _steps(row: Version) -> tuple[Step, ...]:
    """Who drafted, proposed, approved, published; only what happened."""
    acts = [
        ("drafted", row.drafted_by, row.drafted_at),
        ("proposed", row.proposed_by, row.proposed_at),
        ("approved", row.approved_by, row.approved_at),
        ("published", row.published_by, row.published_at),
    ]
    steps = [Step(act, _name(who), at) for act, who, at in acts if at]
    return (*steps, Step("retired", "", row.retired_at)) if row.retired_at else tuple(steps)
