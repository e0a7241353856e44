"""When to ask senders to wait: a bucket of items for each API key, and the age of the oldest item without a score."""

import time
from threading import Lock
from typing import ClassVar, Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from reviewapp.ui.errors import ProductError

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at the backlog of one process."""
BACKLOG_WAIT: Final = 30
"""Seconds that a sender is asked to wait when the backlog is too old."""


class TryLater(ProductError):
    """More than this key may send, or more than the product keeps up with. details: retry_after in seconds."""

    status = 429
    code = "too_many"


class Buckets:
    """A token bucket for each key, in this process: a minute's worth of items, filled steadily."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left: dict[UUID, tuple[float, float]] = {}

    def take(self, key: UUID, items: int, per_minute: int, now: float) -> float:
        """Take `items` tokens at `now` (seconds); gives 0, or the seconds to wait when there are too few.

        A request larger than the whole bucket goes through when the bucket is full, and is paid for afterwards.
        """
        rate = per_minute / 60
        with self._lock:
            left, at = self._left.get(key, (float(per_minute), now))
            left = min(float(per_minute), left + (now - at) * rate)
            needed = min(float(items), float(per_minute))
            if left < needed:
                self._left[key] = (left, now)
                return (needed - left) / rate
            self._left[key] = (left - items, now)
        return 0.0


class _Backlog:
    """What this process last saw of the backlog, by database."""

    seen: ClassVar[dict[str, tuple[float, bool]]] = {}


_buckets: Final = Buckets()


def check_quota(key: UUID, items: int) -> None:
    """Raise TryLater when the key has used up its items (INGEST_ITEMS_PER_MINUTE; 0 is no quota)."""
    per_minute = settings.INGEST_ITEMS_PER_MINUTE
    wait = _buckets.take(key, items, per_minute, time.monotonic()) if per_minute else 0.0
    if wait > 0:
        seconds = int(wait) + 1
        raise TryLater(
            f"This key may send {per_minute:,} items a minute. Send again in {seconds} s.",
            retry_after=seconds,
        )


def check_backlog() -> None:
    """Raise TryLater while the oldest item without a score is older than INGEST_BACKLOG_SECONDS (0 is no limit)."""
    most = settings.INGEST_BACKLOG_SECONDS
    if most and _is_behind(most):
        raise TryLater(
            f"Items have waited longer than {most} s to be scored. Send again in {BACKLOG_WAIT} s.",
            retry_after=BACKLOG_WAIT,
        )


def _is_behind(most: int) -> bool:
    name = str(connection.settings_dict["NAME"])
    now = time.monotonic()
    at, behind = _Backlog.seen.get(name, (0.0, False))
    if not at or now - at >= LOOK_EVERY:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT coalesce(min(received_at) < now() - make_interval(secs => %s), false)
                FROM intake_item WHERE state = 'received'
                """,
                [most],
            )
            behind = bool(cursor.fetchone()[0])
        _Backlog.seen[name] = (now, behind)
    return behind
