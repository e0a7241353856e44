"""How the lab's pages write intervals, probabilities and cells of a table."""

from collections.abc import Mapping
from typing import Any

from django import template

from reviewapp.lab.rules_gate import Measure

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


@register.filter
def minutes(count: float) -> str:
    """Minutes in words: `under a minute`, `about 7 min`, `about 3 h 20 min`."""
    if count < 1:
        return "under a minute"
    hours, rest = divmod(round(count), 60)
    return f"about {hours} h {rest:02d} min" if hours else f"about {rest} min"


@register.filter
def share1(share: float) -> str:
    """A share as `93.2 %`."""
    return f"{100 * share:.1f} %"


@register.filter
def hundred(share: float) -> str:
    """A share as a place from 0 to 100 in a drawing."""
    return f"{100 * share:.1f}"


@register.filter
def bandwidth(measure: Measure) -> str:
    """How wide the band from the lower bound to the upper end of a measure's interval is."""
    return f"{100 * max(measure.rate.interval[1] - measure.rate.lower, 0):.1f}"
