"""The read door of the review screen: one item, what machines said of it, and the claim of who looks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.ids import new_id
from reviewapp.intake import reads as intake
from reviewapp.intake.models import Item
from reviewapp.policies import reads as policies
from reviewapp.questions import Answer, Rows, Trip
from reviewapp.review import (
    reads_actions,
    reads_blind,
    reads_form,
    reads_item,
    reads_related,
    reads_seat,
    reads_translations,
    rules,
    rules_actions,
    rules_blind,
)
from reviewapp.review import reads_beside as beside
from reviewapp.review.models import Decision, Task
from reviewapp.review.reads_actions import Usuals
from reviewapp.review.reads_previews import previews_on
from reviewapp.review.reads_translations import TranslationPanel
from reviewapp.review.rules_actions import SUPPLIED, ActionChoice
from reviewapp.review.rules_checks import Badge
from reviewapp.review.rules_mask import Veil
from reviewapp.review.rules_text import (
    MARKS_ON_UP_TO_WORDS,
    Marked,
    mark,
    masked_places,
)
from reviewapp.screening import reads as screening
from reviewapp.screening import reads_hurrying
from reviewapp.screening.rules import OPEN_FOR_VERDICTS
from reviewapp.ui.errors import Missing, Stale

_DIGITS: Final = "12345678"
NOTHING_SAID: Final = screening.Said((), (), "", ())
_AT_HAND: Final = """
    SELECT r.item_id, u.* FROM (SELECT) AS once LEFT JOIN LATERAL (
        SELECT d.id, d.item_id, d.label, ceil(extract(epoch FROM least(d.undo_until, d.release_at) - clock_timestamp()))::int,
               ceil(extract(epoch FROM least(d.undo_until, d.release_at) - d.at))::int,
               (SELECT string_agg(f.section, ', ' ORDER BY f.section) FROM review_finding f WHERE f.decision_id = d.id),
               count(*) OVER ()
        FROM review_decision d
        WHERE d.person_id = %(person)s AND d.kind <> 'undone' AND least(d.undo_until, d.release_at) > clock_timestamp()
            AND d.at > clock_timestamp() - interval '1 hour'
            AND NOT EXISTS (SELECT FROM review_decision later WHERE later.replaces_id = d.id)
        ORDER BY d.at DESC, d.id DESC LIMIT 1
    ) u ON true LEFT JOIN LATERAL (
        SELECT item_id FROM review_task
        WHERE claimed_by_id = %(person)s AND state = 'claimed' AND reserved LIMIT 1
    ) r ON true
