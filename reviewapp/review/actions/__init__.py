"""The write door of review: queues filled, tasks claimed, items decided, calls taken back, claims swept."""

from reviewapp.review.actions.admission import admit, seed_queues
from reviewapp.review.actions.claims import (
    Claim,
    ClaimLost,
    HoldsAnother,
    claim_item,
    claim_next,
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
    "Unclear",
    "Undone",
    "VerdictChanged",
    "admit",
    "claim_item",
    "claim_next",
    "confirm",
    "erase_content",
    "expire_claims",
    "open_restricted",
    "override",
    "release",
    "release_decisions",
    "renew",
    "reserve_next",
    "restrict",
    "seed_queues",
    "skip",
    "undo",
]
