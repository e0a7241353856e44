"""The read door of sections that notes name: which version a name means, and where its text stands."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from reviewapp.policies.rules_file import NAMED
from reviewapp.review.models import Note

MOST_NAMED: Final = 20
_SECTIONS: Final = """
    SELECT s.code, s.title, v.id, p.slug, v.number, v.title, v.published_at, v.retired_at
    FROM policies_section s JOIN policies_version v ON v.id = s.version_id JOIN policies_policy p ON p.id = v.policy_id
    WHERE s.code = ANY(%s) AND v.published_at IS NOT NULL ORDER BY v.number DESC, p.slug
"""


@dataclass(frozen=True, slots=True)
class Cited:
    """A section that a note names, in the version that it means, and the address of its text there."""

    code: str
    title: str
    version: UUID
    slug: str
    number: int
    policy: str
    published_at: datetime
    retired_at: datetime | None

    @property
    def href(self) -> str:
        """Where the section stands in that version."""
        return f"/policies/{self.slug}/versions/{self.number}#{self.code}"

    def held_at(self, moment: datetime) -> bool:
        """Whether the version was in force then."""
        return self.published_at <= moment and (self.retired_at is None or self.retired_at > moment)


def pinned(item: UUID, text: str, now: datetime) -> Cited | None:
    """The first section that `text` names: in the version that judged the item, else in the one in force."""
    named = _named(text)
    found = _sections(named)
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT version_id FROM screening_judgement WHERE item_id = %s", [item])
        judged = {row[0] for row in cursor.fetchall()}
    for code in named:
        choices = [each for each in found[code] if each.version in judged] or [
            each for each in found[code] if each.held_at(now)
        ]
        if choices:
            return choices[0]
    return None


def cited(notes: Sequence[Note]) -> dict[UUID, tuple[Cited, ...]]:
    """For each note the sections that it names: in its own version, else in the one in force when it was written."""
    named = {note.pk: _named(note.text) for note in notes}
    codes = {code for each in named.values() for code in each}
    found = _sections(codes) if codes else {}
    means = {
        note.pk: [
            next(
                (s for s in found[code] if s.version == note.version_id),
                next((s for s in found[code] if s.held_at(note.at)), None),
            )
            for code in named[note.pk]
        ]
        for note in notes
    }
    return {key: tuple(each for each in sections if each) for key, sections in means.items()}


def _named(text: str) -> list[str]:
    return list(dict.fromkeys(each.upper() for each in NAMED.findall(text)))[:MOST_NAMED]


def _sections(codes: Iterable[str]) -> dict[str, list[Cited]]:
    found: dict[str, list[Cited]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_SECTIONS, [list(codes)])
        for row in cursor.fetchall():
            found[row[0]].append(Cited(*row))
    return found
