"""The write door of review: queues filled, tasks claimed, items decided, calls taken back, claims swept."""

from reviewapp.review.actions.admission import admit, seed_queues
from reviewapp.review.actions.authors import NeedsSenior, open_author, protect_author, unprotect_author
from reviewapp.review.actions.calling import Called, call_blind, mark_seen
from reviewapp.review.actions.claims import (
    Claim,
    ClaimLost,
    HoldsAnother,
    Unclear,
    claim_item,
    claim_next,
    release,
    reserve_next,
    skip,
)
from reviewapp.review.actions.closing import lock_tasks
from reviewapp.review.actions.consequences import Wish, remind_of_exceptions, save_action, save_usual
from reviewapp.review.actions.deciding import (
    VerdictChanged,
    confirm,
    confirm_first,
    override,
)
from reviewapp.review.actions.drafts import drop_unsent, forget_traces, keep_unsent, save_draft
from reviewapp.review.actions.escalating import (
    answer_checklist,
    ask_for_support,
    drop_member,
    escalate,
    ring_escalations,
    set_member,
)
from reviewapp.review.actions.holding import (
    TooManyHolds,
    end_shift,
    hand_over,
    hold,
    leave_queue_note,
    take_break,
    take_over,
)
from reviewapp.review.actions.lateness import tell_of_late
from reviewapp.review.actions.noting import add_note
from reviewapp.review.actions.reading import read_changes
from reviewapp.review.actions.reopening import NotDecided, reopen
from reviewapp.review.actions.replacing import replace_own
from reviewapp.review.actions.routing import change_queue, drop_rule, move_rule, reroute, save_rule
from reviewapp.review.actions.seating import AlreadyDecided, Decided
from reviewapp.review.actions.translating import translate
from reviewapp.review.actions.undoing import TooLate, Undone, undo
from reviewapp.review.actions.upkeep import (
    erase_content,
    expire_claims,
    open_restricted,
    release_decisions,
    restrict,
)
from reviewapp.review.actions.working import leave, renew

__all__ = [
    "AlreadyDecided",
    "Called",
    "Claim",
    "ClaimLost",
    "Decided",
    "HoldsAnother",
    "NeedsSenior",
    "NotDecided",
    "TooLate",
    "TooManyHolds",
    "Unclear",
    "Undone",
    "VerdictChanged",
    "Wish",
    "add_note",
    "admit",
    "answer_checklist",
    "ask_for_support",
    "call_blind",
    "change_queue",
    "claim_item",
    "claim_next",
    "confirm",
    "confirm_first",
    "drop_member",
    "drop_rule",
    "drop_unsent",
    "end_shift",
    "erase_content",
    "escalate",
    "expire_claims",
    "forget_traces",
    "hand_over",
    "hold",
    "keep_unsent",
    "leave",
    "leave_queue_note",
    "lock_tasks",
    "mark_seen",
    "move_rule",
    "open_author",
    "open_restricted",
    "override",
    "protect_author",
    "read_changes",
    "release",
    "release_decisions",
    "remind_of_exceptions",
    "renew",
    "reopen",
    "replace_own",
    "reroute",
    "reserve_next",
    "restrict",
    "ring_escalations",
    "save_action",
    "save_draft",
    "save_rule",
    "save_usual",
    "seed_queues",
    "set_member",
    "skip",
    "take_break",
    "take_over",
    "tell_of_late",
    "translate",
    "undo",
    "unprotect_author",
]
