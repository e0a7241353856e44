"""The read door of the review screen: one item, what machines said of it, and the claim of who looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.ids import new_id
from reviewapp.intake import reads as intake
from reviewapp.intake.models import Item
from reviewapp.policies import reads as policies
from reviewapp.review import (
    reads_actions,
    reads_blind,
    reads_item,
    reads_related,
    reads_translations,
    rules,
    rules_actions,
    rules_blind,
)
from reviewapp.review import reads_beside as beside
from reviewapp.review.models import Decision, Task
from reviewapp.review.reads_actions import Usuals
from reviewapp.review.reads_translations import TranslationPanel
from reviewapp.review.rules_actions import SUPPLIED, ActionChoice
from reviewapp.review.rules_checks import Badge
from reviewapp.review.rules_mask import Veil
from reviewapp.review.rules_text import (
    MARKS_ON_UP_TO_WORDS,
    Marked,
    mark,
    masked_places,
    preview,
)
from reviewapp.screening import reads as screening
from reviewapp.screening import reads_hurrying
from reviewapp.screening.rules import OPEN_FOR_VERDICTS
from reviewapp.ui.errors import Missing, Stale

_DIGITS: Final = "12345678"


@dataclass(frozen=True, slots=True)
class Seat:
    """The claim that the form on the screen writes under."""

    task: UUID
    epoch: int
    left: int


@dataclass(frozen=True, slots=True)
class Option:
    """A section that the override form offers; `value` is `version:code`."""

    key: str
    value: str
    code: str
    title: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class OtherPolicy:
    """Another policy's sections, for the second list of the form."""

    title: str
    options: tuple[Option, ...]


class Blind(Stale):
    """What would give a blind first call away is not shown before it."""


@dataclass(frozen=True, slots=True)
class UndoSlot:
    """The latest call that can still be taken back."""

    decision: UUID
    left: int
    window: int
    words: str
    preview: str
    more: int


@dataclass(frozen=True, slots=True)
class Desk:
    """The whole review screen."""

    item: Any
    task: Task | None
    seat: Seat | None
    standing: str
    holder: str
    decided: UUID | None
    marked: Marked
    marks_on: bool
    thread: tuple[reads_item.Message, ...]
    flags: tuple[reads_item.Flagged, ...]
    reports: int
    attachments: tuple[reads_item.Attachment, ...]
    url: str
    lead: Any | None
    others: tuple[Any, ...]
    no_verdict: str
    unread: tuple[screening.Unread, ...]
    pending: bool
    standing_word: str
    offer: reads_hurrying.Offer | None
    related: reads_related.Related
    can_confirm: bool
    outcome: str
    action: str
    why: str
    options: tuple[Option, ...]
    other_policies: tuple[OtherPolicy, ...]
    options_of: str
    shown: str
    nonce: UUID
    undo: UndoSlot | None
    ready: str
    notes: tuple[beside.NoteLine, ...]
    draft: dict[str, str]
    escalation: beside.EscalationPanel | None
    blind: bool
    first: beside.FirstCall | None
    badges: tuple[Badge, ...]
    measured: str
    answered: Decision | None
    severe: bool
    catalogue: tuple[ActionChoice, ...]
    translation: TranslationPanel
    veil: Veil
    masked: dict[str, str]


def is_restricted(item: UUID) -> bool:
    """Whether only cleared people may open the item."""
    return Item.objects.filter(pk=item, restricted=True).exists()


