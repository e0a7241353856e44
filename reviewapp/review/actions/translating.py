"""Gets an item translated for somebody, once a revision and language."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from reviewapp.accounts import reads_notices
from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.intake import reads as intake
from reviewapp.intake.models import Item
from reviewapp.review import translator
from reviewapp.review.actions.claims import Unclear
from reviewapp.review.models import Translation
from reviewapp.review.rules_translation import kept_as, parts_of, target_of
from reviewapp.ui.errors import Missing
from reviewapp.ui.languages import NAMES, UNKNOWN, language_of, name_of


def translate(*, item: UUID, person: Person) -> None:
    """Ask the engine for text and thread in the language that the person reads best, and keep the answer with the item.

    What is kept already is not asked again. No transaction is open while the engine thinks. Raises TranslationOff,
    NotTranslated, Unclear where there is nothing to translate, Missing for an item that is erased or restricted,
    Forbidden.
    """
    check_may(person, "queue.work")
    target = target_of(reads_notices.preferences(person).languages)
    if Translation.objects.filter(item=item, target=target).exists():
        return
    parts, source = _texts_of(item)
    if source == target:
        raise Unclear(_("The item is in %(language)s already.") % {"language": name_of(target)})
    asked = [part for part in parts if part.strip()]
    made = translator.translate(asked, source=source, target=target)
    said = iter(made.texts)
    text = kept_as([next(said) if part.strip() else "" for part in parts])
    with transaction.atomic():
        if not intake.stands(item):
            raise Missing(_("The item was erased or restricted meanwhile, so its translation was not kept."))
        kept, is_new = Translation.objects.get_or_create(
            item_id=item, target=target,
            defaults={
                "text": text, "source": made.source, "person": person, "characters": len(parts[0]),
            },
        )  # fmt: skip
        if is_new:
            record(
                verb="item.translated", actor=Actor.person(person.pk), subjects=[item],
                data={"translation": str(kept.pk), "target": target, "characters": kept.characters},
            )  # fmt: skip


def _texts_of(item: UUID) -> tuple[tuple[str, ...], str]:
    """The text of an item with its thread, and the language it counts as, where an engine may know it."""
    content = intake.contents([item]).get(item)
    said = Item.objects.filter(pk=item).values_list("language", "detected").first()
    if content is None or said is None:
        raise Missing(_("There is no such item, or its content was erased or restricted."))
    parts = parts_of(content.text, [entry.get("text", "") for entry in content.context])
    if not any(part.strip() for part in parts):
        raise Unclear(_("There is no text to translate."))
    language = language_of(*said)
    return parts, language if language in NAMES else UNKNOWN