"""


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


class Restricted(Missing):
    """The item is restricted: who is cleared may open it, and that is logged first."""


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
    seat: reads_seat.Seat | None
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
    note: str
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


def desk(item: UUID, person: Person, *, restricted: bool = False) -> Desk:
    """Everything the review screen of `item` shows to `person`. Raises Missing for unknown and erased items.

    For a restricted item it raises Restricted, unless `restricted` says that the view was cleared and logged.
    """
    known = _known(item, person, restricted=restricted)
    place, content, said, flags = known.place, known.content, known.said, known.flags
    found, task = place.item, place.task
    blind = reads_blind.is_blind(task, person)
    version, title = _form_policy(said.panel, said.asked, found.policies, known.in_force, blind=blind)
    if blind:
        said = NOTHING_SAID
    panel = said.panel
    lead = panel[0] if panel else None
    more = _more(known, person, version, lead, blind=blind)
    usuals = more.usuals
    veil = beside.veil(panel, person, found)
    evidence = (lead.evidence_for, lead.evidence_against) if lead else ((), ())
    marked = mark(content.text, *evidence, masks=veil.over(content.text), place=lead.place if lead else None)
    author = found.author.external_id if found.author else ""
    translation = reads_translations.panel(item, person, found, content, veil)
    thread = reads_item.thread(content.context, author, veil, translation.thread)
    reports = sum(flag.kind != "automated" for flag in flags)
    terms = dict(task.terms) if task else {}
    if blind:
        terms = rules_blind.terms_before(terms, [flag.kind for flag in flags])
    confirmable = lead is not None and rules.can_confirm(lead.label)
    answered = _answered(place)
    confirmable = confirmable or answered is not None
    outcome, action, severe = _outcome(lead, answered, usuals) if confirmable else ("", "", False)
    return Desk(
        item=found, task=task, seat=place.seat, standing=place.standing, holder=place.holder,
        decided=_decided(task), marked=marked,
        marks_on=marked.words <= MARKS_ON_UP_TO_WORDS, thread=thread, flags=flags,
        reports=reports, attachments=reads_item.attachments(content.attachments), url=content.url, lead=lead,
        others=panel[1:], no_verdict=said.why_not, pending=said.pending,
        standing_word="" if blind else standing_of(said),
        offer=None if blind else _offer(found, person, said, known.in_force),
        related=more.related,
        unread=said.unread, can_confirm=confirmable,
        outcome=outcome, action=action,
        why=rules.why_here(terms, severity=task.severity, reports=reports) if task else "",
        options=_options(version, usuals), other_policies=_others(version, usuals, known.in_force), answered=answered, severe=severe,
        catalogue=usuals.catalogue, options_of=title, veil=veil,
        translation=translation,
        masked=masked_places([*marked.paragraphs, *(each for message in thread for each in message.paragraphs)]),
        shown=",".join(str(each.verdict_id) for each in panel), nonce=new_id(),
        undo=_undo_slot(known.undoable, more.previews), ready=_ready(known.reserved, more.previews),
        notes=() if blind else known.notes, draft=place.draft, note=place.note,
        escalation=beside.escalation(task), blind=blind, first=beside.first_call(task, person),
        badges=beside.badges(lead, len(content.attachments)), measured=more.measured,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Known:
    """What is asked first, since nothing of it depends on anything else."""

    place: reads_seat.Place
    content: intake.Content
    said: screening.Said
    flags: tuple[reads_item.Flagged, ...]
    notes: tuple[beside.NoteLine, ...]
    in_force: tuple[policies.InForce, ...]
    undoable: tuple[Any, ...] | None
    reserved: UUID | None


def _known(item: UUID, person: Person, *, restricted: bool) -> _Known:
    trip = Trip()
    place, at_hand = reads_seat.place_on(trip, item, person), _at_hand_on(trip, person)
    contents = intake.contents_on(trip, [item], include_restricted=restricted)
    said, flags = screening.said_on(trip, item), reads_item.flags_on(trip, item)
    notes, in_force = beside.notes_on(trip, item, person), policies.in_force_on(trip)
    if place().item.restricted and not restricted:
        raise Restricted(_gone())
    content = contents().get(item)
    if content is None:
        raise Missing(_gone())
    return _Known(place(), content, said(), flags(), notes(), in_force(), *at_hand())


@dataclass(frozen=True, slots=True)
class _More:
    """What is asked once it is known who looks at what, and which verdict leads."""

    previews: dict[UUID, str]
    usuals: Usuals
    related: reads_related.Related
    measured: str


def _more(known: _Known, person: Person, version: UUID | None, lead: Any, *, blind: bool) -> _More:
    trip = Trip()
    previews = _previews_on(trip, (_item_of(known.undoable), known.reserved), person)
    usuals = reads_actions.usuals_on(trip, [version])
    related = reads_related.related_on(trip, known.place.item, known.content, person, blind=blind)
    measured = reads_blind.measured_on(trip, lead.slug, lead.confidence) if lead else str
    return _More(previews(), usuals(), related(), str(measured()))


def _gone() -> str:
    return _("There is no such item, or its content was erased or restricted.")


def all_sections() -> tuple[OtherPolicy, ...]:
    """Every section of every published policy."""
    return _others(None, reads_actions.usuals(), policies.in_force())


def standing_of(said: screening.Said) -> str:
    """What machines have said so far, as one word without meaning: it changes when the verdict's part of the screen does."""
    words = [f"{each.verdict_id}:{each.looks}:{each.agree}:{each.looking}" for each in said.panel]
    return sha256(" ".join([str(said.pending), *words]).encode()).hexdigest()[:16]


def standing_now(item: UUID) -> str:
    """The same for an item as it stands now."""
    return standing_of(screening.said_of(item))


def undo_slot(person: Person) -> UndoSlot | None:
    """The person's latest call whose window is open, and how many more are."""
    row = _at_hand_on(Trip(), person)()[0]
    return _undo_slot(row, _previews_on(Trip(), (_item_of(row),), person)())


def ready(person: Person) -> str:
    """The first words of the reserved item behind the one in hand, or nothing."""
    item = _at_hand_on(Trip(), person)()[1]
    return _ready(item, _previews_on(Trip(), (item,), person)())


def _previews_on(trip: Trip, items: Iterable[UUID | None], person: Person) -> Answer[dict[UUID, str]]:
    return previews_on(trip, [each for each in items if each], person, 40)


