"""What an item may be and become; when two contents, or two flags, are the same. Pure."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

from reviewapp.ui.states import State


class Purpose(StrEnum):
    """Why an item is here; only `live` is in the API, the outbox, exports and statistics."""

    LIVE = "live"
    GOLDEN = "golden"


class ItemState(StrEnum):
    """Where an item stands."""

    RECEIVED = "received"
    PASSED = "passed"
    AWAITING_VERDICT = "awaiting_verdict"
    AWAITING_REVIEW = "awaiting_review"
    CLOSED_BY_MACHINE = "closed_by_machine"
    DECIDED = "decided"
    SUPERSEDED = "superseded"
    ERASED = "erased"


_ENDS: Final = ("superseded", "erased")

ITEM_STATES: Final[dict[str, State]] = {
    "received": State(
        "Received", "prefilter", "is scored", ("passed", "awaiting_verdict", "awaiting_review", *_ENDS)
    ),
    "passed": State(
        "Passed", "nobody", "stays, unless sampled or flagged later", ("awaiting_verdict", "awaiting_review", *_ENDS)
    ),
    "awaiting_verdict": State(
        "Waiting for a verdict", "reasoner", "goes to people, with or without a verdict",
        ("awaiting_review", "closed_by_machine", *_ENDS),
    ),
    "awaiting_review": State("Waiting for a person", "moderator", "is decided", ("decided", *_ENDS)),
    "closed_by_machine": State(
        "Closed by machine", "nobody", "stays, unless appealed or reported", ("awaiting_review", *_ENDS)
    ),
    "decided": State("Decided", "nobody", "stays, unless undone, appealed or reopened", ("awaiting_review", *_ENDS)),
    "superseded": State("Superseded", "nobody", "a newer revision took its place", ("erased",)),
    "erased": State("Erased", "nobody", "only ids and times are left"),
}  # fmt: skip


class FlagKind(StrEnum):
    """Who points."""

    USER_REPORT = "user_report"
    AUTOMATED = "automated"
    TRUSTED_FLAGGER = "trusted_flagger"
    LEGAL_NOTICE = "legal_notice"
    AUTHORITY_ORDER = "authority_order"


FLAGS_BY_PEOPLE: Final = frozenset(FlagKind) - {FlagKind.AUTOMATED}
"""An item flagged by people is never passed by the prefilter."""


# Ingest pays for this on every item: translating bytes of ASCII takes a quarter of what an expression takes.
_ASCII: Final = bytes(ord(chr(code).lower()) if chr(code).isalnum() else 32 for code in range(128)) + bytes(
    128
)
_WORDS: Final = re.compile(r"[\W_]+")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_.:@/+\- ]{0,200}\Z")


def content_hash(text: str, context: Sequence[Any], attachments: Sequence[Any]) -> bytes:
    """SHA-256 over what the item says: text, context thread and attachments, in canonical JSON.

    Entries are mappings, or structs that leave out what was not sent.
    """
    return hashlib.sha256(_canonical([text, context, attachments])).digest()


def likeness(text: str) -> int | None:
    """A 64-bit number that two texts share when only case, spacing, punctuation and invisible signs differ; None for none.

    It finds what was posted again and again; it is no proof of sameness, which `content_hash` is.
    """
    if text.isascii():
        core = b" ".join(text.encode().translate(_ASCII).split())
    else:
        core = _joined(_WORDS.sub(" ", _plain(text)))
    core = core or _joined(text)
    return _number(core) if core else None


def _joined(text: str) -> bytes:
    return " ".join(text.split()).encode("utf-8", "surrogatepass")


def thread_key(source: UUID, author: str, text: str) -> int | None:
    """A 64-bit number for the message that a thread hangs on: whoever wrote it there, and what it says; None without text."""
    return _number(_canonical([str(source), author, text])) if text.strip() else None


def thread_of(source: UUID, context: Sequence[Mapping[str, Any]]) -> int | None:
    """The key of the thread that an item is in: its first message; None for an item without context."""
    if not context:
        return None
    return thread_key(source, str(context[0].get("author_id") or ""), str(context[0].get("text") or ""))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _number(data: bytes) -> int:
    """The first 64 bits of the SHA-256, as a bigint of the database holds them."""
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big", signed=True)


def flag_digest(kind: str, reporter_id: str, reason: str, at: str) -> bytes:
    """SHA-256 over the four things that make a flag itself; `at` as RFC 3339 text, empty when not sent."""
    return hashlib.sha256(_canonical([kind, reporter_id, reason, at])).digest()


def commitment(key: bytes, content: bytes) -> str:
    """HMAC-SHA-256 in hex of a content hash under the item's own key: proves the content until the key is erased."""
    return hmac.digest(key, content, "sha256").hex()


def _canonical(value: Any) -> bytes:
    """The bytes of `json.dumps` with sorted keys, no white space and no ASCII escapes, a tenth of the time."""
    return msgspec.json.encode(value, order="sorted")


def reopens(state: str, kind: str) -> bool:
    """Whether a new flag of `kind` brings an item in `state` back to people.

    What no person has looked at comes back for any person who points at it; what a person decided, for an authority's
    order only (other reports of a decided item are kept with it and wait for an appeal or a senior).
    """
    if state in {ItemState.PASSED, ItemState.CLOSED_BY_MACHINE}:
        return kind in FLAGS_BY_PEOPLE
    return state == ItemState.DECIDED and kind == FlagKind.AUTHORITY_ORDER


def is_plain(reference: str) -> bool:
    """Whether `reference` is a word that the audit log may keep: ASCII letters, digits and a few signs, at most 200."""
    return _REFERENCE.match(reference) is not None
