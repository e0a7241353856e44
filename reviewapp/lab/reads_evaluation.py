"""The read door of evaluations: the report of one, and of one against another over the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Avg, Count, Q, Sum
from django.utils.translation import gettext as _

from reviewapp.lab import rules_measure as measure
from reviewapp.lab.models import EvaluationRow, Study
from reviewapp.lab.rules import OPEN_STATES, StudyKind
from reviewapp.lab.rules_bounds import Rate
from reviewapp.lab.rules_marks import marks
from reviewapp.lab.rules_measure import Kappa, Labelled, Paired, Scores
from reviewapp.lab.rules_results import shown
from reviewapp.policies import reads as policies
from reviewapp.policies import reads_cases
from reviewapp.policies.rules_diff import Piece
from reviewapp.ui.errors import Missing

SHOWN = 50
"""Rows of each kind of disagreement that the page lists."""


@dataclass(frozen=True, slots=True)
class SectionLine:
    """One section: how many rows violate it, and how well it is cited."""

    code: str
    title: str
    rows: int
    scores: Scores


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took. `seconds` are summed over calls; `prompt` and `completion` are mean tokens a row; `cached`: share
    of prompt tokens that the engine still had, None where it does not say."""

    seconds: float
    per_row: float
    prompt: float
    completion: float
    cached: float | None

    @property
    def milliseconds(self) -> float:
        """Of calls a row."""
        return 1000 * self.per_row

    @property
    def cached_percent(self) -> float | None:
        """0 to 100."""
        return None if self.cached is None else 100 * self.cached


@dataclass(frozen=True, slots=True)
class Miss:
    """One row whose answer is not the expected label, with the words of the reasoner; `case`: the code of one made of it."""

    id: UUID
    key: str
    expect: str
    section: str
    label: str
    sections: tuple[str, ...]
    text: str
    rationale: str
    failure: str
    case: str
    other_label: str = ""
    other_rationale: str = ""

    @property
    def marks(self) -> tuple[Piece, ...]:
        """What the two rationales have apart, where there are two."""
        return marks(self.other_rationale, self.rationale)


