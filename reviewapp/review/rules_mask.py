"""Which parts of a text are masked for whom, so that nobody has to read the worst of it to decide. Pure.

Masking changes what is shown, never what is stored: it gives places in the text, and the words that stand there instead.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from reviewapp.review.rules_severe import FAMILY_KINDS, LISTED, PHRASES, SEVERE
from reviewapp.ui.languages import UNKNOWN

MOST_REVEALED: Final = 500
"""So many masks can be lifted in one address."""
WHOLE_FROM: Final = 3
"""Items whose verdict cites this severity or more are masked whole for who asks for that, and where no list knows the words."""
PASSAGE_FROM: Final = 4
"""What such a verdict quotes as violating is masked as a passage."""

# Whatever is neither space nor punctuation; marks that hang on a letter and characters that cannot be seen stay inside.
_TOKEN: Final = re.compile(
    r"[^\s\"#%&'()*+,\-./:;<=>?\[\\\]^_`{|}~\u00a1\u00ab\u00bb\u00bf\u060c\u061b\u061f\u2010-\u2027\u3001\u3002]+"
)
_SENTENCE: Final = re.compile(r"[^\n]+?(?:[.!?\u061f\u3002\u2026]+(?=\s|\Z)|(?=\n)|\Z)")
_LOOKS_LIKE: Final = str.maketrans("0134578@$!", "oieastbasi")
_LONG_RUN: Final = re.compile(r"(.)\1{2,}")
_JOINER: Final = "\u200d"


@dataclass(frozen=True, slots=True)
class Mask:
    """One masked place, `start` to `end` in characters, and what kind of thing stands there, as a marked English word."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Veil:
    """What masks the texts around one item for one person; the other fields as `masks` takes them, `language` of the item."""

    mode: str = "off"
    severity: int | None = None
    family: str | None = None
    quotes: tuple[str, ...] = ()
    language: str = UNKNOWN

    def over(self, text: str) -> tuple[Mask, ...]:
        """The masks of what the item or its thread says."""
        return masks(
            text, self.mode, severity=self.severity, family=self.family, quotes=self.quotes, language=self.language
        )  # fmt: skip

    def over_translation(self, text: str, language: str) -> tuple[Mask, ...]:
        """The masks of the same said in another language."""
        return replace(self, language=language).over(text)

    def over_words_on(self, text: str) -> tuple[Mask, ...]:
        """The masks of what a machine or a person says about the item: never whole, or nothing would be left to decide by."""
        mode = "off" if self.mode == "off" else "words"
        return masks(text, mode, severity=self.severity, family=self.family, quotes=self.quotes)


def masks(
    text: str,
    mode: str,
    *,
    severity: int | None = None,
    family: str | None = None,
    quotes: Sequence[str] = (),
    language: str = "",
) -> tuple[Mask, ...]:
    """The masked places of a text, in order and apart from each other.

    `language` is the base of the text's, empty where it is no content. Severe content of a language without a list is masked
    whole by `words` too: nothing would be found in it, and nobody asked to read it.

    `severity`, `family` and `quotes` are of the verdict that the reader is shown; `severity` None says that none is: then
    `whole` masks, as nobody knows better, and `words` goes by the text alone, so that masks tell nothing of a verdict.
    """
    if mode == "off":
        return ()
    if mode == "whole" and (severity is None or severity >= WHOLE_FROM):
        return tuple(Mask(start, end, gettext_noop("text")) for start, end in _sentences(text))
    if _is_beyond_words(severity or 0, family, language):
        return tuple(Mask(start, end, FAMILY_KINDS[family or ""]) for start, end in _sentences(text))
    found = list(severe_words(text))
    if (severity or 0) >= PASSAGE_FROM and family in FAMILY_KINDS:
        found += _passages(text, quotes, FAMILY_KINDS[family])
    return tuple(_apart(found))


def _is_beyond_words(severity: int, family: str | None, language: str) -> bool:
    return severity >= WHOLE_FROM and family in FAMILY_KINDS and language != "" and language not in LISTED


def severe_words(text: str) -> Iterator[Mask]:
    """Every severe word and phrase of a text, in order."""
    tokens = [(match.start(), match.end(), folded(match[0])) for match in _TOKEN.finditer(text)]
    at = 0
    while at < len(tokens):
        kind, length = _kind(tokens, at)
        if kind:
            start, end = _clusters(text, tokens[at][0], tokens[at + length - 1][1])
            if start < end:
                yield Mask(start, end, kind)
        at += length or 1


