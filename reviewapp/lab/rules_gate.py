"""The publish gate: what repeats of a case add up to, and what keeps a draft from being published. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.lab.rules_bounds import Rate, cases_missing
from reviewapp.policies.rules_gate import Blocker

NO_ANSWER = ""
"""The vote of a repeat that ended without a readable verdict."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One case and what the draft (`votes`) and the published version (`before`) said in each repeat.

    `before` is empty where nothing is published. A vote is a label, or `NO_ANSWER`.
    """

    case: UUID
    code: str
    section: str
    expect: str
    votes: tuple[str, ...]
    before: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """What the draft says: the majority of its repeats, `split` without one."""
        return majority(self.votes)

    @property
    def right(self) -> bool:
        """Whether the draft gives the expected label."""
        return self.verdict == self.expect

    @property
    def broken(self) -> bool:
        """Right under the published version and wrong under the draft."""
        return bool(self.before) and majority(self.before) == self.expect and not self.right

    @property
    def stable(self) -> bool:
        """Whether every repeat said the same."""
        return len(set(self.votes)) <= 1


@dataclass(frozen=True, slots=True)
class Target:
    """What a section must prove, as shares; None is not set."""

    recall: float | None = None
    precision: float | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of a section against its target. `missing`: cases that it lacks before the target is in reach."""

    name: str
    rate: Rate
    target: float | None = None

    @property
    def missing(self) -> int:
        """Cases that it lacks before its target is in reach."""
        return cases_missing(self.rate.n, self.target) if self.target is not None else 0

    @property
    def state(self) -> str:
        """`unset`, `few`, `met` or `missed`."""
        if self.target is None:
            return "unset"
        if self.missing:
            return "few"
        return "met" if self.rate.lower >= self.target else "missed"


@dataclass(frozen=True, slots=True)
class SectionResult:
    """All cases of one section. `right` counts both labels; `unstable` counts cases whose repeats differ."""

    code: str
    right: Rate
    recall: Measure
    precision: Measure
    unstable: Rate

    @property
    def measures(self) -> tuple[Measure, Measure]:
        """Recall, then precision."""
        return self.recall, self.precision

    @property
    def state(self) -> str:
        """The worst state of its measures: missed, few, met, unset."""
        states = {each.state for each in self.measures}
        return next(state for state in ("missed", "few", "met", "unset") if state in states)


@dataclass(frozen=True, slots=True)
class Gap:
    """A section with too few cases for its target; the approver signs it."""

    section: str
    measure: str
    n: int
    missing: int
    target: float
    lower: float

    @property
    def message(self) -> str:
        """What the approver signs."""
        told = (
            _(
                "%(section)s recall: %(n)d cases, %(missing)d missing. Its lower bound is %(lower)s %%, "
                "the target %(target)s %%."
            )
            if self.measure == "recall"
            else _(
                "%(section)s precision: %(n)d cases, %(missing)d missing. Its lower bound is %(lower)s %%, "
                "the target %(target)s %%."
            )
        )
        return told % {
            "section": self.section, "n": self.n, "missing": self.missing, "lower": f"{100 * self.lower:.1f}",
            "target": _percent(self.target),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate found. It passes without blockers and with every case judged."""

    sections: tuple[SectionResult, ...]
    blockers: tuple[Blocker, ...]
    gaps: tuple[Gap, ...]
    right: Rate
    stable: Rate
    failed: tuple[Tried, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether nothing blocks."""
        return not self.blockers


def majority(votes: Sequence[str]) -> str:
    """The label that more than half of the repeats gave, else `split`; without any votes `NO_ANSWER`."""
    if not votes:
        return NO_ANSWER
    label, count = Counter(votes).most_common(1)[0]
    return label if 2 * count > len(votes) else "split"


def decide(cases: Sequence[Tried], targets: Mapping[str, Target], sections: Sequence[str] = ()) -> GateResult:
    """What a gate over `cases` says, section by section in the order of `sections`, others after them.

    Blocks: a case right under the published version and wrong under the draft; a case without any answer in
    a majority of repeats; a lower bound under a set target that the number of cases could have proved.
    """
    order = list(dict.fromkeys([*sections, *sorted({each.section for each in cases}), *sorted(targets)]))
    results = [_section(code, [each for each in cases if each.section == code], targets) for code in order]
    shown = [each for each in results if each.right.n or each.code in targets]
    broken = [each for each in cases if each.broken]
    silent = [each for each in cases if each.verdict == NO_ANSWER and not each.broken]
    return GateResult(
        sections=tuple(shown),
        blockers=(
            *(_broken(each) for each in broken), *(_silent(each) for each in silent),
            *(blocker for each in shown for blocker in _missed(each)),
        ),
        gaps=tuple(gap for each in shown for gap in _gaps(each)),
        right=Rate(sum(each.right for each in cases), len(cases)),
        stable=Rate(sum(each.stable for each in cases), len(cases)),
        failed=tuple(sorted((each for each in cases if not each.right), key=lambda each: (not each.broken, each.code))),
    )  # fmt: skip


def _section(code: str, cases: Sequence[Tried], targets: Mapping[str, Target]) -> SectionResult:
    violating = [each for each in cases if each.expect == "violates"]
    called = [each for each in cases if each.verdict == "violates"]
    found = sum(each.right for each in violating)
    target = targets.get(code, Target())
    return SectionResult(
        code=code,
        right=Rate(sum(each.right for each in cases), len(cases)),
        recall=Measure("recall", Rate(found, len(violating)), target.recall),
        precision=Measure("precision", Rate(found, len(called)), target.precision),
        unstable=Rate(sum(not each.stable for each in cases), len(cases)),
    )


def _broken(case: Tried) -> Blocker:
    facts = {"kind": "broken", "expect": case.expect, "got": case.verdict}
    return Blocker(case.code, case.section, facts=facts)


def _silent(case: Tried) -> Blocker:
    return Blocker(case.code, case.section, facts={"kind": "silent"})


def _missed(section: SectionResult) -> list[Blocker]:
    return [
        Blocker(
            None,
            section.code,
            facts={
                "kind": "missed", "measure": each.name, "hits": each.rate.hits, "n": each.rate.n,
                "lower": f"{100 * each.rate.lower:.1f}", "target": _percent(each.target),
            },
        )
        for each in section.measures
        if each.state == "missed"
    ]  # fmt: skip


def _gaps(section: SectionResult) -> list[Gap]:
    return [
        Gap(section.code, each.name, each.rate.n, each.missing, each.target or 0.0, each.rate.lower)
        for each in section.measures
        if each.state == "few"
    ]


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0):.4g}"
