"""What stands beside item and verdict on the review screen: notes, drafts, escalations, blind calls, badges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Person
from reviewapp.intake.models import Item
from reviewapp.questions import Answer, Rows, Trip
from reviewapp.review import reads_blind, rules, rules_checks
from reviewapp.review.models import Escalation, Note, Task, Unsent
from reviewapp.review.reads_cited import Cited, cited
from reviewapp.review.rules_checks import Badge
from reviewapp.review.rules_escalation import KINDS
from reviewapp.review.rules_mask import Veil
from reviewapp.review.rules_severe import FAMILY_KINDS
from reviewapp.review.rules_text import Run, plain
from reviewapp.ui.languages import language_of

_NOTES: Final = """
    SELECT n.id, n.kind, n.text, n.version_id, n.at, coalesce(nullif(p.name, ''), p.email) AS who
    FROM review_note n JOIN accounts_person p ON p.id = n.person_id
    WHERE n.item_id = %s AND n.text <> '' ORDER BY n.at LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class EscalationPanel:
    """What is escalated about the item, with the checklist as it stands."""

    words: str
    who: str
    at: datetime
    rings_at: datetime
    help_sent: bool | None
    authority_told: bool | None
    reference: str
    answered_at: datetime | None
    must_answer: bool


@dataclass(frozen=True, slots=True)
class FirstCall:
    """What the person called before they saw the verdict; `typed`: the fields of the form by name."""

    label: str
    sections: str
    typed: dict[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One note on an item, and the sections that it names."""

    who: str
    kind: str
    paragraphs: tuple[tuple[Run, ...], ...]
    at: datetime
    cites: tuple[Cited, ...]


def escalation(task: Task | None) -> EscalationPanel | None:
    """What is escalated about a task, if anything is."""
    if task is None or not task.queue.escalation:
        return None
    row = Escalation.objects.select_related("person").filter(task=task, closed_at=None).first()
    if row is None:
        return None
    kind = KINDS[row.kind]
    return EscalationPanel(
        _(kind.words), str(row.person), row.at, row.rings_at, row.help_sent, row.authority_told, row.reference,
        row.answered_at, kind.answers,
    )  # fmt: skip


def veil(panel: Sequence[Any], person: Person, item: Item) -> Veil:
    """What is masked of the item: by the worst verdict that the person is shown, and by their own setting."""
    return veil_of(
        panel, reads_notices.preferences(person).masking, language_of(item.language, item.detected)
    )


def veil_of(said: Iterable[Any], mode: str, language: str) -> Veil:
    """The veil of the worst of several verdicts, each with its severity, family and `evidence_for`."""
    # What costs no sleep, such as fraud, does not hide that another verdict would.
    worst = max(said, key=lambda each: (each.severity, each.family in FAMILY_KINDS), default=None)
    if worst is None:
        return Veil(mode, language=language)
    return Veil(mode, worst.severity, worst.family, tuple(worst.evidence_for), language)


def unsent(item: UUID, person: Person, form: rules.UnsentForm) -> dict[str, str]:
    """What a person typed into a form on an item and has not sent; empty for nothing."""
    row = Unsent.objects.filter(item=item, person=person, form=form).values_list("typed", flat=True).first()
    return row or {}


def notes(item: UUID, person: Person) -> tuple[NoteLine, ...]:
    """What people noted on an item, oldest first, with its severe words masked for who asks for that."""
    return notes_on(Trip(), item, person)()


def notes_on(trip: Trip, item: UUID, person: Person) -> Answer[tuple[NoteLine, ...]]:
    """The same, asked along with others."""
    over = Veil(reads_notices.preferences(person).masking)
    return trip.ask(_NOTES, [item], lambda rows: _lines(rows, over))


def _lines(rows: Rows, over: Veil) -> tuple[NoteLine, ...]:
    names = ("id", "kind", "text", "version_id", "at")
    written = [Note.from_db(None, names, row[:-1]) for row in rows]
    cites = cited(written)
    return tuple(
        NoteLine(
            row[-1],
            str(rules.NOTE_WORDS[note.kind]),
            plain(note.text, masks=over.over_words_on(note.text), part=f"n{place}-"),
            note.at,
            cites[note.pk],
        )
        for place, (note, row) in enumerate(zip(written, rows, strict=True))
    )


def first_call(task: Task | None, person: Person) -> FirstCall | None:
    """What the person called blind on this open task."""
    made = reads_blind.first_call(task, person)
    if made is None:
        return None
    codes = ", ".join(each.partition(":")[2] for each in made.findings)
    typed = {
        "section": made.findings[0] if made.findings else "allowed", "action": made.action, "days": made.days,
        "territories": made.territories, "exception": made.exception,
        "review_on": made.review_on.isoformat() if made.review_on else "", "reason_code": made.reason_code,
        "reason": made.reason,
    }  # fmt: skip
    return FirstCall(made.label, codes, typed, made.at)


def badges(lead: Any, attachments: int) -> tuple[Badge, ...]:
    """One badge for each failed check of the lead verdict, and for what it could not see."""
    if lead is None:
        return ()
    told_unstable = _("Unstable (%(agree)d of %(looks)d agree)") % {"agree": lead.agree, "looks": lead.looks}
    told_dropped = ngettext(
        "%(count)d quote not in the item, dropped",
        "%(count)d quotes not in the item, dropped",
        lead.dropped_quotes,
    ) % {"count": lead.dropped_quotes}
    told_unseen = ngettext(
        "Did not see: %(count)d attachment", "Did not see: %(count)d attachments", attachments
    ) % {"count": attachments}
    allowed = [text for section in lead.sections if section.cited for text in section.allowed]
    told = [
        (lead.injection_suspected, Badge("shield-alert", _("Injection suspected"), "warn")),
        (lead.unknown_sections, Badge("file-x", _("Cites unknown section"), "bad")),
        (
            rules_checks.contradicts(lead.label, lead.rationale),
            Badge("git-compare", _("Verdict contradicts rationale"), "bad"),
        ),
        (
            rules_checks.only_allowed_examples(lead.label, lead.evidence_for, allowed),
            Badge("file-x", _("Cites only an allowed example"), "bad"),
        ),
        (lead.unstable, Badge("repeat", told_unstable, "warn")),
        (lead.dropped_quotes, Badge("file-x", told_dropped, "warn")),
        (attachments, Badge("eye-off", told_unseen, "warn")),
    ]
    return tuple(badge for fails, badge in told if fails)
