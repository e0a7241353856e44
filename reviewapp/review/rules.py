"""What a task, a label, an action and a decision may be. Pure."""

from enum import StrEnum
from typing import Final

from reviewapp.ui.states import State


class TaskKind(StrEnum):
    """Why a person is asked. Only first and appeal tasks change the item's state."""

    FIRST = "first"
    SECOND = "second"
    APPEAL = "appeal"
    SAMPLE = "sample"
    GOLDEN = "golden"


class TaskState(StrEnum):
    """Where a task stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    HELD = "held"
    DONE = "done"
    WITHDRAWN = "withdrawn"


OPEN_TASK_STATES: Final = ("waiting", "claimed", "held")

TASK_STATES: Final[dict[str, State]] = {
    "waiting": State("Waiting", "moderator", "is claimed by the next person", ("claimed", "withdrawn")),
    "claimed": State(
        "Claimed", "the person who claimed it", "is decided, skipped, held, or returns at the end of its lease",
        ("waiting", "held", "done", "withdrawn"),
    ),
    "held": State("Held", "the person who holds it", "returns at its time", ("claimed", "waiting", "done", "withdrawn")),
    "done": State("Done", "nobody", "stays, unless the decision is undone", ("claimed", "waiting")),
    "withdrawn": State("Withdrawn", "nobody", "the item was replaced, erased or restricted"),
}  # fmt: skip


class Label(StrEnum):
    """What a person says of an item."""

    VIOLATES = "violates"
    ALLOWED = "allowed"


class DecisionKind(StrEnum):
    """Which round of deciding this is."""

    FIRST = "first"
    REPLACED = "replaced"
    UNDONE = "undone"
    APPEAL = "appeal"
    SECOND = "second"


class ActionCode(StrEnum):
    """What happens to the item or its author."""

    NONE = "none"
    REMOVE = "remove"
    LIMIT = "limit"
    WARN = "warn"
    SUSPEND_AUTHOR = "suspend_author"


class Call(StrEnum):
    """What a decision did with a verdict that was on the screen."""

    AGREED = "agreed"
    OVERRIDDEN = "overridden"
    NOT_CONSIDERED = "not_considered"
