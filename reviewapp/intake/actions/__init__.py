"""The write door of intake: what arrives, where an item stands, what is restricted, held and erased."""

from reviewapp.intake.actions.erasing import (
    ROOMS_THAT_ERASE,
    HeldItem,
    ask_erasure,
    erase_content,
    finish_erasure,
)
from reviewapp.intake.actions.receiving import (
    OtherBody,
    Outcome,
    Received,
    answer_once,
    forget_answers,
    receive,
)
from reviewapp.intake.actions.standing import (
    BadReference,
    advance,
    await_anew,
    lift_hold,
    mark_admitted,
    place_hold,
    restrict,
)
from reviewapp.intake.incoming import Refused

__all__ = [
    "ROOMS_THAT_ERASE",
    "BadReference",
    "HeldItem",
    "OtherBody",
    "Outcome",
    "Received",
    "Refused",
    "advance",
    "answer_once",
    "ask_erasure",
    "await_anew",
    "erase_content",
    "finish_erasure",
    "forget_answers",
    "lift_hold",
    "mark_admitted",
    "place_hold",
    "receive",
    "restrict",
]
