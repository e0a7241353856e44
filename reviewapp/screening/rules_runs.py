"""The life of a run: a set of judgements that somebody asked for together. Pure."""

from enum import StrEnum
from typing import Final

from reviewapp.screening.rules import RunKind
from reviewapp.ui.states import State


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


RUN_STATES: Final[dict[str, State]] = {
    "running": State("Running", "reasoner", "its judgements end", ("paused", "done", "cancelled")),
    "paused": State("Paused", "who paused it", "is resumed or cancelled", ("running", "cancelled")),
    "done": State("Done", "who started it", "its results are read"),
    "cancelled": State("Cancelled", "who started it", "what was judged before can be read"),
}

ASKED_FOR: Final = frozenset(
    {RunKind.SECOND_LOOK, RunKind.GATE, RunKind.BACKTEST, RunKind.TRY_IT, RunKind.EVALUATE, RunKind.CANARY}
)
"""Kinds that are started; the live run is always there."""
