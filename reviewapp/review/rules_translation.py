"""What is asked of a translation engine, and what of its answer is believed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from django.utils.translation import gettext as _

from reviewapp.ui.languages import NAMES, UNKNOWN, base_of

MOST_TEXT: Final = 20_000
"""Characters that are translated of an item and its thread; the rest stays in the original, and the page says so."""
MOST_ANSWER: Final = 512 * 1024
"""Bytes of an answer; twenty thousand characters and their escapes need less."""
_LEVELS: Final = ("native", "fluent", "basic")
HOUSE_LANGUAGE: Final = "en"


_PART: Final = "\x1e"
"""Stands between the parts that are kept as one text; no part holds it."""


@dataclass(frozen=True, slots=True)
class Translated:
    """What an engine made of each text, and the language that it took the first for (`und` where it said none)."""

    texts: tuple[str, ...]
    source: str


class Unreadable(ValueError):
    """An answer that is no translation; says why in a sentence."""


def target_of(languages: Mapping[str, str]) -> str:
    """The language somebody gets translations in: the one they read best, else English."""
    ranked = sorted(languages, key=lambda code: (_LEVELS.index(languages[code]), code))
    return ranked[0] if ranked else HOUSE_LANGUAGE


def parts_of(text: str, thread: Sequence[str]) -> tuple[str, ...]:
    """What is translated together: the first MOST_TEXT characters of an item, then messages of its thread while whole ones fit."""
    parts = [text[:MOST_TEXT]]
    left = MOST_TEXT - len(parts[0])
    for message in thread:
        left -= len(message)
        if left < 0:
            break
        parts.append(message)
    return tuple(parts)


def kept_as(parts: Sequence[str]) -> str:
    """Translated parts as the one text that is kept."""
    return _PART.join(parts)


def parts_kept(text: str) -> tuple[str, ...]:
    """The parts of a text that was kept: of the item, then of its thread."""
    return tuple(text.split(_PART))


def question(texts: Sequence[str], *, source: str, target: str) -> bytes:
    """The body of `POST /translate` (LibreTranslate's form), as plain text: one text by itself, several as a list.

    Of an unknown `source` the engine finds the language itself.
    """
    asked = {
        "q": texts[0] if len(texts) == 1 else list(texts), "source": "auto" if source == UNKNOWN else source,
        "target": target, "format": "text",
    }  # fmt: skip
    return msgspec.json.encode(asked)


def answer_of(status: int | None, body: str, *, count: int) -> Translated:
    """The translations of `count` texts in an engine's answer. Raises Unreadable for everything else."""
    if status is None or not 200 <= status < 300:
        raise Unreadable(_("The translation engine answered %(status)s.") % {"status": status})
    if len(body) > MOST_ANSWER:
        raise Unreadable(_("The translation engine answered far more than was asked."))
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Unreadable(_("The translation engine answered something that is no JSON.")) from error
    found = said.get("translatedText") if isinstance(said, dict) else None
    texts = [
        each
        for each in (found if isinstance(found, list) and count > 1 else [found])
        if isinstance(each, str)
    ]
    if len(texts) != count or not all(each.strip() for each in texts):
        raise Unreadable(_("The translation engine answered without a translation."))
    # No text column holds NUL.
    clean = tuple(each.replace("\x00", "").replace(_PART, " ") for each in texts)
    return Translated(clean, _source(said.get("detectedLanguage")))


def _source(found: Any) -> str:
    first = found[0] if isinstance(found, list) and found else found
    code = first.get("language") if isinstance(first, dict) else None
    base = base_of(code) if isinstance(code, str) else UNKNOWN
    return base if base in NAMES else UNKNOWN
