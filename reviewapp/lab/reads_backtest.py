"""The read door of re-runs: what changed, for whom it is right, and what it would bring to people."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Case as When
from django.db.models import IntegerField, Q, Value
from django.db.models import When as Then
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from reviewapp.intake import reads as intake_reads
from reviewapp.lab.actions.backtesting import FOR_PEOPLE, OTHERWISE, group_counts, waiting_counts
from reviewapp.lab.models import Sample, Study
from reviewapp.lab.reads_gate import StudyHead, head_of, study_of
from reviewapp.lab.rules import Stratum, StudyKind
from reviewapp.lab.rules_bounds import Rate
from reviewapp.lab.rules_flips import FLIPS, GROUP_WORDS, ONE_WORDS, Said, agrees
from reviewapp.lab.rules_marks import marks
from reviewapp.lab.rules_results import shown
from reviewapp.lab.selection import a_day
from reviewapp.policies import reads as policies
from reviewapp.policies import reads_cases
from reviewapp.policies.rules_diff import Piece
from reviewapp.screening import reads_runs
from reviewapp.screening.models import Verdict
from reviewapp.ui.words import Words

PAGE: Final = 25
_PLAIN: Final = (
    "stratum", "group", "blind", "person_label", "person_sections", "before_label", "before_sections", "after_label",
    "after_sections",
)  # fmt: skip
_CALLS: Final = {
    True: gettext_noop("Blind or second-reviewed calls"),
    False: gettext_noop("Verdict shown first"),
}
TAB_WORDS: Final = GROUP_WORDS | {OTHERWISE: gettext_lazy("Not decided yet")}


@dataclass(frozen=True, slots=True)
class Voice:
    """What a version said of an item."""

    label: str
    sections: tuple[str, ...]
    confidence: str
    rationale: str
    model: str


@dataclass(frozen=True, slots=True)
class Flip:
    """One past item with both verdicts side by side; `case` is the code of the case made of it."""

    id: UUID
    item: UUID
    group: str
    group_word: Words
    text: str
    person_label: str
    person_sections: tuple[str, ...]
    decision: UUID | None
    blind: bool
    before: Voice | None
    after: Voice | None
    case: str

    @property
    def marks(self) -> tuple[Piece, ...]:
        """What the two rationales have apart."""
        return marks(self.before.rationale, self.after.rationale) if self.before and self.after else ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often each version says what people said, over one kind of calls, named in English."""

    calls: str
    before: Rate
    after: Rate

    @property
    def words(self) -> str:
        """The calls in the language of the reader."""
        return shown(self.calls)


@dataclass(frozen=True, slots=True)
class Unseen:
    """Items that no person saw, named in English: how many of the sample would go to one, and what that is a day."""

    sample_of: str
    rate: Rate
    daily: float

    @property
    def words(self) -> str:
        """The items in the language of the reader."""
        return shown(self.sample_of)

    @property
    def extra(self) -> float:
        """Items a day."""
        return self.rate.share * self.daily

    @property
    def extra_interval(self) -> tuple[float, float]:
        """The same at the ends of the interval."""
        low, high = self.rate.interval
        return low * self.daily, high * self.daily


@dataclass(frozen=True, slots=True)
class BacktestPage:
    """The whole page. `counts` are of decided items and add up to `judged`; `sums` says so in words.

    `waiting`: of the items that wait for a person, those that are judged otherwise.
    """

    head: StudyHead
    progress: reads_runs.RunProgress | None
    estimate: dict[str, Any]
    options: dict[str, Any]
    intended: tuple[str, ...]
    counts: dict[str, int]
    judged: int
    agreement: tuple[Agreement, ...]
    waiting: Rate
    unseen: tuple[Unseen, ...]
    group: str
    tabs: tuple[tuple[str, Words, int], ...]
    flips: tuple[Flip, ...]
    more: bool
    page: int
    left_minutes: float | None

    @property
    def sums(self) -> str:
        """`478 + 11 + 4 + 3 + 4 = 500`."""
        return f"{' + '.join(f'{n:,}' for n in self.counts.values() if n) or '0'} = {self.judged:,}"

    @property
    def flipped(self) -> int:
        """How many changed, decided or not."""
        return sum(self.counts[each.value] for each in FLIPS) + self.waiting.hits


