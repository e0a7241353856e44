"""The read door of notices: the list, and how many are new."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reviewapp.accounts.models import Notice, Person
from reviewapp.accounts.rules_notices import NOTICES, NoticeKind
from reviewapp.accounts.rules_preferences import Preferences, preferences_of
from reviewapp.ui.errors import Missing
from reviewapp.ui.words import Words

MOST: Final = 100


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice: its sentence as HTML with the names in it, and the page it leads to."""

    id: UUID
    icon: str
    words: SafeString
    hint: Words
    path: str
    at: datetime
    is_new: bool


def notices(person: Person) -> tuple[NoticeRow, ...]:
    """The latest hundred notices of somebody, newest first, without the kinds that they switched off."""
    rows = _told(person).select_related("by").order_by("-at")[:MOST]
    return tuple(_row(row, NOTICES[row.kind]) for row in rows)


def unread(person: Person) -> int:
    """How many are new, counted up to a hundred."""
    return len(_told(person).filter(read_at=None).values_list("pk")[:MOST])


def newest(person: Person, most: int, *, besides: str) -> tuple[NoticeRow, ...]:
    """The latest `most` notices that somebody has not read, newest first; none of the kind `besides`."""
    rows = (
        _told(person).filter(read_at=None).exclude(kind=besides).select_related("by").order_by("-at")[:most]
    )
    return tuple(_row(row, NOTICES[row.kind]) for row in rows)


def was_told(person: UUID, kind: str, *, hours: int) -> bool:
    """Whether somebody got a notice of this kind in the last `hours`."""
    since = Now() - timedelta(hours=hours)
    return Notice.objects.filter(person_id=person, kind=kind, at__gt=since).exists()


def where_to(person: Person, notice: UUID) -> str:
    """The path that one of somebody's notices leads to. Raises Missing."""
    row = Notice.objects.select_related("by").filter(person=person, pk=notice).first()
    if row is None or row.kind not in NOTICES:
        raise Missing(_("There is no such notice. It may be older than 90 days."))
    return _row(row, NOTICES[row.kind]).path


def preferences(person: Person) -> Preferences:
    """Somebody's own settings."""
    return preferences_of(person.preferences)


def _told(person: Person) -> QuerySet[Notice]:
    quiet = set(preferences(person).quiet)
    told = [kind for kind, each in NOTICES.items() if each.group not in quiet]
    return Notice.objects.filter(person=person, kind__in=told)


def _row(row: Notice, kind: NoticeKind) -> NoticeRow:
    facts = {"who": _own(row.by) if row.by else _("Somebody"), "name": _own(row.name), "count": row.count}
    words = SafeString(cast(str, kind.words) % facts)  # a proxy, whose form the count chooses
    return NoticeRow(
        row.pk, kind.icon, words, kind.hint,
        kind.path.format(about=row.about), row.at, row.read_at is None,
    )  # fmt: skip


def _own(name: Person | str) -> SafeString:
    """A name that runs in its own direction, whichever way the sentence around it does."""
    return format_html("<bdi>{}</bdi>", name)
