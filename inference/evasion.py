"""Respells texts the way people dodge filters: to train against it and to measure it."""

from collections.abc import Callable
from random import Random

_LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7"}
_LOOKALIKE = dict(zip("aceiopsxy", "асеіорѕху", strict=True))
_SPLITTERS = " .-_"


def twisted(text: str, rng: Random) -> str:
    """Typing tricks: letters swapped, lost, masked, doubled or split, and some spaces taken out."""
    words = [_twist(word, rng) if len(word) > 3 and rng.random() < 0.4 else word for word in text.split()]
    return "".join(word + ("" if rng.random() < 0.08 else " ") for word in words).strip()


def leetspeak(text: str, rng: Random) -> str:
    """Half of the letters that have a lookalike digit or sign become one."""
    return "".join(rng.choice(_LEET[c]) if c in _LEET and rng.random() < 0.5 else c for c in text)


def spaced(text: str, rng: Random) -> str:
    """Spaces between all letters of a third of the longer words."""
    words = text.split()
    return " ".join(" ".join(word) if len(word) > 3 and rng.random() < 0.3 else word for word in words)


def disguised(text: str, rng: Random) -> str:
    """Half of the letters with a Cyrillic double become it, with invisible marks strewn in."""
    swapped = (_LOOKALIKE[c] if c in _LOOKALIKE and rng.random() < 0.5 else c for c in text)
    return "".join(c + ("\u200b" if rng.random() < 0.1 else "") for c in swapped)


WAYS: dict[str, Callable[[str, Random], str]] = {
    "typing tricks": twisted,
    "leetspeak": leetspeak,
    "added spaces": spaced,
    "lookalikes and invisible marks": disguised,
}
"""What the report measures, by the name it prints."""


def _twist(word: str, rng: Random) -> str:
    at = rng.randrange(1, len(word) - 2)
    head, one, two, rest = word[:at], word[at], word[at + 1], word[at + 2 :]
    ways = (
        head + two + one + rest,
        head + two + rest,
        head + "*" + two + rest,
        head + one + rng.choice(_SPLITTERS) + two + rest,
        head + one + one + two + rest,
    )
    return ways[rng.randrange(len(ways))]
