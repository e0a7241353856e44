"""What changed between two texts, by words; and characters that nobody sees, by their names. Pure.

The alignment is the longest common subsequence of words, found by rapidfuzz (Indel distance).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rapidfuzz.distance import Indel

_HIDDEN: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e"
INVISIBLE: Final = re.compile(f"[{_HIDDEN}\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]")
BIDI: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_TOKEN: Final = re.compile(rf"{INVISIBLE.pattern}|[^\W_]+|\s+|.", re.DOTALL)


class Kind(StrEnum):
    """What happened to a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that stayed, came or went."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Text as people see it; `name` names an invisible character, whose `text` is then empty."""

    text: str
    name: str = ""


def word_diff(old: str, new: str) -> tuple[Piece, ...]:
    """The pieces that lead from `old` to `new`: same and removed ones joined are `old`, same and added ones `new`.

    Blank runs between two changes go with the changes, so that a rewritten sentence reads as one change.
    """
    if old == new:
        return (Piece(Kind.SAME, old),) if old else ()
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    known: dict[str, int] = {}
    codes = [[known.setdefault(word, len(known)) for word in words] for words in (before, after)]
    blocks = [
        (
            step.tag == "equal",
            "".join(before[step.src_start : step.src_end]),
            "".join(after[step.dest_start : step.dest_end]),
        )
        for step in Indel.opcodes(*codes)
    ]
    return tuple(_pieces(_joined(blocks)))


def count_words(pieces: Iterable[Piece], kind: Kind) -> int:
    """How many words stand in the pieces of one kind."""
    return sum(len(piece.text.split()) for piece in pieces if piece.kind is kind)


def shown(text: str) -> list[Shown]:
    """The text cut at invisible and direction characters, which are named."""
    parts: list[Shown] = []
    at = 0
    for found in INVISIBLE.finditer(text):
        if found.start() > at:
            parts.append(Shown(text[at : found.start()]))
        parts.append(Shown("", name_of(found[0])))
        at = found.end()
    return [*parts, Shown(text[at:])] if at < len(text) else parts


def name_of(character: str) -> str:
    """What Unicode calls a character, with its number."""
    number = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    return f"{name.lower()} {number}" if name else number


_Block = tuple[bool, str, str]


def _joined(blocks: Sequence[_Block]) -> list[_Block]:
    """Neighbouring changes as one, also across blank runs."""
    joined: list[_Block] = []
    for place, (same, old, new) in enumerate(blocks):
        between = same and not old.strip() and "\n" not in old and 0 < place < len(blocks) - 1
        if joined and not joined[-1][0] and (not same or between):
            _, left, right = joined[-1]
            joined[-1] = (False, left + old, right + new)
        else:
            joined.append((same, old, new))
    return joined


def _pieces(blocks: Iterable[_Block]) -> Iterable[Piece]:
    for same, old, new in blocks:
        if same:
            yield Piece(Kind.SAME, old)
            continue
        if old:
            yield Piece(Kind.REMOVED, old)
        if new:
            yield Piece(Kind.ADDED, new)
