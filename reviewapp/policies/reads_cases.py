"""The read door of cases: those of a version, what changed between two, the history of one, what waits."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, TypeVar
from uuid import UUID

from django.db.models import Count, F, Func, QuerySet, TextField
from django.utils.translation import gettext as _

from reviewapp.policies.models import Case, CaseList, Section, Version
from reviewapp.policies.rules_cases import Standing, Way
from reviewapp.ui.errors import Missing

T = TypeVar("T")
KEPT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One wording of a case. `erased` ones have no text and test nothing; `origin_item` is the item it was copied from."""

    id: UUID
    code: str
    revision: int
    section: str
    text: str
    expect: str
    note: str
    way: str
    who: str
    at: datetime
    reason: str
    erased: bool
    origin_item: UUID | None


@dataclass(frozen=True, slots=True)
class Target:
    """What the gate has to prove for a section, in percent; None where nobody set it."""

    section: str
    title: str
    recall: float | None
    precision: float | None


@dataclass(frozen=True, slots=True)
class GateSubject:
    """Everything a gate run needs: the version, the hash a report must name, the cases to ask, the targets."""

    version_id: UUID
    policy_id: UUID
    slug: str
    number: int
    state: str
    hash: str
    gate_hash: str
    effort: str
    cases: tuple[CaseLine, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class CaseCounts:
    """How many cases of a section expect which label."""

    section: str
    violates: int
    allowed: int

    @property
    def all(self) -> int:
        """Both together."""
        return self.violates + self.allowed


@dataclass(frozen=True, slots=True)
class CaseChanges:
    """What the cases of a version are different in from another's, by code."""

    added: tuple[CaseLine, ...]
    removed: tuple[CaseLine, ...]
    changed: tuple[tuple[CaseLine, CaseLine], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def gate_subject(version_id: UUID) -> GateSubject:
    """What a gate run of this version asks; erased cases are left out. Raises Missing."""
    row = Version.objects.select_related("policy").defer("source", "model_text").filter(pk=version_id).first()
    if row is None:
        raise Missing(_("There is no such version. Look at the policy's list of versions."))
    sections = Section.objects.filter(version=row).order_by("ordinal")
    targets = tuple(
        Target(each.code, each.title, each.recall_target, each.precision_target) for each in sections
    )
    cases = tuple(case for case in cases_of(version_id) if not case.erased)
    return GateSubject(
        row.pk,
        row.policy_id,
        row.policy.slug,
        row.number,
        row.state,
        row.hash,
        row.gate_hash,
        row.effort,
        cases,
        targets,
    )


def cases_of(
    version_id: UUID, *, section: str | None = None, first: int = 0, most: int | None = None
) -> tuple[CaseLine, ...]:
    """The cases of a version by section and code, from number `first` on, at most `most`."""
    if most is None:
        rows = Case.objects.filter(pk__in=case_keys(version_id))
    else:
        order = _ORDER.of(version_id, _order)
        wanted = [key for key, code in order if section is None or code == section]
        rows = Case.objects.filter(pk__in=wanted[first : first + most])
    if section is not None:
        rows = rows.filter(section=section)
    return tuple(_line(row) for row in rows.select_related("made_by").order_by("section", "code"))


def counts_of(version_id: UUID) -> dict[str, CaseCounts]:
    """How many cases each section of a version has; sections without any are left out."""
    return _COUNTS.of(version_id, _counts)


def texts_of(version_id: UUID) -> tuple[tuple[str, str, str], ...]:
    """(text, label, id) of every case of a version that has a text, in no order."""
    return _TEXTS.of(version_id, _texts)


@dataclass(slots=True)
class _Kept(Generic[T]):
    """Answers about lists of cases by what is in them, for a minute: thousands of cases are not read at each pause of typing."""

    most: int
    answers: dict[str, tuple[float, T]] = field(default_factory=dict)

    def of(self, version_id: UUID, read: Callable[[UUID], T]) -> T:
        """The answer for a version's list as it is now, but for texts erased from versions in force within the minute."""
        before, now = _list_hash(version_id), time.monotonic()
        kept = self.answers.get(before)
        if kept is not None and now - kept[0] < KEPT_SECONDS:
            return kept[1]
        answer = read(version_id)
        # What was read belongs to the hash only if the list is the same after it.
        if before and before == _list_hash(version_id):
            while len(self.answers) >= self.most:
                self.answers.pop(next(iter(self.answers)), None)
            self.answers[before] = (now, answer)
        return answer


def _list_hash(version_id: UUID) -> str:
    """A hash over which wordings are listed and what they say; empty for a version that has no list."""
    listed = Func(F("case_list__cases"), template="md5(%(expressions)s::text)", output_field=TextField())
    rows = Version.objects.filter(pk=version_id).exclude(case_list=None)
    found = rows.annotate(listed=listed).values_list("cases_hash", "listed").first()
    return " ".join(found) if found else ""


def _order(version_id: UUID) -> tuple[tuple[UUID, str], ...]:
    """(key, section) of every case of a version, in the order of screens."""
    rows = Case.objects.filter(pk__in=case_keys(version_id)).order_by("section", "code")
    return tuple(rows.values_list("pk", "section"))


def _texts(version_id: UUID) -> tuple[tuple[str, str, str], ...]:
    rows = Case.objects.filter(pk__in=case_keys(version_id), erased=False)
    return tuple(rows.values_list("text", "expect", "code"))


def _counts(version_id: UUID) -> dict[str, CaseCounts]:
    rows = Case.objects.filter(pk__in=case_keys(version_id), erased=False).order_by()
    grouped = rows.values_list("section", "expect").annotate(count=Count("pk"))
    counted = Counter({(section, expect): count for section, expect, count in grouped})
    return {
        code: CaseCounts(code, counted[code, "violates"], counted[code, "allowed"])
        for code in sorted({code for code, _ in counted})
    }


def case_changes(before: UUID | None, after: UUID) -> CaseChanges:
    """What the cases of `after` are different in from those of `before`; against none, all of them are new."""
    old_keys, new_keys = set(case_keys(before)) if before else set(), set(case_keys(after))
    wanted = (
        Case.objects.filter(pk__in=old_keys ^ new_keys).select_related("made_by").order_by("section", "code")
    )
    lines = [_line(row) for row in wanted]
    old = {line.code: line for line in lines if line.id in old_keys}
    new = {line.code: line for line in lines if line.id in new_keys}
    return CaseChanges(
        added=tuple(line for code, line in new.items() if code not in old),
        removed=tuple(line for code, line in old.items() if code not in new),
        changed=tuple((old[code], line) for code, line in new.items() if code in old),
    )


def history_of(policy_id: UUID, code: str) -> tuple[CaseLine, ...]:
    """Every wording of one case, newest first. Raises Missing."""
    rows = Case.objects.filter(policy_id=policy_id, code=code).select_related("made_by").order_by("-revision")
    lines = tuple(_line(row) for row in rows)
    if not lines:
        raise Missing(_("This policy has no case %(code)s. Look at its list of cases.") % {"code": code[:40]})
    return lines


def waiting_for(policy_id: UUID) -> tuple[CaseLine, ...]:
    """Cases that somebody suggested or that wait for a draft, oldest first."""
    open_ones = [Standing.SUGGESTED, Standing.WAITING]
    rows = Case.objects.filter(policy_id=policy_id, standing__in=open_ones).select_related("made_by")
    return tuple(_line(row) for row in rows.order_by("created_at"))


def lines_of(cases: Iterable[UUID]) -> dict[UUID, CaseLine]:
    """Wordings by id, whichever version they belong to."""
    return {row.pk: _line(row) for row in Case.objects.filter(pk__in=list(cases)).select_related("made_by")}


def lines_beside(slug: str, number: int | None = None) -> str:
    """The cases of a version that are not in its file, as JSONL; without a number the published, else the latest. Raises Missing."""
    rows = Version.objects.filter(policy__slug=slug)
    rows = rows.filter(number=number) if number is not None else rows.order_by("-number")
    row = (rows.filter(state="published").first() if number is None else None) or rows.first()
    if row is None:
        wanted = slug if number is None else f"{slug}@{number}"
        raise Missing(_("There is no %(wanted)s. `/policies/` lists what there is.") % {"wanted": wanted})
    beside = [case for case in cases_of(row.pk) if case.way != Way.FILE and not case.erased]
    values = (
        {
            "id": case.code,
            "section": case.section,
            "text": case.text,
            "expect": case.expect,
            "note": case.note,
        }
        for case in beside
    )
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def case_keys(version_id: UUID) -> QuerySet[CaseList, UUID]:
    """The ids of a version's cases, as a query to put into another: thousands of ids never leave the database."""
    return CaseList.objects.filter(version=version_id).values_list(
        Func(F("cases"), function="unnest"), flat=True
    )


_ORDER: Final = _Kept[tuple[tuple[UUID, str], ...]](most=20)
_COUNTS: Final = _Kept[dict[str, CaseCounts]](most=200)
_TEXTS: Final = _Kept[tuple[tuple[str, str, str], ...]](most=2)


def _line(row: Case) -> CaseLine:
    return CaseLine(
        row.pk, row.code, row.revision, row.section, row.text, row.expect, row.note, row.way,
        str(row.made_by) if row.made_by else _("the file"), row.created_at, row.reason, row.erased, row.origin_item,
    )  # fmt: skip