def desk(item: UUID, person: Person, *, restricted: bool = False) -> Desk:
    """Everything the review screen of `item` shows to `person`. Raises Missing for unknown and erased items.

    A restricted item is missing too, unless `restricted` says that the view was cleared and logged.
    """
    tasks = Task.objects.select_related(
        "item__source", "item__author", "queue", "claimed_by", "assigned_to", "answers__person"
    ).filter(item_id=item)
    task = tasks.order_by("-created_at").first()
    found = task.item if task else _item(item)
    content = intake.contents([item], include_restricted=restricted).get(item)
    if content is None or (found.restricted and not restricted):
        raise Missing(_("There is no such item, or its content was erased or restricted."))
    blind = reads_blind.is_blind(task, person)
    panel = [] if blind else list(screening.verdict_panel(item))
    lead = panel[0] if panel else None
    veil = _veil(panel, person)
    evidence = (lead.evidence_for, lead.evidence_against) if lead else ((), ())
    marked = mark(content.text, *evidence, masks=veil.over(content.text), place=lead.place if lead else None)
    author = found.author.external_id if found.author else ""
    thread = reads_item.thread(content.context, author, veil)
    flags = reads_item.flags(item)
    reports = sum(flag.kind != "automated" for flag in flags)
    seat, standing, holder = _standing(task, person)
    version, title = _form_policy(lead, item, found.policies)
    pending = not blind and _pending(item)
    why_not = "" if blind else screening.pending_and_failed(item)
    terms = dict(task.terms) if task else {}
    if blind:
        terms = rules_blind.terms_before(terms, [flag.kind for flag in flags])
    confirmable = lead is not None and rules.can_confirm(lead.label)
    usuals = reads_actions.usuals([version])
    answered = _answered(task, seat)
    confirmable = confirmable or answered is not None
    outcome, action, severe = _outcome(lead, answered, usuals) if confirmable else ("", "", False)
    return Desk(
        item=found, task=task, seat=seat, standing=standing, holder=holder,
        decided=_decided(task), marked=marked,
        marks_on=marked.words <= MARKS_ON_UP_TO_WORDS, thread=thread, flags=flags,
        reports=reports, attachments=reads_item.attachments(content.attachments), url=content.url, lead=lead,
        others=tuple(panel[1:]), no_verdict=_sentence(why_not), pending=pending,
        standing_word="" if blind else standing_of(panel, pending), offer=_offer(found, person, blind=blind),
        related=reads_related.related(found, content, person, blind=blind),
        unread=() if blind else tuple(screening.unread_answers(item)), can_confirm=confirmable,
        outcome=outcome, action=action,
        why=rules.why_here(terms, severity=task.severity, reports=reports) if task else "",
        options=_options(version, usuals), other_policies=_others(version, usuals), answered=answered, severe=severe,
        catalogue=usuals.catalogue, options_of=title, veil=veil,
        translation=reads_translations.panel(item, person, found, content.text, veil),
        masked=masked_places([*marked.paragraphs, *(each for message in thread for each in message.paragraphs)]),
        shown=",".join(str(each.verdict_id) for each in panel), nonce=new_id(),
        undo=undo_slot(person), ready=ready(person), notes=() if blind else beside.notes(item, person), draft=beside.draft(task, person),
        escalation=beside.escalation(task), blind=blind, first=beside.first_call(task, person),
        badges=beside.badges(lead, len(content.attachments)), measured=str(reads_blind.measured(lead.slug, lead.confidence)) if lead else "",
    )  # fmt: skip


def all_sections() -> tuple[OtherPolicy, ...]:
    """Every section of every published policy."""
    return _others(None, reads_actions.usuals())


def standing_of(panel: Sequence[Any], pending: bool) -> str:
    """What machines have said so far, as one word without meaning: it changes when the verdict's part of the screen does."""
    said = [f"{each.verdict_id}:{each.looks}:{each.agree}:{each.looking}" for each in panel]
    return sha256(" ".join([str(pending), *said]).encode()).hexdigest()[:16]


def standing_now(item: UUID) -> str:
    """The same for an item as it stands now."""
    return standing_of(screening.verdict_panel(item), _pending(item))


def undo_slot(person: Person) -> UndoSlot | None:
    """The person's latest call whose window is open, and how many more are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.id, d.item_id, d.label, ceil(extract(epoch FROM least(d.undo_until, d.release_at) - clock_timestamp()))::int,
                   ceil(extract(epoch FROM least(d.undo_until, d.release_at) - d.at))::int,
                   (SELECT string_agg(f.section, ', ' ORDER BY f.section) FROM review_finding f WHERE f.decision_id = d.id),
                   count(*) OVER ()
            FROM review_decision d
            WHERE d.person_id = %s AND d.kind <> 'undone' AND least(d.undo_until, d.release_at) > clock_timestamp()
                AND d.at > clock_timestamp() - interval '1 hour'
                AND NOT EXISTS (SELECT FROM review_decision later WHERE later.replaces_id = d.id)
            ORDER BY d.at DESC, d.id DESC LIMIT 1
            """,
            [person.pk],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    decision, item, label, left, window, sections, count = row
    content = intake.contents([item]).get(item)
    words = f"{rules.LABEL_WORDS[label]} {sections or ''}".strip()
    return UndoSlot(decision, left, max(window, 1), words, _preview(content, person), count - 1)


