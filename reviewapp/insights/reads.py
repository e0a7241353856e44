"""The read door of insights: the list of exports, and the audit page with names and links."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts import reads as accounts
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import Role, may
from reviewapp.audit import reads as audit
from reviewapp.audit.events import EVENTS
from reviewapp.insights.models import Export
from reviewapp.insights.rules import EXPORT_STATES, KINDS
from reviewapp.intake.models import Item
from reviewapp.intake.rules import Purpose
from reviewapp.ui.errors import Missing
from reviewapp.ui.words import Words

SHOWN: Final = 50
_MAY_SEE_ALL: Final = frozenset({Role.AUDITOR, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One export as screens and the API show it."""

    id: UUID
    kind: str
    format: str
    state: str
    state_label: Words
    asked_by: str
    asked_at: datetime
    done_at: datetime | None
    rows: int
    seen: int
    total: int | None
    bytes: int
    sha256: str
    failure: str

    @property
    def kind_words(self) -> Words:
        """What screens call its kind."""
        return KINDS[self.kind]

    @property
    def is_open(self) -> bool:
        """Whether it still moves."""
        return self.state in {"queued", "running"}

    @property
    def filename(self) -> str:
        """What a browser calls the file."""
        return f"review-{self.kind}-{self.asked_at:%Y-%m-%d-%H%M%S}.{self.format}"


def exports_of(person: Person) -> list[ExportRow]:
    """The newest exports that a person may see: their own, or all for auditors and admins."""
    rows = Export.objects.select_related("asked_by", "asked_with").order_by("-asked_at")
    if _MAY_SEE_ALL.isdisjoint(person.roles):
        rows = rows.filter(asked_by=person)
    return [_export(row) for row in rows[:SHOWN]]


def export_for_person(key: UUID, person: Person) -> ExportRow:
    """One export that this person asked for, or any for auditors and admins. Raises Missing for all others."""
    row = _found(key)
    if row.asked_by_id != person.pk and _MAY_SEE_ALL.isdisjoint(person.roles):
        raise _missing()
    return _export(row)


def export_for_key(key: UUID, api_key: UUID) -> ExportRow:
    """One export that this API key asked for. Raises Missing for all others."""
    row = _found(key)
    if row.asked_with_id != api_key:
        raise _missing()
    return _export(row)


def check_may_erase(item: UUID, sources: Collection[str]) -> None:
    """Raise Missing unless a key for `sources` (none: all) may know of this item."""
    known = Item.objects.filter(pk=item, purpose=Purpose.LIVE, restricted=False)
    if not (known.filter(source__name__in=list(sources)) if sources else known).exists():
        raise Missing(_("There is no such item. Check the id."))


def _found(key: UUID) -> Export:
    row = Export.objects.select_related("asked_by", "asked_with").filter(pk=key).first()
    if row is None:
        raise _missing()
    return row


def _missing() -> Missing:
    return Missing(_("There is no such export among yours. Look at the list of exports."))


def _export(row: Export) -> ExportRow:
    asker = (
        str(row.asked_by)
        if row.asked_by
        else (_("key %(name)s") % {"name": row.asked_with.name} if row.asked_with else _("the shell"))
    )
    seen = row.rows_done if row.state == "done" else int(row.cursor.get("seen", 0))
    return ExportRow(
        row.pk, row.kind, row.format, row.state, EXPORT_STATES[row.state].label, asker, row.asked_at, row.done_at,
        row.rows_done, seen, row.rows_total, row.bytes_done, row.sha256, row.failure,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One event of the audit page: who in words, what changed in a few, and the whole of it for the fold."""

    position: int
    id: UUID
    at: datetime
    verb: str
    meaning: Words
    icon: str
    who: str
    subjects: tuple[UUID, ...]
    href: str
    gist: str
    fields: tuple[tuple[str, str], ...]
    leaf: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The lines, and the cursors beside them."""

    lines: tuple[AuditLine, ...]
    older: int | None
    newer: int | None
    waiting: int


_ICONS: Final = {
    "item": "inbox", "verdict": "cpu", "judgement": "cpu", "engine": "gauge", "prefilter": "filter", "task": "list",
    "decision": "scale", "policy": "file-text", "case": "flask-conical", "source": "plug-zap", "person": "users",
    "key": "key-round", "export": "download", "queue": "layers",
}  # fmt: skip
_LEADS_TO: Final = {
    "item": "/review/",
    "decision": "/review/",
    "task": "/review/",
    "verdict": "/review/",
    "person": "/members/",
}


def audit_page(
    person: Person, *, verb: str = "", who: str = "", subject: UUID | None = None, since: datetime | None = None,
    until: datetime | None = None, before: int | None = None, after: int | None = None,
) -> AuditPage:  # fmt: skip
    """One page of the log as `person` reads it; a subject is a link only where they may follow it.

    `who` is a person, a part of their name, a key's id, or the name of a machine part.
    """
    filters = audit.Filters(verb, _actors(who), subject, since, until)
    page = audit.event_page(filters, before=before, after=after)
    people = accounts.names_of(_ids(page.rows, "person"))
    keys = accounts.key_names_of(_ids(page.rows, "key"))
    closed = set() if may(person.roles, "members.manage") else {"person"}
    leads = {room: path for room, path in _LEADS_TO.items() if room not in closed}
    lines = tuple(_line(row, people, keys, leads) for row in page.rows)
    return AuditPage(lines, page.older, page.newer, page.waiting)


def _actors(who: str) -> tuple[str, ...] | None:
    words = who.strip()
    if not words:
        return None
    return (words, words.lower(), *(str(key) for key in accounts.people_named(words)))


def _ids(rows: Collection[audit.EventRow], kind: str) -> set[UUID]:
    return {UUID(row.actor) for row in rows if row.actor_kind == kind}


def _line(
    row: audit.EventRow, people: dict[UUID, str], keys: dict[UUID, str], leads_to: Mapping[str, str]
) -> AuditLine:
    room = row.verb.partition(".")[0]
    known = {"person": people, "key": keys}.get(row.actor_kind)
    who = known.get(UUID(row.actor), row.actor) if known is not None else row.actor
    event = EVENTS.get(row.verb)
    leads = leads_to.get(room, "") if len(row.subjects) == 1 else ""
    fields = tuple((name, _words(value)) for name, value in sorted(row.data.items()))
    gist = " · ".join(f"{name} {words}" for name, words in fields if len(words) <= 60)
    return AuditLine(
        row.position, row.id, row.at, row.verb, event.meaning if event else "", _ICONS.get(room, "activity"), who,
        row.subjects, f"{leads}{row.subjects[0]}" if leads else "", gist[:160], fields, row.leaf,
    )  # fmt: skip


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_words(inner) for inner in value)
    return "none" if value is None else str(value)
