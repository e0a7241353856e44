"""The life of a run: a set of judgements that somebody asked for together. Pure."""

from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviewapp.screening.rules import RunKind
from reviewapp.ui.states import State
from reviewapp.ui.words import Words


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


RUN_STATES: Final[dict[str, State]] = {
    "running": State(_("Running"), "reasoner", _("its judgements end"), ("paused", "done", "cancelled")),
    "paused": State(_("Paused"), "who paused it", _("is resumed or cancelled"), ("running", "cancelled")),
    "done": State(_("Done"), "who started it", _("its results are read")),
    "cancelled": State(_("Cancelled"), "who started it", _("what was judged before can be read")),
}
STATE_WORDS: Final[dict[str, Words]] = {
    "running": pgettext_lazy("run", "running"),
    "paused": pgettext_lazy("run", "paused"),
    "done": pgettext_lazy("run", "done"),
    "cancelled": pgettext_lazy("run", "cancelled"),
}
"""The states in the middle of a line."""

ASKED_FOR: Final = frozenset(
    {RunKind.SECOND_LOOK, RunKind.GATE, RunKind.BACKTEST, RunKind.TRY_IT, RunKind.EVALUATE, RunKind.CANARY}
)
"""Kinds that are started; the live run is always there."""
