"""How a benchmark is measured and told: ours and the bare limit in turns, medians, and the spread."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One ratio: ours ÷ bare, with the medians, the spread of the ratio over the rounds, and the target.

    `must`: the run fails where it is missed.
    """

    name: str
    what: str
    ours: float
    bare: float
    ratio: float
    spread: tuple[float, float]
    target: str
    reached: bool
    unit: str
    notes: dict[str, Any] = field(default_factory=dict)
    must: bool = False

    def line(self) -> str:
        """One line for people."""
        mark = "reached" if self.reached else "MISSED"
        extra = "".join(f" · {key} {value}" for key, value in self.notes.items())
        return (
            f"{self.name:<22} {self.ratio:.2f} [{self.spread[0]:.2f}–{self.spread[1]:.2f}] target {self.target}: {mark}\n"
            f"    {self.what}: {self.ours:,.4g} {self.unit} against {self.bare:,.4g} {self.unit}{extra}"
        )

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)


def in_turns(
    ours: Callable[[], float], bare: Callable[[], float], *, rounds: int
) -> tuple[list[float], list[float]]:
    """Run both in turns, so that a noisy minute meets both; each call returns its own figure."""
    left, right = [], []
    for _ in range(rounds):
        right.append(bare())
        left.append(ours())
    return left, right


def figure(
    name: str, what: str, ours: Sequence[float], bare: Sequence[float], *, at_least: float | None = None,
    at_most: float | None = None, unit: str, **notes: Any,
) -> Figure:  # fmt: skip
    """A Figure from the rounds; the target is a floor or a ceiling of the ratio of medians."""
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    ratio = statistics.median(ours) / statistics.median(bare)
    target = f"≥ {at_least}" if at_least is not None else f"≤ {at_most}"
    reached = ratio >= at_least if at_least is not None else ratio <= (at_most or 0)
    spread = (min(ratios), max(ratios))
    medians = statistics.median(ours), statistics.median(bare)
    return Figure(name, what, *medians, ratio, spread, target, reached, unit, notes)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
