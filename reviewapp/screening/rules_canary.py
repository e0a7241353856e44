"""When a changed engine may be trusted: its answers to a fixed set are compared with those of the one before. Pure."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from django.utils.translation import gettext_lazy as _

from reviewapp.ui.states import State

Key = TypeVar("Key", bound=Hashable)


class CanaryState(StrEnum):
    """Where a canary stands."""

    RUNNING = "running"
    PASSED = "passed"
    ALARM = "alarm"
    ACCEPTED = "accepted"


CANARY_STATES: Final[dict[str, State]] = {
    "running": State(_("Running"), "reasoner", _("its answers are compared"), ("passed", "alarm")),
    "passed": State(_("Same as before"), "nobody", _("the next engine is compared with it")),
    "alarm": State(
        _("Answers differently"),
        "admin",
        _("is accepted with a reason, or the engine is put back"),
        ("accepted",),
    ),
    "accepted": State(_("Accepted"), "nobody", _("the next engine is compared with it")),
}
TRUSTED: Final = frozenset({CanaryState.PASSED, CanaryState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Drift:
    """How a set of answers differs from another: of `total`, how many changed and how many have no verdict."""

    total: int
    changed: int
    unanswered: int

    @property
    def share(self) -> float:
        """The part of the set that did not answer as before, 0 to 1."""
        return (self.changed + self.unanswered) / self.total if self.total else 0.0


def drift(before: Mapping[Key, str], now: Mapping[Key, str]) -> Drift:
    """Compare labels by question; an empty label is no verdict.

    A question that had no verdict before counts only when it has none now: nothing is known to have changed.
    """
    unanswered = sum(not label for label in now.values())
    changed = sum(
        bool(label) and bool(before.get(key)) and before[key] != label for key, label in now.items()
    )
    return Drift(len(now), changed, unanswered)


def verdict_on(found: Drift, most: float) -> CanaryState:
    """Passed up to a share of `most` that is not as before, else an alarm."""
    return CanaryState.PASSED if found.share <= most else CanaryState.ALARM
