"""How the lab's pages write intervals, probabilities and cells of a table."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def span2(interval: tuple[float, float]) -> str:
    """An interval with two decimals, `0.88–0.94`."""
    low, high = interval
    return f"{low:.2f}–{high:.2f}"


@register.filter
def pvalue(p: float) -> str:
    """A probability with two digits that count, never as zero."""
    return f"{p:.2g}" if p >= 0.0001 else "less than 0.0001"


@register.filter
def at(table: Mapping[str, Any], key: str) -> Any:
    """The entry of a table under a key; 0 where it has none."""
    return table.get(key, 0)
