"""Which states a delivery walks through, and what may be announced. Pure."""

from enum import StrEnum
from typing import Final

from reviewapp.ui.states import State


class Announced(StrEnum):
    """The closed list of webhook events."""

    DECISION_MADE = "decision.made"
    DECISION_REPLACED = "decision.replaced"
    ITEM_LIMITED = "item.limited"
    ITEM_CLOSED_BY_MACHINE = "item.closed_by_machine"
    FLAG_RESOLVED = "flag.resolved"
    APPEAL_DECIDED = "appeal.decided"


class DeliveryState(StrEnum):
    """Where one announcement stands."""

    HELD = "held"
    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


DELIVERY_STATES: Final[dict[str, State]] = {
    "held": State("Held", "undo window", "leaves when the window ends", ("waiting", "cancelled")),
    "waiting": State("Waiting", "dispatcher", "is sent at the next round", ("sending", "cancelled")),
    "sending": State(
        "Sending", "dispatcher", "is delivered, or waits for the next try", ("delivered", "waiting", "dead")
    ),
    "delivered": State("Delivered", "nobody", "kept for the record; can be replayed", ("waiting",)),
    "dead": State("Dead", "admin", "can be replayed", ("waiting",)),
    "cancelled": State("Cancelled", "nobody", "never leaves"),
}
