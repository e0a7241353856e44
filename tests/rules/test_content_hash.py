"""What a content hash and a commitment are made of never changes: audit events hold them for good."""

import hashlib
import hmac
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reviewapp.intake.rules import commitment, content_hash

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ENTRIES = st.lists(st.dictionaries(st.sampled_from(["text", "role", "author_id"]), TEXT), max_size=3)


@given(text=TEXT, context=ENTRIES, attachments=ENTRIES)
def test_the_hash_is_over_canonical_json(text: str, context: list[Any], attachments: list[Any]) -> None:
    sent = [text, context, attachments]
    canonical = json.dumps(sent, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert content_hash(text, context, attachments) == hashlib.sha256(canonical).digest()


def test_the_commitment_is_an_hmac_under_the_items_own_key() -> None:
    assert commitment(b"k" * 32, b"c" * 32) == hmac.new(b"k" * 32, b"c" * 32, "sha256").hexdigest()