@dataclass(frozen=True, slots=True)
class Comparison:
    """This evaluation against an earlier one of the same rows, and the rows where only one of them is right."""

    other: "Head"
    paired: Paired
    flips: tuple[Miss, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What an evaluation was: the version or versions, the engine, the file, and when."""

    id: UUID
    title: str
    slug: str
    number: int
    hash: str
    policies: tuple[str, ...]
    way: str
    model: str
    practice: bool
    signature: str
    effort: str
    file: str
    state: str
    failure: str
    total: int
    answered: int
    digest: str
    judged_here: bool
    started_at: datetime
    ended_at: datetime | None
    by: str

    @property
    def open(self) -> bool:
        """Whether it may still move."""
        return self.state in OPEN_STATES

    @property
    def name(self) -> str:
        """`spam v3`, or every policy where there are several, with the way they were asked."""
        if len(self.policies) > 1:
            names = {"names": ", ".join(self.policies)}
            return (
                _("%(names)s, one call") % names
                if self.way == "together"
                else _("%(names)s, a call each") % names
            )
        return _("%(title)s v%(number)d") % {"title": self.title, "number": self.number}

    @property
    def failure_words(self) -> str:
        """Why it stopped, in the language of the reader."""
        return shown(self.failure)


@dataclass(frozen=True, slots=True)
class EvaluationPage:
    """The whole report."""

    head: Head
    scores: Scores
    kappa: Kappa
    confusion: dict[str, dict[str, int]]
    sections: tuple[SectionLine, ...]
    cells: dict[tuple[str, str], int]
    unsure: Rate
    silent: Rate
    right: Rate
    cost: Cost
    missed: tuple[Miss, ...]
    wrongly: tuple[Miss, ...]
    open: tuple[Miss, ...]
    comparable: tuple[Head, ...]
    comparison: Comparison | None


def evaluation_page(key: UUID, against: UUID | None = None) -> EvaluationPage:
    """The report of one evaluation; with `against`, compared with another one of the same rows. Raises Missing."""
    study = _study(key)
    rows = labelled(key)
    head = _head(study)
    failed = _failed(key) if study.answered < study.total else set()
    answered = (
        [row for row in rows if row.label or row.key in failed] if study.answered < study.total else rows
    )
    n = len(answered)
    compared = _study(against) if against else None
    if compared is not None and compared.options.get("digest") != head.digest:
        raise Missing(
            _("These two evaluations are not about the same rows, so they cannot be compared row by row.")
        )
    return EvaluationPage(
        head=head, scores=measure.scores(answered), kappa=measure.kappa(answered), confusion=measure.confusion(answered),
        sections=_sections(study, answered), cells=measure.section_confusion([row for row in answered if row.section]),
        unsure=Rate(sum(row.label == "unsure" for row in answered), n),
        silent=Rate(sum(not row.label for row in answered), n), right=Rate(sum(row.right for row in answered), n),
        cost=_cost(study), comparable=_comparable(study),
        missed=_misses(study, Q(expect="violates", label="allowed")),
        wrongly=_misses(study, Q(expect="allowed", label="violates")),
        open=_misses(study, Q(label="unsure") | ~Q(failure="")),
        comparison=_comparison(answered, study, compared) if compared else None,
    )  # fmt: skip


def labelled(key: UUID) -> list[Labelled]:
    """Every row of an evaluation in file order, without its text."""
    found = (
        EvaluationRow.objects.filter(study=key)
        .order_by("ordinal")
        .values_list("ordinal", "expect", "section", "label", "sections")
    )
    return [
        Labelled(str(n), expect, section, label, frozenset(cited))
        for n, expect, section, label, cited in found
    ]


ROW_COLUMNS: Final = (
    "id", "expect", "section", "label", "sections", "confidence", "failure", "prompt_tokens", "completion_tokens", "seconds",
)  # fmt: skip


def rows_of(key: UUID) -> list[dict[str, Any]]:
    """What goes into the CSV: one row each, without the texts, in file order. Raises Missing."""
    _study(key)
    rows = EvaluationRow.objects.filter(study=key).order_by("ordinal").values("key", *ROW_COLUMNS[1:])
    return [{"id": row["key"]} | row for row in rows]


def as_json(page: EvaluationPage) -> dict[str, Any]:
    """The report as JSON: every rate with its interval and n."""
    head = page.head
    report: dict[str, Any] = {
        "id": str(head.id), "policies": list(head.policies), "way": head.way, "hash": head.hash, "model": head.model,
        "engine": head.signature, "practice": head.practice, "effort": head.effort, "file": head.file, "rows": head.total,
        "answered": head.answered, "at": head.started_at.isoformat(),
        "precision": page.scores.precision.as_json(), "recall": page.scores.recall.as_json(),
        "f1": {"value": page.scores.f1, "interval": list(page.scores.f1_interval)},
        "kappa": {"value": page.kappa.value, "interval": [page.kappa.low, page.kappa.high], "n": page.kappa.n},
        "unsure": page.unsure.as_json(), "no_answer": page.silent.as_json(), "confusion": _named(page.confusion),
        "sections": [
            {
                "section": each.code, "rows": each.rows, "precision": each.scores.precision.as_json(),
                "recall": each.scores.recall.as_json(),
                "f1": {"value": each.scores.f1, "interval": list(each.scores.f1_interval)},
            }
            for each in page.sections
        ],
        "section_confusion": [
            {"expected": a, "cited": b or None, "rows": count} for (a, b), count in page.cells.items()
        ],
        "cost": {
            "seconds": page.cost.seconds, "seconds_a_row": page.cost.per_row, "prompt_tokens_a_row": page.cost.prompt,
            "completion_tokens_a_row": page.cost.completion, "cached_share": page.cost.cached,
        },
    }  # fmt: skip
    if page.comparison:
        report["comparison"] = _compared_json(page.comparison)
    return report


def _compared_json(comparison: Comparison) -> dict[str, Any]:
    pair = comparison.paired
    return {
        "with": str(comparison.other.id), "policies": list(comparison.other.policies), "way": comparison.other.way,
        "model": comparison.other.model, "both_right": pair.both_right, "only_other_right": pair.only_first,
        "only_this_right": pair.only_second, "both_wrong": pair.both_wrong, "mcnemar_p": pair.p,
        "flips": [
            {"id": each.key, "expect": each.expect, "this": each.label, "other": each.other_label}
            for each in comparison.flips
        ],
    }  # fmt: skip


def _named(table: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {
        expect: {label or "no_answer": count for label, count in row.items()} for expect, row in table.items()
    }


def _failed(key: UUID) -> set[str]:
    found = EvaluationRow.objects.filter(study=key).exclude(failure="").values_list("ordinal", flat=True)
    return {str(ordinal) for ordinal in found}


def _study(key: UUID) -> Study:
    found = (
        Study.objects.select_related("policy", "version", "started_by")
        .filter(pk=key, kind=StudyKind.EVALUATE)
        .first()
    )
    if found is None:
        raise Missing(_("There is no such evaluation. Look at the list in the lab."))
    return found


def _head(study: Study) -> Head:
    return Head(
        id=study.pk, title=study.version.title if study.version else study.policy.slug, slug=study.policy.slug,
        number=study.number, hash=study.hash, policies=tuple(study.options["policies"]), way=study.options["way"],
        model=study.model, practice=bool(study.options.get("practice")), signature=study.signature, effort=study.effort,
        file=study.file, state=study.state, failure=study.failure, total=study.total, answered=study.answered,
        digest=study.options["digest"], judged_here=study.run_id is not None, started_at=study.started_at, ended_at=study.ended_at,
        by=str(study.started_by) if study.started_by else _("the operator"),
    )  # fmt: skip


def _sections(study: Study, rows: Sequence[Labelled]) -> tuple[SectionLine, ...]:
    lines = []
    for name in study.options["policies"]:
        slug, _, number = name.partition("@")
        try:
            policy = policies.version_page(slug, int(number))
        except Missing:
            continue
        for section in policy.sections:
            there = sum(row.section == section.code and row.expect == "violates" for row in rows)
            cited = any(section.code in row.sections for row in rows)
            if there or cited:
                found = measure.section_scores(rows, section.code)
                lines.append(SectionLine(section.code, section.title, there, found))
    return tuple(lines)


def _cost(study: Study) -> Cost:
    told = EvaluationRow.objects.filter(study=study).exclude(label="").aggregate(
        rows=Count("pk"), seconds=Sum("seconds"), prompt=Avg("prompt_tokens"), completion=Avg("completion_tokens"),
        prompts=Sum("prompt_tokens"), cached=Sum("cached_tokens"),
    )  # fmt: skip
    prompts = told["prompts"] or 0
    return Cost(
        told["seconds"] or 0.0, (told["seconds"] or 0.0) / max(told["rows"], 1), told["prompt"] or 0.0,
        told["completion"] or 0.0, (told["cached"] or 0) / prompts if prompts else None,
    )  # fmt: skip


def _misses(study: Study, which: Q) -> tuple[Miss, ...]:
    found = list(EvaluationRow.objects.filter(which, study=study).order_by("ordinal")[:SHOWN])
    cases = _cases_of(found)
    return tuple(_miss(row, cases) for row in found)


def _cases_of(rows: Sequence[EvaluationRow]) -> dict[UUID, str]:
    """The codes of the cases that were made of rows."""
    lines = reads_cases.lines_of([row.case for row in rows if row.case])
    return {key: line.code for key, line in lines.items()}


def _miss(row: EvaluationRow, cases: dict[UUID, str], other: EvaluationRow | None = None) -> Miss:
    return Miss(
        row.pk, row.key, row.expect, row.section, row.label, tuple(row.sections), row.text, row.rationale, row.failure,
        cases.get(row.case, "") if row.case else "", other.label if other else "", other.rationale if other else "",
    )  # fmt: skip


def _comparable(study: Study) -> tuple[Head, ...]:
    others = (
        Study.objects.select_related("policy", "version", "started_by")
        .filter(kind=StudyKind.EVALUATE, options__digest=study.options["digest"])
        .exclude(pk=study.pk)
        .order_by("-started_at")[:20]
    )
    return tuple(_head(each) for each in others)


def _comparison(rows: Sequence[Labelled], study: Study, other: Study) -> Comparison:
    mine = {row.key: row.right for row in rows}
    theirs = {row.key: row.right for row in labelled(other.pk)}
    parted = [int(key) for key in mine.keys() & theirs.keys() if mine[key] != theirs[key]]
    shown = sorted(parted)[: 2 * SHOWN]
    before = {row.ordinal: row for row in EvaluationRow.objects.filter(study=other, ordinal__in=shown)}
    after = list(EvaluationRow.objects.filter(study=study, ordinal__in=shown).order_by("ordinal"))
    cases = _cases_of(after)
    flips = tuple(_miss(row, cases, before.get(row.ordinal)) for row in after)
    return Comparison(_head(other), measure.paired(theirs, mine), flips)