def queue_of(item: UUID) -> str:
    """The slug of the queue that an item's latest task is in. Raises Missing."""
    slug = (
        Task.objects.filter(item_id=item)
        .order_by("-created_at")
        .values_list("queue__slug", flat=True)
        .first()
    )
    if slug is None:
        raise Missing(_("This item is in no queue."))
    return slug


def typed_before(decision: UUID) -> dict[str, str]:
    """The form of an override as it was saved, so that undo gives it back; empty for a confirm."""
    made = Decision.objects.filter(pk=decision, automation="not", label__isnull=False).first()
    if made is None:
        return {}
    finding = made.findings.values_list("version_id", "section").first()
    return {
        "section": f"{finding[0]}:{finding[1]}" if finding else str(made.label),
        "action": made.actions[0]["code"] if made.actions else "",
        "reason_code": made.reason_code,
        "reason": made.reason,
    }


def ready(person: Person) -> str:
    """The first words of the reserved item behind the one in hand, or nothing."""
    item = (
        Task.objects.filter(claimed_by=person, state="claimed", reserved=True)
        .values_list("item_id", flat=True)
        .first()
    )
    content = intake.contents([item]).get(item) if item else None
    return (_preview(content, person) or _("no text")) if content else ""


def _preview(content: Any, person: Person) -> str:
    mode = reads_notices.preferences(person).masking
    return preview(content.text, 40, mode=mode) if content else ""


def _item(item: UUID) -> Item:
    first = Item.objects.select_related("source", "author").filter(pk=item).first()
    if first is None:
        raise Missing(_("There is no such item."))
    return first


def _standing(task: Task | None, person: Person) -> tuple[Seat | None, str, str]:
    """The person's seat at the task, or in a word why they have none: waiting, taken, reserved, lapsed, done, none."""
    if task is None:
        return None, "none", ""
    if task.state == "claimed":
        with connection.cursor() as cursor:
            cursor.execute("SELECT ceil(extract(epoch FROM %s - clock_timestamp()))::int", [task.lease_until])
            left = cursor.fetchone()[0]
        if task.claimed_by_id != person.pk:
            return None, "taken", str(task.claimed_by)
        if task.reserved:
            return None, "reserved", ""
        return (Seat(task.pk, task.lease_epoch, left), "mine", "") if left > 0 else (None, "lapsed", "")
    if task.state == "held":
        return (
            (None, "held", "") if task.claimed_by_id == person.pk else (None, "taken", str(task.claimed_by))
        )
    if (
        task.state == "waiting"
        and task.assigned_to_id not in {None, person.pk}
        and not _is_past(task.assigned_until)
    ):
        return None, "taken", str(task.assigned_to)
    return None, {"waiting": "waiting", "done": "done"}.get(task.state, "gone"), ""


def _is_past(moment: datetime | None) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz < clock_timestamp()", [moment])
        return bool(cursor.fetchone()[0])


def _decided(task: Task | None) -> UUID | None:
    if task is None or task.state != "done":
        return None
    return (
        Decision.objects.filter(item_id=task.item_id, label__isnull=False)
        .order_by("-at")
        .values_list("pk", flat=True)
        .first()
    )


def _veil(panel: Sequence[Any], person: Person) -> Veil:
    """What is masked of the item: by the worst verdict that the person is shown, and by their own setting."""
    mode = reads_notices.preferences(person).masking
    worst = max(panel, key=lambda each: each.severity, default=None)
    if worst is None:
        return Veil(mode)
    return Veil(mode, worst.severity, worst.family, worst.evidence_for)


