"""What a study in the lab is, where it stands, and what a person may ask of it. Pure."""

from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviewapp.screening import rules_runs
from reviewapp.ui.states import State
from reviewapp.ui.words import Words


class StudyKind(StrEnum):
    """What a study asks. Trying a text is no study: nothing is kept of it but its run."""

    GATE = "gate"
    BACKTEST = "backtest"
    EVALUATE = "evaluate"


class StudyState(StrEnum):
    """Where a study stands."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


STUDY_STATES: Final[dict[str, State]] = {
    "running": State(
        _("Running"), "reasoner", _("is judged in what the live queues leave free"),
        ("paused", "done", "cancelled", "failed"),
    ),
    "paused": State(
        _("Paused"), "the person who started it", _("goes on when somebody resumes it"), ("running", "cancelled")
    ),
    "done": State(_("Done"), "policy author", _("its report is read")),
    "cancelled": State(_("Cancelled"), "nobody", _("keeps what it had")),
    "failed": State(_("Stopped"), "the person who started it", _("says why, and is started again")),
}  # fmt: skip
STATE_WORDS: Final[dict[str, Words]] = rules_runs.STATE_WORDS | {"failed": pgettext_lazy("run", "stopped")}
"""The states in the middle of a line: `last run, done`."""

OPEN_STATES: Final = (StudyState.RUNNING.value, StudyState.PAUSED.value)
KIND_WORDS: Final[dict[str, Words]] = {
    "gate": _("Gate"),
    "backtest": _("Re-run"),
    "evaluate": _("Evaluation"),
}
KINDS_WORDS: Final[dict[str, Words]] = {
    "gate": _("Gates"),
    "backtest": _("Re-runs"),
    "evaluate": _("Evaluations"),
}
"""Many of a kind."""


class Stratum(StrEnum):
    """Which part of the past a re-run item comes from."""

    DECIDED = "decided"
    PASSED = "passed"
    CLOSED = "closed_by_machine"
    WAITING = "awaiting_review"


COMPARED: Final = (Stratum.DECIDED, Stratum.WAITING)
"""What was judged under the version in force, so that both verdicts can stand side by side."""


MOST_REPEATS: Final = 9
MOST_CASES: Final = 5_000
MOST_ITEMS: Final = 20_000
MOST_TEXT: Final = 100_000
"""Characters, as for an item."""


def spread(ordered: int, wanted: int) -> list[int]:
    """Places of `wanted` evenly spaced rows in a list of `ordered`; all of them where there are fewer."""
    if wanted >= ordered:
        return list(range(ordered))
    return [place * ordered // wanted for place in range(wanted)]


def shares(sizes: dict[str, int], wanted: int) -> dict[str, int]:
    """How many of `wanted` each stratum gives: equal parts, what a small one lacks goes to the others.

    Never more than a stratum has; the sum is `wanted`, or everything where that is less.
    """
    given = dict.fromkeys(sizes, 0)
    left = min(wanted, sum(sizes.values()))
    while left:
        open_ones = [name for name in sorted(sizes) if given[name] < sizes[name]]
        part = max(left // len(open_ones), 1)
        for name in open_ones:
            more = min(part, sizes[name] - given[name], left)
            given[name] += more
            left -= more
    return given
