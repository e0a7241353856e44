"""Blind first calls: what counts as the same call as the verdict, and which words may be shown before it. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any


def same_label(label: str, verdict_label: str) -> bool:
    """Whether a person and a verdict said the same of the item."""
    return label == verdict_label


def same_section(label: str, called: Iterable[tuple[Any, str]], cited: Iterable[tuple[Any, str]]) -> bool:
    """Whether they also rest it on a section in common; allowed rests on none."""
    return label == "allowed" or not set(called).isdisjoint(cited)


def terms_before(terms: Mapping[str, Any], flag_kinds: Iterable[str]) -> dict[str, Any]:
    """The terms of a rank without what comes from a verdict: of the urgent words only those that a flag gave."""
    flags = set(flag_kinds)
    urgent = [word for word in terms.get("urgent", ()) if word in flags]
    return {"reports": terms.get("reports", 0)} | ({"urgent": urgent} if urgent else {})
