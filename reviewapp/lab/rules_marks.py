"""What one version's words say that another's do not: marks for two rationales that stand side by side. Pure."""

from typing import Final

from reviewapp.policies.rules_diff import Kind, Piece, count_words, word_diff

LEAST_SHARED: Final = 0.3
"""Share of the longer text's words that have to be in both: below it, marks would cover everything and say nothing."""


def marks(old: str, new: str) -> tuple[Piece, ...]:
    """The pieces that lead from `old` to `new`; none where one is empty, both are the same, or too little is shared."""
    if not old.strip() or not new.strip() or old == new:
        return ()
    pieces = word_diff(old, new)
    longer = max(len(old.split()), len(new.split()))
    return pieces if count_words(pieces, Kind.SAME) >= LEAST_SHARED * longer else ()