def _offer(item: Item, person: Person, *, blind: bool) -> reads_hurrying.Offer | None:
    """What Judge now would do; None where it is not there: before a blind call, for others, and on what waits for nobody."""
    if (
        blind
        or item.restricted
        or item.state not in OPEN_FOR_VERDICTS
        or not may(person.roles, "item.judge_now")
    ):
        return None
    return reads_hurrying.offer(item.pk)


def _pending(item: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM screening_judgement WHERE item_id = %s AND state IN ('pending', 'leased'))",
            [item],
        )
        return bool(cursor.fetchone()[0])


def _outcome(lead: Any, first: Decision | None, usuals: Usuals) -> tuple[str, str, bool]:
    """What Confirm accepts, in words, what it does, and whether that waits for a second person."""
    if first is not None:
        codes = ", ".join(sorted(first.findings.values_list("section", flat=True)))
        does = rules_actions.words(first.actions[0], {each.code: each.words for each in usuals.catalogue})
        return f"{rules.LABEL_WORDS[str(first.label)]} {codes}".strip(), does, False
    cited = [each for each in lead.sections if each.cited] if lead.label == "violates" else []
    severity = max((each.severity for each in cited), default=0)
    code = usuals.action(lead.label, [(lead.version_id, each.code, each.severity) for each in cited])
    choice = next((each for each in usuals.catalogue if each.code == code), SUPPLIED[0])
    codes = ", ".join(each.code for each in cited)
    severe = severity >= rules_actions.SECOND_FROM or choice.second
    return f"{rules.LABEL_WORDS[lead.label]} {codes}".strip(), choice.words, severe


def _answered(task: Task | None, seat: Seat | None) -> Decision | None:
    """The decision that the second person in front of the screen confirms or lifts."""
    return task.answers if task is not None and seat is not None and task.kind == "second" else None


def _form_policy(lead: Any, item: UUID, named: Sequence[str]) -> tuple[UUID | None, str]:
    """The version whose sections have the digits: the lead's, else one that should have judged, else one named."""
    if lead is not None:
        return lead.version_id, f"{lead.title} v{lead.number}"
    published = policies.published()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT version_id FROM screening_judgement WHERE item_id = %s ORDER BY created_at, id", [item]
        )
        asked = {row[0] for row in cursor.fetchall()}
    ordered = sorted(
        published, key=lambda each: (each.version_id not in asked, each.slug not in named, each.slug)
    )
    return (ordered[0].version_id, f"{ordered[0].title} v{ordered[0].number}") if ordered else (None, "")


@lru_cache(maxsize=256)
def _sections(version: UUID) -> tuple[Any, ...]:
    """The sections of a version that judges or judged; its text is frozen, so it may be kept."""
    return tuple(policies.version_sections(version))


def _option(version: UUID, section: Any, usuals: Usuals, key: str = "") -> Option:
    action = usuals.action("violates", [(version, section.code, section.severity)])
    reason = usuals.reason(version, section.code)
    return Option(key, f"{version}:{section.code}", section.code, section.title, action, reason)


def _options(version: UUID | None, usuals: Usuals) -> tuple[Option, ...]:
    if version is None:
        return ()
    sections = _sections(version)
    return tuple(_option(version, each, usuals, key) for each, key in zip(sections, _DIGITS, strict=False))


def _others(version: UUID | None, usuals: Usuals) -> tuple[OtherPolicy, ...]:
    """Sections beyond the digits of this policy, then those of every other published one."""
    rest = _sections(version)[len(_DIGITS) :] if version else ()
    groups = (
        [OtherPolicy(_("More of this policy"), tuple(_option(version, each, usuals) for each in rest))]
        if rest and version
        else []
    )
    for each in policies.published():
        if each.version_id != version:
            options = tuple(
                _option(each.version_id, section, usuals) for section in _sections(each.version_id)
            )
            groups.append(OtherPolicy(f"{each.title} v{each.number}", options))
    return tuple(groups)


def _sentence(reason: Any) -> str:
    return reason if isinstance(reason, str) else "; ".join(str(each) for each in reason or ())
