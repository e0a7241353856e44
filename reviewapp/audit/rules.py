"""Leaf format v1: how an event becomes the bytes that are hashed. Pure. Never changed; a new format gets a new number."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

LEAF_FORMAT: Final = 1
MOST_SUBJECTS: Final = 1_000
_FIT: Final = r"[A-Za-z0-9_.:@/+\- ]{0,200}"
_WORD: Final = re.compile(rf"{_FIT}\Z")
_WORDS: Final = re.compile(rf"(?:{_FIT}\n)*\Z")


class UnfitData(ValueError):
    """Event data held something other than ids, enums, whole numbers, times and HMACs."""


def leaf(
    *, event: UUID, at: datetime, verb: str, actor_kind: str, actor: str,
    subjects: Sequence[UUID], data: Mapping[str, Any],
) -> bytes:  # fmt: skip
    """SHA-256 over 0x00 and the canonical JSON of the event (RFC 6962 leaf hash): 32 bytes.

    Canonical: keys sorted, no white space, UTF-8, times in UTC with six decimals and `Z`.
    """
    record = {
        "v": LEAF_FORMAT,
        "id": str(event),
        "at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "verb": verb,
        "actor": {"kind": actor_kind, "id": actor},
        # A batch names a thousand: as text in one call.
        "subjects": msgspec.to_builtins(subjects),
        "data": data,
    }
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(b"\x00" + text.encode("utf-8")).digest()


def check_data(data: Mapping[str, Any], fields: frozenset[str]) -> None:
    """Raise UnfitData unless `data` has only `fields`, holding ids, enums, whole numbers, times, HMACs or lists of them."""
    stray = set(data) - fields
    if stray:
        raise UnfitData(f"fields not listed for this event: {sorted(stray)}")
    for name, value in data.items():
        _check_value(name, value)


def _check_value(name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_value(f"{name}.{key}", str(key))
            _check_value(f"{name}.{key}", inner)
    elif isinstance(value, list | tuple):
        if not _are_words(value):
            for inner in value:
                _check_value(name, inner)
    elif isinstance(value, str):
        if not _WORD.match(value):
            raise UnfitData(f"{name} looks like free text")
    elif value is not None and not isinstance(value, bool | int):
        raise UnfitData(
            f"{name} is a {type(value).__name__}; only words, whole numbers and lists of them are kept"
        )


def _are_words(values: Sequence[Any]) -> bool:
    """Whether all are fit words, by one match: the event of a batch holds a thousand."""
    if not all(type(value) is str for value in values):
        return False
    lines = "".join([f"{value}\n" for value in values])
    return lines.count("\n") == len(values) and _WORDS.match(lines) is not None
