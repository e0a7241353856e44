"""How well verdicts match labels: precision, recall, F1, kappa, confusion, and the paired test. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.utils.translation import gettext_lazy as _

from inference.intervals import clopper_pearson
from reviewapp.lab.rules_bounds import LEVEL, Rate
from reviewapp.review.rules import LABEL_WORDS
from reviewapp.ui.words import Words

LABELS = ("violates", "allowed")
ANSWERS = ("violates", "allowed", "unsure", "")
"""What a row may be answered with; the empty one is no readable answer."""
ANSWER_WORDS: Final[dict[str, Words]] = LABEL_WORDS | {"": _("No answer")}

_Z = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One row: the label and section it must get, and what it got. Sections may be empty."""

    key: str
    expect: str
    section: str
    label: str
    sections: frozenset[str] = frozenset()

    @property
    def right(self) -> bool:
        """Whether the label is the expected one."""
        return self.label == self.expect


@dataclass(frozen=True)
class Scores:
    """True and false positives and negatives for one question. `Unsure` and no answer count as not found."""

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> Rate:
        """Right among what was called."""
        return Rate(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> Rate:
        """Found among what is there."""
        return Rate(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0.0 where nothing is there and nothing was called."""
        whole = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / whole if whole else 0.0

    @cached_property
    def f1_interval(self) -> tuple[float, float]:
        """95 % interval of F1: it is 2J / (1 + J), monotone in J = tp / (tp + fp + fn), whose bounds are Clopper-Pearson's."""
        low, high = clopper_pearson(self.tp, self.tp + self.fp + self.fn, LEVEL)
        return 2 * low / (1 + low), 2 * high / (1 + high)


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance with its 95 % interval; `value` is None where it is not defined."""

    value: float | None
    low: float
    high: float
    n: int


def scores(rows: Iterable[Labelled]) -> Scores:
    """Over all rows: is it found that they violate?"""
    counts = Counter((row.expect == "violates", row.label == "violates") for row in rows)
    return Scores(counts[True, True], counts[False, True], counts[True, False])


def section_scores(rows: Sequence[Labelled], section: str) -> Scores:
    """For one section: is it cited exactly where the row's section is this one?

    A violating verdict that cites no section at all counts for no section.
    """
    tp = fp = fn = 0
    for row in rows:
        there = row.expect == "violates" and row.section == section
        called = row.label == "violates" and section in row.sections
        tp += there and called
        fn += there and not called
        # Several sections may apply; only rows known to be of another one, or allowed, prove the citation wrong.
        fp += called and not there and (row.expect == "allowed" or bool(row.section))
    return Scores(tp, fp, fn)


def confusion(rows: Iterable[Labelled]) -> dict[str, dict[str, int]]:
    """Expected label to answer to count; every cell is named."""
    counts = Counter((row.expect, row.label) for row in rows)
    return {expect: {answer: counts[expect, answer] for answer in ANSWERS} for expect in LABELS}


def section_confusion(rows: Iterable[Labelled]) -> dict[tuple[str, str], int]:
    """(expected section, cited section) to count, for violating rows; `` is none. Only cells that are not empty."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.expect == "violates":
            cited = sorted(row.sections) if row.label == "violates" else []
            hit = row.section if row.section in cited else (cited[0] if cited else "")
            counts[row.section, hit] += 1
    return dict(sorted(counts.items()))


def kappa(rows: Sequence[Labelled]) -> Kappa:
    """Cohen's kappa of labels and answers, with the large-sample interval of Fleiss, Cohen and Everitt (1969).

    Unsure and missing answers are categories of their own. Not defined without rows, or where chance alone agrees.
    """
    n = len(rows)
    if not n:
        return Kappa(None, -1.0, 1.0, 0)
    cells = Counter((row.expect, row.label) for row in rows)
    table = {pair: count / n for pair, count in cells.items()}
    left, right = _margins(table)
    observed = sum(table.get((each, each), 0.0) for each in ANSWERS)
    chance = sum(left.get(each, 0.0) * right.get(each, 0.0) for each in ANSWERS)
    if math.isclose(chance, 1.0):
        return Kappa(None, -1.0, 1.0, n)
    value = (observed - chance) / (1 - chance)
    spread = _Z * math.sqrt(max(_variance(table, left, right, observed, chance), 0.0) / n)
    return Kappa(value, max(value - spread, -1.0), min(value + spread, 1.0), n)


def _margins(table: Mapping[tuple[str, str], float]) -> tuple[dict[str, float], dict[str, float]]:
    left: dict[str, float] = defaultdict(float)
    right: dict[str, float] = defaultdict(float)
    for (expect, label), share in table.items():
        left[expect] += share
        right[label] += share
    return left, right


def _variance(
    table: Mapping[tuple[str, str], float],
    left: Mapping[str, float],
    right: Mapping[str, float],
    observed: float,
    chance: float,
) -> float:
    """Equation 13 of Fleiss, Cohen and Everitt (1969), before the division by n."""
    on = off = 0.0
    for (expect, label), share in table.items():
        if expect == label:
            on += share * ((1 - chance) - (left[expect] + right[label]) * (1 - observed)) ** 2
        else:
            off += share * (right.get(expect, 0.0) + left.get(label, 0.0)) ** 2
    rest = (observed * chance - 2 * chance + observed) ** 2
    whole: float = (on + (1 - observed) ** 2 * off - rest) / (1 - chance) ** 4
    return whole


@dataclass(frozen=True, slots=True)
class Paired:
    """Two runs over the same rows. `p` is the exact two-sided McNemar test on the rows that only one has right."""

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int

    @property
    def n(self) -> int:
        """Rows compared."""
        return self.both_right + self.only_first + self.only_second + self.both_wrong

    @property
    def differ(self) -> Rate:
        """How often the second is the right one of the two."""
        return Rate(self.only_second, self.only_first + self.only_second)

    @property
    def p(self) -> float:
        """Exact two-sided McNemar p-value."""
        return mcnemar(self.only_first, self.only_second)


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p of a fair coin giving a split as uneven as this (McNemar 1947, binomial form).

    1.0 where nothing differs.
    """
    n, least = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return 1.0
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(least + 1)) / (1 << n))


def paired(first: Mapping[str, bool], second: Mapping[str, bool]) -> Paired:
    """Compare which rows two runs have right; rows that only one of them has are left out."""
    counts = Counter((first[key], second[key]) for key in first.keys() & second.keys())
    return Paired(counts[True, True], counts[True, False], counts[False, True], counts[False, False])
