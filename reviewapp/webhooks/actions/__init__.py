"""The write door of what leaves: announcements, endpoints, and the deliveries between them."""

from reviewapp.webhooks.actions.delivering import (
    Claimed,
    claim_due,
    replay,
    return_lapsed,
    settle,
)
from reviewapp.webhooks.actions.endpoints import (
    BadEndpoint,
    Issued,
    WasRemoved,
    add_endpoint,
    change_endpoint,
    pause_endpoint,
    remove_endpoint,
    restore_endpoint,
    resume_endpoint,
    send_test,
    turn_secret,
)
from reviewapp.webhooks.actions.outbox import Released, announce, cancel, let_go, release_due

__all__ = [
    "BadEndpoint",
    "Claimed",
    "Issued",
    "Released",
    "WasRemoved",
    "add_endpoint",
    "announce",
    "cancel",
    "change_endpoint",
    "claim_due",
    "let_go",
    "pause_endpoint",
    "release_due",
    "remove_endpoint",
    "replay",
    "restore_endpoint",
    "resume_endpoint",
    "return_lapsed",
    "send_test",
    "settle",
    "turn_secret",
]