def _at_hand_on(trip: Trip, person: Person) -> Answer[tuple[tuple[Any, ...] | None, UUID | None]]:
    """What the person may still take back (decision, item, label, seconds left and in all, sections, how many), and the item that comes next."""
    return trip.ask(_AT_HAND, {"person": person.pk}, _at_hand)


def _at_hand(rows: Rows) -> tuple[tuple[Any, ...] | None, UUID | None]:
    reserved, *undoable = rows[0]
    return (tuple(undoable) if undoable[0] else None), reserved


def _item_of(undoable: tuple[Any, ...] | None) -> UUID | None:
    return undoable[1] if undoable else None


def _undo_slot(row: tuple[Any, ...] | None, previews: Mapping[UUID, str]) -> UndoSlot | None:
    if row is None:
        return None
    decision, item, label, left, window, sections, count = row
    words = f"{rules.LABEL_WORDS[label]} {sections or ''}".strip()
    return UndoSlot(decision, left, max(window, 1), words, previews.get(item, ""), count - 1)


def _ready(item: UUID | None, previews: Mapping[UUID, str]) -> str:
    return (previews[item] or _("no text")) if item and item in previews else ""


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
    return reads_form.as_saved(made) if made else {}


def _decided(task: Task | None) -> UUID | None:
    if task is None or task.state != "done":
        return None
    return (
        Decision.objects.filter(item_id=task.item_id, label__isnull=False)
        .order_by("-at")
        .values_list("pk", flat=True)
        .first()
    )


def _offer(
    item: Item, person: Person, said: screening.Said, in_force: Collection[policies.InForce]
) -> reads_hurrying.Offer | None:
    """What Judge now would do; None where it is not there: for others, and on what waits for nobody."""
    if item.restricted or item.state not in OPEN_FOR_VERDICTS or not may(person.roles, "item.judge_now"):
        return None
    return reads_hurrying.offer_of(said, in_force)


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
    severe = rules_actions.needs_second(choice, lead.label, severity)
    return f"{rules.LABEL_WORDS[lead.label]} {codes}".strip(), choice.words, severe


def _answered(place: reads_seat.Place) -> Decision | None:
    """The decision that the second person in front of the screen confirms or lifts."""
    task = place.task
    if task is None or place.seat is None or task.answers_id is None or task.kind != rules.TaskKind.SECOND:
        return None
    return Decision.objects.select_related("person").filter(pk=task.answers_id).first()


def _form_policy(
    panel: Sequence[Any], asked: Iterable[screening.Asked], named: Sequence[str], in_force: Sequence[policies.InForce],
    *, blind: bool,
) -> tuple[UUID | None, str]:  # fmt: skip
    """The version whose sections have the digits: the lead's, else one that should have judged, else one named."""
    if panel and not blind:
        return panel[0].version_id, f"{panel[0].title} v{panel[0].number}"
    versions = {each.version_id for each in asked}
    ordered = sorted(
        in_force, key=lambda each: (each.version_id not in versions, each.slug not in named, each.slug)
    )
    return (ordered[0].version_id, f"{ordered[0].title} v{ordered[0].number}") if ordered else (None, "")


def _option(version: UUID, section: Any, usuals: Usuals, key: str = "") -> Option:
    action = usuals.action("violates", [(version, section.code, section.severity)])
    reason = usuals.reason(version, section.code)
    return Option(key, f"{version}:{section.code}", section.code, section.title, action, reason)


def _options(version: UUID | None, usuals: Usuals) -> tuple[Option, ...]:
    if version is None:
        return ()
    sections = policies.version_sections(version)
    return tuple(_option(version, each, usuals, key) for each, key in zip(sections, _DIGITS, strict=False))


def _others(
    version: UUID | None, usuals: Usuals, in_force: Iterable[policies.InForce]
) -> tuple[OtherPolicy, ...]:
    """Sections beyond the digits of this policy, then those of every other published one."""
    rest = policies.version_sections(version)[len(_DIGITS) :] if version else ()
    groups = (
        [OtherPolicy(_("More of this policy"), tuple(_option(version, each, usuals) for each in rest))]
        if rest and version
        else []
    )
    for each in in_force:
        if each.version_id != version:
            options = tuple(
                _option(each.version_id, section, usuals)
                for section in policies.version_sections(each.version_id)
            )
            groups.append(OtherPolicy(f"{each.title} v{each.number}", options))
    return tuple(groups)
