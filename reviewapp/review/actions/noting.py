"""Notes on items, and telling the people whom a note mentions."""

from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.actions import notify
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.audit.clock import database_time
from reviewapp.intake import reads as intake
from reviewapp.review.actions.claims import Unclear, alone
from reviewapp.review.actions.drafts import drop_unsent
from reviewapp.review.actions.holding import check_note
from reviewapp.review.models import Note
from reviewapp.review.reads_cited import pinned
from reviewapp.review.reads_mentions import tellable
from reviewapp.review.rules import UnsentForm
from reviewapp.review.rules_mentions import MENTION, handles
from reviewapp.ui.errors import Missing

MOST_MENTIONS: Final = 20


def add_note(*, item: UUID, person: Person, text: str) -> UUID:
    """Keep a note on an item; everybody it mentions (`@` and a first name or the start of an e-mail) is told.

    The first section that it names is kept with the version that judged the item, so that the link never moves on.

    Raises Unclear for no text, too much, or a mention that names nobody or several, Missing, Forbidden.
    """
    check_may(person, "item.note")
    words = text.replace("\x00", "").strip()
    with alone(person):
        if not intake.stands(item):
            raise Missing(_("There is no such item, or its content was erased or restricted."))
        if not words:
            raise Unclear(_("Write the note first."))
        check_note(words)
        mentioned = _mentioned(words)
        names = pinned(item, words, database_time())
        note = Note.objects.create(
            item_id=item, person=person, text=words, mentions=[each.pk for each in mentioned],
            version_id=names.version if names else None, section=names.code if names else "",
        )  # fmt: skip
        drop_unsent(item=item, person=person, form=UnsentForm.NOTE)
        for each in mentioned:
            if each.pk != person.pk:
                notify(person=each.pk, kind="mentioned", about=item, by=person.pk)
        record(
            verb="item.noted", actor=Actor.person(person.pk), subjects=[item],
            data={
                "note": str(note.pk), "mentions": [str(each.pk) for each in mentioned],
                "section": f"{names.version}:{names.code}" if names else None,
            },
        )  # fmt: skip
    return note.pk


def _mentioned(text: str) -> list[Person]:
    names = list(dict.fromkeys(name.rstrip(".-").lower() for name in MENTION.findall(text)))[:MOST_MENTIONS]
    if not names:
        return []
    people = tellable()
    return [_one(name, people) for name in names]


def _one(name: str, people: list[Person]) -> Person:
    found = [each for each in people if name in handles(each.name, each.email)]
    if len(found) != 1:
        words = (
            _("@%(name)s names several people. Write @ and the part of the e-mail before its @.")
            if found
            else _("@%(name)s names nobody. Write @ and the part of the e-mail before its @.")
        )
        raise Unclear(words % {"name": name})
    return found[0]