def backtest_page(key: UUID, *, group: str = "", page: int = 1) -> BacktestPage:
    """One re-run; `group` narrows the list to one group (empty: all flips). Raises Missing."""
    row = study_of(key, StudyKind.BACKTEST)
    counts = group_counts(row.pk)
    wanted = group if group in TAB_WORDS else ""
    waiting = Rate(*waiting_counts(row.pk))
    tabs = tuple((name, GROUP_WORDS[name], counts[name]) for name in GROUP_WORDS if name != "unchanged")
    flips, more = _flips(row, wanted, max(page, 1))
    progress = reads_runs.progress(row.run_id) if row.run_id else None
    return BacktestPage(
        head=head_of(row), progress=progress, estimate=row.estimate, options=row.options, intended=tuple(row.intended),
        counts=counts, judged=sum(counts.values()), agreement=_agreement(row), waiting=waiting, unseen=_unseen(row), group=wanted,
        tabs=(*tabs, (OTHERWISE, TAB_WORDS[OTHERWISE], waiting.hits)), flips=flips, more=more, page=max(page, 1), left_minutes=_left(row, progress),
    )  # fmt: skip


COLUMNS: Final = (
    "item", "external_id", "stratum", "group", "decision", "blind", "person_label", "person_sections", "before_label", "before_sections",
    "after_label", "after_sections", "case",
)  # fmt: skip


def rows_of(key: UUID) -> list[dict[str, Any]]:
    """What goes into the CSV: every item of a re-run in its order, by id, without its text. Raises Missing."""
    row = study_of(key, StudyKind.BACKTEST)
    found = list(
        Sample.objects.filter(study=row)
        .order_by("ordinal")
        .values("item_id", "item__external_id", "decision_id", "case", *_PLAIN)
    )
    cases = reads_cases.lines_of([each["case"] for each in found if each["case"]])
    return [
        each
        | {
            "item": each["item_id"], "external_id": each["item__external_id"], "decision": each["decision_id"] or "",
            "case": cases[each["case"]].code if each["case"] in cases else "",
        }
        for each in found
    ]  # fmt: skip


