"""The same moment, many hands: threads with database connections of their own that all begin together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What `act(0)` … `act(count - 1)` give when all begin at the same moment; an error comes back as a value."""
    gate = Barrier(count)

    def run(number: int) -> Any:
        try:
            gate.wait(20)
            return act(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
