"""The read door of the lab's front page: its studies, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count
from django.utils.translation import gettext as _

from reviewapp.intake.models import Source
from reviewapp.lab import selection
from reviewapp.lab.actions import rejudging
from reviewapp.lab.actions.studies import version_to_judge
from reviewapp.lab.models import Study
from reviewapp.lab.rules import KIND_WORDS, KINDS_WORDS, STUDY_STATES, Stratum, StudyKind
from reviewapp.lab.rules_results import result_words, shown
from reviewapp.lab.selection import Chosen
from reviewapp.ui.errors import Missing
from reviewapp.ui.words import Words

PAGE: Final = 50
SHOWN: Final = (StudyKind.GATE.value, StudyKind.BACKTEST.value, StudyKind.EVALUATE.value)
_PLACES: Final = {"gate": "gates", "backtest": "backtests", "evaluate": "evaluations"}


@dataclass(frozen=True, slots=True)
class StudyLine:
    """One study in the list; `result` is its outcome in a few words."""

    id: UUID
    kind: str
    kind_word: Words
    href: str
    title: str
    state: str
    state_word: Words
    answered: int
    total: int
    result: str
    by: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class LabPage:
    """The list, and how many studies of each kind there are: (kind, words, count)."""

    lines: tuple[StudyLine, ...]
    kinds: tuple[tuple[str, Words, int], ...]
    kind: str
    count: int


def lab_page(kind: str = "") -> LabPage:
    """The newest studies, of one kind where it is given."""
    counts = dict(
        Study.objects.filter(kind__in=SHOWN).values_list("kind").annotate(n=Count("pk")).order_by("kind")
    )
    wanted = kind if kind in SHOWN else ""
    rows = (
        Study.objects.filter(kind__in=[wanted] if wanted else SHOWN)
        .select_related("policy", "version", "started_by")
        .defer("version__source", "version__model_text")
        .order_by("-started_at")[:PAGE]
    )
    kinds = tuple((each, KINDS_WORDS[each], counts.get(each, 0)) for each in SHOWN)
    return LabPage(tuple(_line(row) for row in rows), kinds, wanted, sum(counts.values()))


def title_of(study: Study) -> str:
    """The policy's title, or its slug where the draft is gone."""
    return study.version.title if study.version else study.policy.slug


def _line(study: Study) -> StudyLine:
    return StudyLine(
        id=study.pk, kind=study.kind, kind_word=KIND_WORDS[study.kind], href=f"/{_PLACES[study.kind]}/{study.pk}",
        title=_title(study), state=study.state, state_word=STUDY_STATES[study.state].label, answered=study.answered,
        total=study.total, result=shown(study.failure) or result_words(study.report),
        by=str(study.started_by) if study.started_by else _("the operator"), started_at=study.started_at,
    )  # fmt: skip


def _title(study: Study) -> str:
    values = {
        "title": title_of(study),
        "number": study.number,
        "before": study.against_number,
        "file": study.file,
    }
    if study.kind == StudyKind.EVALUATE and len(study.options["policies"]) > 1:
        return _("%(names)s on %(file)s") % {**values, "names": ", ".join(study.options["policies"])}
    if study.kind == StudyKind.EVALUATE:
        return _("%(title)s v%(number)d on %(file)s") % values
    if study.against_number:
        return _("%(title)s v%(number)d against v%(before)d") % values
    return _("%(title)s v%(number)d") % values


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version as the lab's forms name it."""

    id: UUID
    slug: str
    title: str
    number: int
    state: str


@dataclass(frozen=True, slots=True)
class OpenItems:
    """Items that wait for a person under an older verdict, and about how long judging them takes."""

    version_id: UUID
    number: int
    count: int
    capped: bool
    tokens: int | None
    minutes: float | None


def version_line(key: UUID) -> VersionLine:
    """A version. Raises Missing."""
    row = version_to_judge(key)
    return VersionLine(row.pk, row.policy.slug, row.title, row.number, row.state)


def source_names() -> list[str]:
    """Every source, by name."""
    return list(Source.objects.order_by("name").values_list("name", flat=True))


def place_of(key: UUID) -> str:
    """The address of a study's page. Raises Missing."""
    kind = Study.objects.filter(pk=key).values_list("kind", flat=True).first()
    if kind is None:
        raise Missing(_("There is no such run in the lab. Look at its list."))
    return f"/{_PLACES[kind]}/{key}"


def open_items(key: UUID) -> OpenItems | None:
    """What judging open items under a version takes; None where it is not in force or nothing waits. Raises Missing."""
    row = version_to_judge(key)
    if row.state != "published":
        return None
    items = rejudging.open_items(row)
    cost = selection.estimate([Chosen(item, Stratum.PASSED.value) for item in items])
    if not items:
        return None
    return OpenItems(row.pk, row.number, len(items), len(items) == rejudging.MOST, cost.tokens, cost.minutes)
