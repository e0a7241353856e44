"""The place of a pump: one thread with one connection for all its SQL, which holds the lock that makes it the only one there."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")

AWAY_SECONDS: Final = 25.0
"""How long a database that is away is waited for: a little less than what is left of a lease that was just renewed."""
RECONNECT_SECONDS: Final = 0.25
_LOCK: Final = 7_214_002


class PlaceLost(Exception):
    """While the database was away, another pump took the place; what this one holds is that one's now."""


class Sql:
    """Runs database work on a thread of its own, as the one pump of `place`, or as none; the connection ends with it.

    `work` may be done again when the database went away under it, so it must be one transaction that can stand that.
    """

    def __init__(self, place: int | None = None) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pump-sql")
        self._place = place
        self._hurry = threading.Event()

    async def __call__(self, work: Callable[[], T]) -> T:
        """The result of `work`, done on that thread; what it raises where the database stays away for 25 s, or PlaceLost."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._patiently, work)

    def hurry(self) -> None:
        """Wait for the database no more."""
        self._hurry.set()

    def _patiently(self, work: Callable[[], T]) -> T:
        until = time.monotonic() + AWAY_SECONDS
        again = False
        while True:
            try:
                if again and self._place is not None and not take_place(self._place):
                    raise PlaceLost
                return work()
            except (OperationalError, InterfaceError):
                connection.close()
                if time.monotonic() > until or (again and self._hurry.wait(RECONNECT_SECONDS)):
                    raise
                again = True

    async def close(self) -> None:
        """End the connection and the thread."""
        await self(_close)
        self._thread.shutdown()


def _close() -> None:
    connection.close()  # looked up on the thread it belongs to


def take_place(place: int) -> bool:
    """Whether the place is this connection's, for as long as it lasts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, place])
        return bool(cursor.fetchone()[0])
