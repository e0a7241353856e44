"""The read door of what is new for somebody: changed policies that they have yet to read, and notices that they have not seen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Person
from reviewapp.accounts.reads_notices import NoticeRow
from reviewapp.policies import reads_versions
from reviewapp.review import reads_changes

MOST: Final = 4
"""So many changes, and so many notices: the panel stands beside the queues, and the list of notices has the rest."""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A version in force that somebody has yet to read, and the sections that differ from the one they know."""

    slug: str
    title: str
    number: int
    before: int
    at: datetime
    touched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """What is new for one person; of all notices `unread` are new."""

    changes: tuple[ChangeLine, ...]
    notices: tuple[NoticeRow, ...]
    unread: int

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.changes or self.notices)


def news(person: Person) -> News:
    """What is new for the person; it stays until they have read the change, or opened the notice."""
    unread = reads_changes.unread_anywhere(person)[-MOST:]
    touched = reads_versions.touched((each.version, each.before) for each in unread) if unread else {}
    return News(
        tuple(
            ChangeLine(
                each.slug, each.title, each.number, each.before, each.at, touched.get(each.version, ())
            )
            for each in reversed(unread)
        ),
        # A changed policy has its own line; its notice would say the same again.
        reads_notices.newest(person, MOST, besides="policy_published"),
        reads_notices.unread(person),
    )
