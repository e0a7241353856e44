"""Keys are UUIDv7, so that new rows land at the right edge of an index."""

import time
from uuid import RFC_4122

from reviewapp.ids import new_id, new_ids


def test_a_key_is_a_uuid_of_version_7_that_begins_with_the_time() -> None:
    before = time.time_ns() // 1_000_000
    key = new_id()
    assert (key.version, key.variant) == (7, RFC_4122)
    assert before <= key.int >> 80 <= time.time_ns() // 1_000_000


def test_every_free_bit_is_drawn_and_no_other() -> None:
    keys = new_ids(1_000)
    assert len(set(keys)) == 1_000 and len({key.int >> 80 for key in keys}) == 1
    ever = always = keys[0].int
    for key in keys:
        ever, always = ever | key.int, always & key.int
    assert ever & ~always & ((1 << 80) - 1) == (1 << 80) - 1 & ~(0xF << 76) & ~(0x3 << 62)


def test_no_keys_are_none() -> None:
    assert new_ids(0) == []
