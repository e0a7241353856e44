"""What can be exported and the states of an export. Pure."""

from enum import StrEnum
from typing import Final

from reviewapp.ui.states import State


class ExportKind(StrEnum):
    """What a file holds."""

    DECISIONS = "decisions"
    AUDIT = "audit"
    VERDICTS = "verdicts"
    ITEMS = "items"


class ExportState(StrEnum):
    """Where an export stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


EXPORT_STATES: Final[dict[str, State]] = {
    "queued": State("Queued", "export worker", "is written", ("running", "cancelled", "failed")),
    "running": State(
        "Being written", "export worker", "ends, or goes on after a stop", ("queued", "done", "failed", "cancelled")
    ),
    "done": State("Ready", "the person who asked", "can be downloaded"),
    "failed": State("Failed", "the person who asked", "can be asked for again"),
    "cancelled": State("Cancelled", "the person who asked", "can be asked for again"),
}
