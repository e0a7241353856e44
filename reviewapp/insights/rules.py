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


class ExportFormat(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSONL = "jsonl"


class ExportState(StrEnum):
    """Where an export stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


EXPORT_STATES: Final[dict[str, State]] = {
    "queued": State("Queued", "export worker", "is written", ("running", "cancelled", "failed")),
    "running": State(
        "Being written",
        "export worker",
        "ends, or goes on after a stop",
        ("queued", "done", "failed", "cancelled"),
    ),
    "done": State("Ready", "the person who asked", "can be downloaded for seven days", ("expired",)),
    "failed": State("Failed", "the person who asked", "can be asked for again"),
    "cancelled": State("Cancelled", "the person who asked", "can be asked for again"),
    "expired": State("File removed", "the person who asked", "can be asked for again"),
}

KEPT_DAYS: Final = 7
"""How long a file stays after it is ready."""

HOLDS_CONTENT: Final = (ExportKind.DECISIONS, ExportKind.VERDICTS, ExportKind.ITEMS)
"""Kinds whose files are removed when any item is erased: they may hold what it said."""
