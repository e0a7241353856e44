"""What can be exported and the states of an export. Pure."""

from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _

from reviewapp.ui.states import State
from reviewapp.ui.words import Words


class ExportKind(StrEnum):
    """What a file holds."""

    DECISIONS = "decisions"
    AUDIT = "audit"
    VERDICTS = "verdicts"
    ITEMS = "items"


KINDS: Final[dict[str, Words]] = {
    "decisions": _("Decisions"),
    "audit": _("Audit"),
    "verdicts": _("Verdicts"),
    "items": _("Items"),
}
"""What screens call each kind."""


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
    "queued": State(_("Queued"), _("export worker"), _("is written"), ("running", "cancelled", "failed")),
    "running": State(
        _("Being written"),
        _("export worker"),
        _("ends, or goes on after a stop"),
        ("queued", "done", "failed", "cancelled"),
    ),
    "done": State(_("Ready"), _("the person who asked"), _("can be downloaded for seven days"), ("expired",)),
    "failed": State(_("Failed"), _("the person who asked"), _("can be asked for again")),
    "cancelled": State(_("Cancelled"), _("the person who asked"), _("can be asked for again")),
    "expired": State(_("File removed"), _("the person who asked"), _("can be asked for again")),
}

KEPT_DAYS: Final = 7
"""How long a file stays after it is ready."""

HOLDS_CONTENT: Final = (ExportKind.DECISIONS, ExportKind.VERDICTS, ExportKind.ITEMS)
"""Kinds whose files are removed when any item is erased: they may hold what it said."""
