"""The write door of review: queues filled, tasks claimed, items decided, calls taken back, claims swept."""

from reviewapp.review.actions.admission import admit, seed_queues
from reviewapp.review.actions.claims import (
    Claim,
    ClaimLost,
    HoldsAnother,
    claim_item,
    claim_next,
    leave,
    release,
    renew,
    reserve_next,
    skip,
)
from reviewapp.review.actions.deciding import (
    AlreadyDecided,
    Decided,
    Unclear,
    VerdictChanged,
    confirm,
    override,
)
from reviewapp.review.actions.drafts import forget_traces, save_draft
from reviewapp.review.actions.holding import (
    TooManyHolds,
    end_shift,
    hand_over,
    hold,
    leave_queue_note,
    take_over,
)
from reviewapp.review.actions.undoing import TooLate, Undone, undo
from reviewapp.review.actions.upkeep import (
    erase_content,
    expire_claims,
    open_restricted,
    release_decisions,
    restrict,
)

__all__ = [
    "AlreadyDecided",
    "Claim",
    "ClaimLost",
    "Decided",
    "HoldsAnother",
    "TooLate",
    "TooManyHolds",
    "Unclear",
    "Undone",
    "VerdictChanged",
    "admit",
    "claim_item",
    "claim_next",
    "confirm",
    "end_shift",
    "erase_content",
    "expire_claims",
    "forget_traces",
    "hand_over",
    "hold",
    "leave",
    "leave_queue_note",
    "open_restricted",
    "override",
    "release",
    "release_decisions",
    "renew",
    "reserve_next",
    "restrict",
    "save_draft",
    "seed_queues",
    "skip",
    "take_over",
    "undo",
]
