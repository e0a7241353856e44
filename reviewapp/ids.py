"""Makes the keys of every table: UUIDv7 (RFC 9562), so that new rows land at the right edge of an index."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A UUIDv7: 48 bits of Unix milliseconds, then 74 random bits. No order may rely on it."""
    return _assemble(time.time_ns() // 1_000_000, os.urandom(10))


def new_ids(count: int) -> list[UUID]:
    """`count` UUIDv7s that share one millisecond; one system call for all."""
    milliseconds = time.time_ns() // 1_000_000
    noise = os.urandom(10 * count)
    return [_assemble(milliseconds, noise[at : at + 10]) for at in range(0, 10 * count, 10)]


def _assemble(milliseconds: int, noise: bytes) -> UUID:
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(noise, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
