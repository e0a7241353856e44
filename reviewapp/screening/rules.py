"""Where a scored item goes, which policies judge it, and what becomes of a failed judgement. Pure."""

from enum import StrEnum
from typing import Final

from reviewapp.ui.states import State


class Route(StrEnum):
    """Where the prefilter sends an item."""

    PASS = "pass"
    REASON = "reason"
    PEOPLE = "people"


class RunKind(StrEnum):
    """Why something is judged."""

    LIVE = "live"
    SECOND_LOOK = "second_look"
    GATE = "gate"
    BACKTEST = "backtest"
    TRY_IT = "try_it"
    EVALUATE = "evaluate"
    CANARY = "canary"


class JudgementState(StrEnum):
    """Where one judgement stands."""

    PENDING = "pending"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


JUDGEMENT_STATES: Final[dict[str, State]] = {
    "pending": State("Waiting", "reasoner", "is claimed by the pump", ("leased", "failed")),
    "leased": State(
        "Being judged", "reasoner", "ends, or goes back when its lease lapses", ("pending", "done", "failed")
    ),
    "done": State("Judged", "moderator", "its verdict is shown to a person"),
    "failed": State("No verdict", "moderator", "the item goes to people with the reason"),
}
