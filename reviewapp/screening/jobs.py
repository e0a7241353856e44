"""What the workers of this room run when the doorbell rings. Arguments are whole numbers; the work is in Postgres."""

import asyncio
import time
from typing import Final

from inference import Prefilter
from inference.languages import Languages
from reviewapp import doorbell
from reviewapp.screening import actions
from reviewapp.screening.pump import pump

RUN_SECONDS: Final = 120.0


def prepare_scoring() -> None:
    """Load what every run of `score_received` needs, so that a worker's children share it and start at once."""
    Prefilter.shipped()
    Languages.shipped()


def score_received() -> int:
    """Score what has arrived, batch by batch, for at most 120 s; returns how many items."""
    prefilter, languages = Prefilter.shipped(), Languages.shipped()
    until = time.monotonic() + RUN_SECONDS
    total = 0
    while scored := actions.score_batch(prefilter=prefilter, read=languages.read):
        total += scored
        if time.monotonic() > until:
            doorbell.ring("score")
            break
    return total


def pump_judgements(endpoint: int = 0, slot: int = 0) -> int:
    """Run the pump of one endpoint until nothing waits, at most ten minutes; returns how many verdicts it stored."""
    return asyncio.run(pump(endpoint, slot)).done