def folded(token: str) -> str:
    """A word as it is compared: small, without accents and unseen characters, look-alike digits and signs as letters."""
    if token.isascii() and token.isalpha():
        return token.lower()
    letters = unicodedata.normalize("NFKD", token.casefold())
    letters = "".join(each for each in letters if unicodedata.category(each)[0] not in "MC")
    core = letters.strip("!@$")
    return core if core.isdigit() else letters.rstrip("!").translate(_LOOKS_LIKE)


def label(text: str, kind: str) -> str:
    """What stands in the place of masked text: its kind and its length, such as `insult · 6 letters`."""
    words = len(text.split())
    if words > 1:
        told, count = ngettext("%(kind)s · %(count)d word", "%(kind)s · %(count)d words", words), words
    else:
        count = letters(text)
        told = ngettext("%(kind)s · %(count)d letter", "%(kind)s · %(count)d letters", count)
    return told % {"kind": _(kind), "count": count}


def letters(text: str) -> int:
    """How many characters a reader sees: what is joined or hangs on another is not counted."""
    count = 0
    before = ""
    for each in text:
        hangs = unicodedata.category(each)[0] in "MC" or "\U0001f3fb" <= each <= "\U0001f3ff"
        count += not (hangs or before == _JOINER)
        before = each
    return count


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        start += len(match[0]) - len(match[0].lstrip())
        end -= len(match[0]) - len(match[0].rstrip())
        if start < end:
            yield start, end


def _passages(text: str, quotes: Sequence[str], kind: str) -> Iterator[Mask]:
    for quote in quotes:
        start = text.find(quote) if quote.strip() else -1
        if start >= 0:
            yield Mask(start, start + len(quote), kind)


def _apart(found: Iterable[Mask]) -> Iterator[Mask]:
    """Places in order; what overlaps becomes one, of the kind of the longer."""
    held: Mask | None = None
    for each in sorted(found, key=lambda mask: (mask.start, -mask.end)):
        if held is None or each.start >= held.end:
            if held is not None:
                yield held
            held = each
            continue
        longer = max(held, each, key=lambda mask: mask.end - mask.start)
        held = Mask(held.start, max(held.end, each.end), longer.kind)
    if held is not None:
        yield held


def _clusters(text: str, start: int, end: int) -> tuple[int, int]:
    """The same place without marks at its start that hang on the character before, and without its exclamation marks."""
    while start < end and (unicodedata.category(text[start])[0] == "M" or text[start] == _JOINER):
        start += 1
    while start < end and text[end - 1] == "!":
        end -= 1
    return start, end


def _kind(tokens: Sequence[tuple[int, int, str]], at: int) -> tuple[str, int]:
    """The kind of the severe word or phrase that starts at a token, and how many tokens it takes; empty and 0 for none."""
    word = tokens[at][2]
    for phrase, kind in _PHRASES.get(word, ()):
        if tuple(each[2] for each in tokens[at : at + len(phrase)]) == phrase:
            return kind, len(phrase)
    for spelling in _spellings(word):
        kind = _WORDS.get(spelling) or _stem(spelling)
        if kind:
            return kind, 1
    return "", 0


def _spellings(word: str) -> tuple[str, ...]:
    if not _LONG_RUN.search(word):
        return (word,)
    return _LONG_RUN.sub(r"\1\1", word), _LONG_RUN.sub(r"\1", word)


def _stem(word: str) -> str:
    """The kind of the stem that a word begins with: in sorted order no stem between can be one of it."""
    at = bisect_right(_STEMS, word) - 1
    return _STEM_KINDS[_STEMS[at]] if at >= 0 and word.startswith(_STEMS[at]) else ""


def _phrases() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """First word to the phrases that begin with it, and their kinds."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for kind, texts in PHRASES.items():
        for words in (tuple(text.split()) for text in texts):
            found.setdefault(words[0], []).append((words, kind))
    return found


def _listed(*, stems: bool) -> dict[str, str]:
    return {
        folded(word.rstrip("*")): kind
        for kind, words in SEVERE.items()
        for word in words.split()
        if word.endswith("*") == stems
    }


_WORDS: Final = _listed(stems=False)
_STEM_KINDS: Final = _listed(stems=True)
# A stem within another would hide the shorter one from the search in `_stem`.
_STEMS: Final = sorted(
    stem for stem in _STEM_KINDS if not any(stem != each and stem.startswith(each) for each in _STEM_KINDS)
)
_PHRASES: Final = _phrases()
