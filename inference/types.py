"""The words shared by everything that asks the reasoner or reads its answer. No I/O."""

from dataclasses import dataclass
from enum import StrEnum

FAMILIES: tuple[str, ...] = ("spam", "harassment", "hate", "threat", "self_harm", "sexual")
"""Prefilter heads, in the order in which scores and weights are stored."""


class Label(StrEnum):
    """What the reasoner may say about one item under one policy."""

    VIOLATES = "violates"
    ALLOWED = "allowed"
    UNSURE = "unsure"


class Confidence(StrEnum):
    """The reasoner's own word for how sure it is; not a measured probability."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Effort(StrEnum):
    """How long the reasoner may think; sent as the request's `reasoning_effort`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class FailureKind(StrEnum):
    """Why there is no verdict.

    `busy` is never the item's fault (queue full, circuit open); `refused` is any other 4xx;
    `invalid`, `cut_off` and `wrong_model` are faults of the answer.
    """

    TRANSIENT = "transient"
    BUSY = "busy"
    TIMEOUT = "timeout"
    TOO_LONG = "too_long"
    REFUSED = "refused"
    UNAUTHORISED = "unauthorised"
    INVALID = "invalid"
    CUT_OFF = "cut_off"
    WRONG_MODEL = "wrong_model"


@dataclass(frozen=True, slots=True)
class PolicyText:
    """One policy version as it is sent: `text` is the hashed model text, title included."""

    slug: str
    number: int
    hash: str
    text: str
    section_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """One message of the thread around an item; `role` says where it stands (parent, reply, …)."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class ItemText:
    """The item under review. `attachments` is a count: the reasoner sees none of them."""

    id: str
    text: str
    context: tuple[ContextEntry, ...] = ()
    attachments: int = 0
    language: str = "und"


UNKNOWN = "und"
"""The language of a text that nobody named, and that is not sure."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The language of a text, ISO 639 such as `de`: the one that is sure enough, else `und`, and the likeliest, however unsure.

    Both are `und` where there are no words.
    """

    language: str = UNKNOWN
    leaning: str = UNKNOWN


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one call as the engine reports them; 0 where it does not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A readable answer about one item under one policy version. There is no default verdict.

    `sections` holds only ids of the pinned version; `evidence_for` and `evidence_against` only
    quotes found word for word in the item, `dropped_quotes` counts the others. `reasoning` and `raw`
    are at most 32 KiB of UTF-8, `rationale` at most 2,000 characters, `seconds` is wall time. An item longer
    than the context is judged in `parts`; `place` is then the range of characters that the finding is about.
    """

    label: Label
    confidence: Confidence
    sections: tuple[str, ...]
    unknown_sections: tuple[str, ...]
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    dropped_quotes: int
    rationale: str
    reasoning: str
    raw: str
    model: str
    fingerprint: str
    usage: Usage
    prompt_hash: str
    injection_suspected: bool
    seconds: float
    parts: int = 1
    place: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """No verdict, and why: `reason` is a sentence for people and never holds item content."""

    kind: FailureKind
    reason: str
    raw: str = ""
    prompt_hash: str = ""


@dataclass(frozen=True, slots=True)
class EngineIdentity:
    """Who answers at an address. `signature` changes whenever any of the other fields does."""

    model: str
    fingerprint: str
    version: str
    max_model_len: int
    practice: bool
    signature: str


@dataclass(frozen=True, slots=True)
class EngineLoad:
    """What the engine's own metrics say now; `kv_usage` and `prefix_hit_rate` are shares from 0 to 1."""

    running: int
    waiting: int
    kv_usage: float
    prefix_hit_rate: float | None = None
    preemptions: int = 0
    rejections: int = 0
