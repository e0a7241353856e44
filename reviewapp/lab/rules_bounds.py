"""Rates with their exact intervals, and how many cases a target takes. Pure."""

import math
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from inference.intervals import clopper_pearson
from reviewapp.screening.rules_share import share

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `n`. Every share is from 0 to 1; without cases the interval is the whole of it."""

    hits: int
    n: int

    @property
    def share(self) -> float:
        """The observed share, 0.0 without cases."""
        return self.hits / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Two-sided 95 % Clopper-Pearson, for display."""
        return clopper_pearson(self.hits, self.n, LEVEL)

    @property
    def lower(self) -> float:
        """One-sided 95 % Clopper-Pearson lower bound, for targets."""
        return lower_bound(self.hits, self.n)

    @property
    def words(self) -> str:
        """`91 % (87–93, n 412)`; one decimal over 1,000 cases or under 5 %; `none yet` without cases."""
        return str(share(self.hits, self.n)) if self.n else _("none yet")

    @property
    def percent(self) -> str:
        """The share alone, as `91 %`; nothing shows it without its interval beside it."""
        return share(self.hits, self.n).percent

    @property
    def around(self) -> str:
        """The interval and the count alone, as `87–93, n 412`."""
        return share(self.hits, self.n).around

    def as_json(self) -> dict[str, Any]:
        """The share, its interval and its counts, for files."""
        return {
            "value": self.share if self.n else None, "interval": list(self.interval), "hits": self.hits, "n": self.n,
        }  # fmt: skip


def lower_bound(hits: int, n: int) -> float:
    """One-sided 95 % Clopper-Pearson lower bound: the lower end of the two-sided 90 % interval."""
    return clopper_pearson(hits, n, 1 - 2 * (1 - LEVEL))[0]


def cases_needed(target: float) -> int:
    """The fewest cases, all right, that prove `target` (0 to 1, both excluded): 0.05 ** (1 / n) ≥ target.

    59 for 95 %, 29 for 90 %. Raises ValueError for a target that no number of cases proves.
    """
    if not 0 < target < 1:
        raise ValueError(f"a target of {target} cannot be proved by cases")
    n = max(math.ceil(math.log(1 - LEVEL) / math.log(target)), 1)
    # The logarithm may land a hair on the wrong side.
    while n > 1 and (1 - LEVEL) ** (1 / (n - 1)) >= target:
        n -= 1
    while (1 - LEVEL) ** (1 / n) < target:
        n += 1
    return n


def cases_missing(n: int, target: float) -> int:
    """How many more cases it takes before `target` is within reach at all; 0 where it is."""
    return max(cases_needed(target) - n, 0)
