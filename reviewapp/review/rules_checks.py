"""What is wrong with a verdict at a glance: the badges beside it, one for each failed check. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_SAYS_ALLOWED: Final = re.compile(
    r"\b(does not violate|do not violate|is not a violation|no violation|not violating|is allowed|are allowed|complies with)\b",
    re.IGNORECASE,
)
_SAYS_VIOLATES: Final = re.compile(
    r"(?<!not )(?<!n't )\b(violates|is a violation|is not allowed|is prohibited|breaks the (?:rule|policy))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Badge:
    """One failed check: icon, words, and how bad."""

    icon: str
    words: str
    tone: str


def contradicts(label: str, rationale: str) -> bool:
    """Whether the rationale says the other label and never its own."""
    says_allowed, says_violates = (
        bool(_SAYS_ALLOWED.search(rationale)),
        bool(_SAYS_VIOLATES.search(rationale)),
    )
    if label == "violates":
        return says_allowed and not says_violates
    return label == "allowed" and says_violates and not says_allowed


def only_allowed_examples(label: str, quotes: Sequence[str], allowed: Iterable[str]) -> bool:
    """Whether a violation rests on nothing but words that an allowed example of its sections has."""
    examples = [_folded(each) for each in allowed]
    found = [_folded(quote) for quote in quotes if quote.strip()]
    return (
        label == "violates"
        and bool(found)
        and all(any(quote in each for each in examples) for quote in found)
    )


def _folded(text: str) -> str:
    return " ".join(text.lower().split())