def as_json(key: UUID) -> dict[str, Any]:
    """The report as JSON: totals, agreement with its intervals, and every flip by the id of its item. Raises Missing."""
    page = backtest_page(key)
    head = page.head
    flips = [each for each in rows_of(key) if each["group"] in (*FLIPS, OTHERWISE)]
    return {
        "id": str(head.id), "policy": head.slug, "version": head.number, "against": head.against, "hash": head.hash,
        "effort": head.effort, "state": head.state, "items": head.total, "answered": head.answered,
        "at": head.started_at.isoformat(), "chosen": page.options, "intended": list(page.intended),
        "totals": page.counts | {"decided": page.judged},
        "agreement": [
            {"calls": each.calls, "before": each.before.as_json(), "after": each.after.as_json()} for each in page.agreement
        ],
        "waiting": page.waiting.as_json(),
        "unseen": [
            {"sample_of": each.sample_of, "to_people": each.rate.as_json(), "a_day": each.daily, "extra_a_day": each.extra}
            for each in page.unseen
        ],
        "flips": [{name: _plain(each[name]) for name in COLUMNS} for each in flips],
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def progress_of(key: UUID, kind: StudyKind) -> tuple[StudyHead, reads_runs.RunProgress | None, float | None]:
    """A study's head, how far its run is, and about how many minutes are left. Raises Missing."""
    row = study_of(key, kind)
    progress = reads_runs.progress(row.run_id) if row.run_id else None
    return head_of(row), progress, _left(row, progress)


def _left(row: Study, progress: reads_runs.RunProgress | None) -> float | None:
    """Minutes left at the pace so far; None before anything is judged."""
    if progress is None or not row.answered or not progress.wall_seconds or row.state != "running":
        return None
    return (row.total - row.answered) * progress.wall_seconds / row.answered / 60


def sections_of(version_id: UUID) -> tuple[tuple[str, str], ...]:
    """(code, title) of a version, for the form."""
    return tuple((each.code, each.title) for each in policies.version_sections(version_id))


def _agreement(row: Study) -> tuple[Agreement, ...]:
    tallies = {True: [0, 0, 0], False: [0, 0, 0]}
    found = Sample.objects.filter(study=row, stratum=Stratum.DECIDED).exclude(group__in=["", "no_answer"])
    names = (
        "blind",
        "person_label",
        "person_sections",
        "before_label",
        "before_sections",
        "after_label",
        "after_sections",
    )
    for blind, label, sections, was, was_sections, now, now_sections in found.values_list(*names).iterator(
        chunk_size=2_000
    ):
        person = Said(label, frozenset(sections))
        tally = tallies[blind]
        tally[0] += 1
        tally[1] += agrees(person, Said(was, frozenset(was_sections)))
        tally[2] += agrees(person, Said(now, frozenset(now_sections)))
    return tuple(
        Agreement(
            calls, Rate(tallies[blind][1], tallies[blind][0]), Rate(tallies[blind][2], tallies[blind][0])
        )
        for blind, calls in _CALLS.items()
    )


def _unseen(row: Study) -> tuple[Unseen, ...]:
    found = []
    for stratum, words, state in (
        (Stratum.PASSED, gettext_noop("Passed by the prefilter"), "passed"),
        (Stratum.CLOSED, gettext_noop("Closed by the machine"), "closed_by_machine"),
    ):
        rows = Sample.objects.filter(study=row, stratum=stratum).exclude(group="")
        n = rows.count()
        if n:
            found.append(Unseen(words, Rate(rows.filter(group=FOR_PEOPLE).count(), n), a_day(state)))
    return tuple(found)


def _flips(row: Study, group: str, page: int) -> tuple[tuple[Flip, ...], bool]:
    order = When(
        *(Then(group=name, then=Value(place)) for place, name in enumerate(TAB_WORDS)),
        default=Value(99), output_field=IntegerField(),
    )  # fmt: skip
    rows = list(
        Sample.objects.filter(Q(stratum=Stratum.DECIDED) | Q(group=OTHERWISE), study=row, group__in=[group] if group else [*FLIPS, OTHERWISE])
        .annotate(rank=order).order_by("rank", "ordinal")[(page - 1) * PAGE : page * PAGE + 1]
    )  # fmt: skip
    listed = rows[:PAGE]
    texts = intake_reads.contents([each.item_id for each in listed])
    wanted = [key for each in listed for key in (each.before_id, each.after_id) if key]
    verdicts = Verdict.objects.defer("raw", "reasoning").in_bulk(wanted)
    cases = reads_cases.lines_of([each.case for each in listed if each.case])
    flips = tuple(
        Flip(
            each.pk, each.item_id, each.group, _singular(each.group),
            texts[each.item_id].text if each.item_id in texts else _("(erased or restricted)"), each.person_label,
            tuple(each.person_sections), each.decision_id, each.blind, _voice(verdicts, each.before_id),
            _voice(verdicts, each.after_id), cases[each.case].code if each.case in cases else "",
        )
        for each in listed
    )  # fmt: skip
    return flips, len(rows) > PAGE


def _singular(group: str) -> Words:
    return ONE_WORDS.get(group) or TAB_WORDS.get(group, "")


def _voice(verdicts: dict[UUID, Verdict], key: UUID | None) -> Voice | None:
    row = verdicts.get(key) if key else None
    if row is None:
        return None
    return Voice(row.label, tuple(row.sections), row.confidence, row.rationale, row.model)
