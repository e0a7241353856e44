"""What is asked of a translation engine, and what of its answer is believed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from django.utils.translation import gettext as _

from reviewapp.ui.languages import NAMES, UNKNOWN, base_of

MOST_TEXT: Final = 20_000
"""Characters of a text that are translated; the rest stays in the original, and the page says so."""
MOST_ANSWER: Final = 512 * 1024
"""Bytes of an answer; twenty thousand characters and their escapes need less."""
_LEVELS: Final = ("native", "fluent", "basic")
HOUSE_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True)
class Translated:
    """What an engine made of a text, and the language that it took it for (`und` where it said none)."""

    text: str
    source: str


class Unreadable(ValueError):
    """An answer that is no translation; says why in a sentence."""


def target_of(languages: Mapping[str, str]) -> str:
    """The language somebody gets translations in: the one they read best, else English."""
    ranked = sorted(languages, key=lambda code: (_LEVELS.index(languages[code]), code))
    return ranked[0] if ranked else HOUSE_LANGUAGE


def question(text: str, *, source: str, target: str) -> bytes:
    """The body of `POST /translate` (LibreTranslate's form): the first MOST_TEXT characters, as plain text.

    Of an unknown `source` the engine finds the language itself.
    """
    asked = {
        "q": text[:MOST_TEXT], "source": "auto" if source == UNKNOWN else source, "target": target, "format": "text",
    }  # fmt: skip
    return msgspec.json.encode(asked)


def answer_of(status: int | None, body: str) -> Translated:
    """The translation in an engine's answer. Raises Unreadable for everything else."""
    if status is None or not 200 <= status < 300:
        raise Unreadable(_("The translation engine answered %(status)s.") % {"status": status})
    if len(body) > MOST_ANSWER:
        raise Unreadable(_("The translation engine answered far more than was asked."))
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Unreadable(_("The translation engine answered something that is no JSON.")) from error
    text = said.get("translatedText") if isinstance(said, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise Unreadable(_("The translation engine answered without a translation."))
    # No text column holds NUL.
    return Translated(text.replace("\x00", ""), _source(said.get("detectedLanguage")))


def _source(found: Any) -> str:
    code = found.get("language") if isinstance(found, dict) else None
    base = base_of(code) if isinstance(code, str) else UNKNOWN
    return base if base in NAMES else UNKNOWN
