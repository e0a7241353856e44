"""What the workers of this room run when the doorbell rings. Arguments are whole numbers; the work is in Postgres."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

from inference import Prefilter
from inference.languages import Languages
from reviewapp import doorbell
from reviewapp.screening import actions
from reviewapp.screening.pump import pump

RUN_SECONDS: Final = 120.0
LINGERS: Final = 2.0
LOOKS_EVERY: Final = 0.1
"""Seconds. In between a steady stream gathers into batches; an item waits a tenth at most."""


def prepare_scoring() -> None:
    """Load what every run of `score_received` needs, so that a worker's children share it and start at once."""
    Prefilter.shipped()
    Languages.shipped()


def score_received() -> int:
    """Score what has arrived, batch by batch, until nothing has for LINGERS; at most 120 s. Returns how many items.

    A run that waited for no more would end after each batch of a steady stream, and each would cost a new process with a
    new connection. SIGTERM ends it after the batch in hand.
    """
    prefilter, languages = Prefilter.shipped(), Languages.shipped()
    begun = last = time.monotonic()
    total = 0
    with told_to_stop() as stop:
        while not stop.is_set():
            if scored := actions.score_batch(prefilter=prefilter, read=languages.read):
                total, last = total + scored, time.monotonic()
                if last - begun > RUN_SECONDS:
                    doorbell.ring("score")
                    break
            elif not total or time.monotonic() - last > LINGERS:
                break
            else:
                stop.wait(LOOKS_EVERY)
    return total


@contextmanager
def told_to_stop() -> Iterator[Event]:
    """Set by SIGTERM, which ends nothing meanwhile."""
    stop = Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


def pump_judgements(endpoint: int = 0, slot: int = 0) -> int:
    """Run the pump of one endpoint until nothing waits, at most ten minutes; returns how many verdicts it stored."""
    return asyncio.run(pump(endpoint, slot)).done
