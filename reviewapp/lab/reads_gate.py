"""The read door of gates: the page of one, and the fragment beside a draft."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.lab.actions.gating import decided, figures
from reviewapp.lab.models import CaseResult, Study
from reviewapp.lab.reads import title_of
from reviewapp.lab.rules import OPEN_STATES, STUDY_STATES, StudyKind
from reviewapp.lab.rules_gate import GateResult, SectionResult, Tried
from reviewapp.lab.rules_marks import marks
from reviewapp.lab.rules_results import result_words, shown
from reviewapp.policies import reads_cases, reads_gate
from reviewapp.policies.models import Version
from reviewapp.policies.reads_gate import GateStanding
from reviewapp.policies.rules_diff import Piece
from reviewapp.screening.models import Verdict
from reviewapp.ui.errors import Missing
from reviewapp.ui.words import Words

SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one version said of a case: its label by majority, and the words of a verdict that gave it."""

    label: str
    votes: tuple[str, ...]
    sections: tuple[str, ...]
    confidence: str
    rationale: str


@dataclass(frozen=True, slots=True)
class FailedCase:
    """A case that the draft has wrong, with both rationales."""

    code: str
    section: str
    expect: str
    broken: bool
    text: str
    note: str
    after: Spoken
    before: Spoken | None

    @property
    def marks(self) -> tuple[Piece, ...]:
        """What the two rationales have apart."""
        return marks(self.before.rationale, self.after.rationale) if self.before else ()


@dataclass(frozen=True, slots=True)
class SectionLine:
    """One section's result with its title."""

    title: str
    result: SectionResult


@dataclass(frozen=True, slots=True)
class StudyHead:
    """What stands over every page of a study that runs in the background."""

    id: UUID
    title: str
    slug: str
    number: int
    against: int | None
    state: str
    state_word: Words
    next_step: Words
    answered: int
    total: int
    repeats: int
    model: str
    effort: str
    hash: str
    failure: str
    by: str
    started_at: datetime
    ended_at: datetime | None
    version_id: UUID | None
    version_state: str

    @property
    def old_name(self) -> str:
        """What the version that it is compared with is called beside its words."""
        return _("v%(number)d said") % {"number": self.against}

    @property
    def new_name(self) -> str:
        """What the judged version is called beside its words."""
        return _("v%(number)d says") % {"number": self.number}

    @property
    def open(self) -> bool:
        """Whether it may still move."""
        return self.state in OPEN_STATES

    @property
    def failure_words(self) -> str:
        """Why it stopped, in the language of the reader."""
        return shown(self.failure)


@dataclass(frozen=True, slots=True)
class GatePage:
    """The whole page; `result` is None until it is done. `standing` is that of the version now, not of this run."""

    head: StudyHead
    result: GateResult | None
    lines: tuple[SectionLine, ...]
    failed: tuple[FailedCase, ...]
    standing: GateStanding | None
    stale: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class DraftGate:
    """The gate beside a draft: where it stands, and the newest run of it."""

    version_id: UUID
    slug: str
    number: int
    state: str
    standing: GateStanding
    newest: StudyHead | None
    cases: int
    own: bool


def gate_page(key: UUID) -> GatePage:
    """One gate. Raises Missing."""
    row = study_of(key, StudyKind.GATE)
    head = head_of(row)
    standing = reads_gate.gate_standing(row.version_id) if row.version_id else None
    if row.state != "done":
        return GatePage(head, None, (), (), standing, "")
    result = decided(row)
    titles = {code: title for code, title, *_ in row.options["sections"]}
    lines = tuple(
        SectionLine(titles.get(each.code, _("not in this version")), each) for each in result.sections
    )
    return GatePage(
        head,
        result,
        lines,
        _failed(row, result),
        standing,
        _stale(row),
        result_words({"figures": figures(result)}),
    )


def draft_gate(version_id: UUID, person: Person) -> DraftGate:
    """The gate of a version. Raises Missing."""
    row = Version.objects.select_related("policy").filter(pk=version_id).first()
    if row is None:
        raise Missing(_("This version is not there any more. Look at the policy."))
    newest = (
        Study.objects.filter(version=version_id, kind=StudyKind.GATE)
        .select_related("policy", "version", "started_by")
        .order_by("-started_at")
        .first()
    )
    counts = reads_cases.counts_of(version_id)
    return DraftGate(
        row.pk, row.policy.slug, row.number, row.state, reads_gate.gate_standing(row.pk),
        head_of(newest) if newest else None, sum(each.all for each in counts.values()),
        person.pk in {*row.writers, row.proposed_by_id},
    )  # fmt: skip


def study_of(key: UUID, kind: StudyKind) -> Study:
    """One study with what its head needs. Raises Missing."""
    row = (
        Study.objects.select_related("policy", "version", "against", "started_by")
        .filter(pk=key, kind=kind)
        .first()
    )
    if row is None:
        raise Missing(_("There is no such run in the lab. Look at its list."))
    return row


def head_of(row: Study) -> StudyHead:
    """The head of a study."""
    state = STUDY_STATES[row.state]
    return StudyHead(
        id=row.pk, title=title_of(row), slug=row.policy.slug, number=row.number, against=row.against_number, state=row.state,
        state_word=str(state.label), next_step=str(state.next_step), answered=row.answered, total=row.total, repeats=row.repeats,
        model=row.model, effort=row.effort, hash=row.hash, failure=row.failure,
        by=str(row.started_by) if row.started_by else _("the operator"), started_at=row.started_at, ended_at=row.ended_at,
        version_id=row.version_id, version_state=row.version.state if row.version else "",
    )  # fmt: skip


def _stale(row: Study) -> str:
    """Why what this gate says does not count any more; empty while it does."""
    if row.version is None or row.version.gate_hash != row.cases_hash:
        return _("The text, its cases or its targets changed after this gate was run.")
    engine = reads_gate.engine_in_force()
    return (
        _("Another engine judges items now than the one this gate was run on.")
        if engine and engine != row.signature
        else ""
    )


def _failed(row: Study, result: GateResult) -> tuple[FailedCase, ...]:
    shown = result.failed[:SHOWN]
    rows = {
        each.case: each
        for each in CaseResult.objects.filter(study=row, case__in=[each.case for each in shown])
    }
    texts = reads_cases.lines_of(rows)
    wanted = [key for each in rows.values() for key in (each.verdict_id, each.before_verdict_id) if key]
    verdicts = Verdict.objects.in_bulk(wanted)
    found = []
    for tried in shown:
        each, text = rows[tried.case], texts.get(tried.case)
        found.append(
            FailedCase(
                tried.code, tried.section, tried.expect, tried.broken,
                text.text if text and not text.erased else _("(erased)"), text.note if text else "",
                _spoken(tried.verdict, tried.votes, verdicts.get(each.verdict_id)),
                _before(tried, verdicts.get(each.before_verdict_id)) if tried.before else None,
            )
        )  # fmt: skip
    return tuple(found)


def _before(tried: Tried, verdict: Verdict | None) -> Spoken:
    return _spoken(verdict.label if verdict else "", tried.before, verdict)


def _spoken(label: str, votes: tuple[str, ...], verdict: Verdict | None) -> Spoken:
    if verdict is None:
        return Spoken(label, votes, (), "", "")
    return Spoken(label, votes, tuple(verdict.sections), verdict.confidence, verdict.rationale)
