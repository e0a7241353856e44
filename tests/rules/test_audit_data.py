"""What the audit log refuses to keep: anything that could be free text."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.audit.rules import UnfitData, check_data, leaf
from reviewapp.ids import new_id, new_ids

FIELDS = frozenset({"value"})
WORD = st.text("AZaz09_.:@/+- ", max_size=200)
UNFIT = ["a\nb", "\n", "a" * 201, "é", "a;b", "\x00", 1.5, b"x"]


@given(words=st.lists(WORD, max_size=5))
def test_words_are_kept_alone_and_in_lists(words: list[str]) -> None:
    for value in (words, [words], {"value": words}, tuple(words)):
        check_data({"value": value}, FIELDS)


@pytest.mark.parametrize("value", UNFIT)
def test_what_is_no_word_is_refused_wherever_it_stands(value: Any) -> None:
    for held in (value, [value], ["a", value, "b"], [1, value], {"value": [value]}, [[value]]):
        with pytest.raises(UnfitData, match="value"):
            check_data({"value": held}, FIELDS)


def test_a_leaf_is_over_canonical_json() -> None:
    event, subjects, at = new_id(), new_ids(3), datetime(2026, 1, 31, 12, tzinfo=UTC)
    data = {"b": [1, None, True], "a": "word"}
    record = {
        "v": 1, "id": str(event), "at": "2026-01-31T12:00:00.000000Z", "verb": "item.received",
        "actor": {"kind": "key", "id": "k"}, "subjects": [str(subject) for subject in subjects], "data": data,
    }  # fmt: skip
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
    told = leaf(
        event=event, at=at, verb="item.received", actor_kind="key", actor="k", subjects=subjects, data=data
    )
    assert told == sha256(b"\x00" + canonical).digest()
