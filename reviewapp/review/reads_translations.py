"""The read door of translations: what stands beside the original."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Person
from reviewapp.intake.models import Item
from reviewapp.intake.reads import Content
from reviewapp.review.models import Translation
from reviewapp.review.rules_mask import Veil
from reviewapp.review.rules_text import Run, plain
from reviewapp.review.rules_translation import parts_kept, target_of
from reviewapp.review.translator import OFF
from reviewapp.ui.languages import UNKNOWN, direction_of, language_of, name_of


@dataclass(frozen=True, slots=True)
class TranslationPanel:
    """The translation of one item for one person. `why_not` says why there can be none; `source` is in words.

    `thread`: of each message around the item, oldest first; empty for one without text, missing where it was too much.
    """

    target: str
    name: str
    direction: str
    why_not: str
    paragraphs: tuple[tuple[Run, ...], ...] = ()
    source: str = ""
    at: datetime | None = None
    left_out: int = 0
    thread: tuple[tuple[tuple[Run, ...], ...], ...] = ()


def panel(item: UUID, person: Person, found: Item, content: Content, veil: Veil) -> TranslationPanel:
    """What is kept of `item` in the language that the person reads best, masked as the item is.

    `found` is its row, `content` what it and its thread say. Without an engine nothing is looked up.
    """
    language = language_of(found.language, found.detected)
    target = target_of(reads_notices.preferences(person).languages)
    kept: Any = (
        Translation.objects.filter(item=item, target=target).first() if settings.TRANSLATION_URL else None
    )
    if kept is None:
        return TranslationPanel(
            target, name_of(target), direction_of(target), _why_not(language, target, content)
        )
    text, *thread = parts_kept(kept.text)
    source = kept.source if kept.source != UNKNOWN else language
    return TranslationPanel(
        target, name_of(target), direction_of(target), "",
        paragraphs=plain(text, masks=veil.over_translation(text, target), part="x-"),
        source="" if source == UNKNOWN else name_of(source), at=kept.at, left_out=len(content.text) - kept.characters,
        thread=tuple(
            plain(each, masks=veil.over_translation(each, target), part=f"x{number}-") for number, each in enumerate(thread)
        ),
    )  # fmt: skip


def _why_not(language: str, target: str, content: Content) -> str:
    if not settings.TRANSLATION_URL:
        return str(OFF)
    if not (content.text.strip() or any(entry.get("text", "").strip() for entry in content.context)):
        return _("There is no text to translate.")
    if language == target:
        return _("The item is in %(language)s already.") % {"language": name_of(target)}
    return ""
