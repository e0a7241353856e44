"""The process that needs no Redis: every second it serves the people's queues, every ten it sweeps.

It looks at Postgres and the clock only, outlives outages of either server, and ends within a second of SIGTERM.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
django.setup()

from django.conf import settings  # noqa: E402  the settings come first
from django.db import Error, connection  # noqa: E402

from reviewapp import doorbell  # noqa: E402
from reviewapp.accounts import actions as accounts  # noqa: E402
from reviewapp.audit import actions as audit  # noqa: E402
from reviewapp.insights import actions as insights  # noqa: E402
from reviewapp.intake import actions as intake  # noqa: E402
from reviewapp.lab import actions as lab  # noqa: E402
from reviewapp.policies import actions as policies  # noqa: E402
from reviewapp.review import actions as review  # noqa: E402
from reviewapp.screening import actions as screening  # noqa: E402
from reviewapp.webhooks import actions as webhooks  # noqa: E402
from reviewapp.webhooks import reads as outbox  # noqa: E402

log = logging.getLogger(__name__)

TICK_SECONDS: Final = 1.0
SWEEP_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 30.0
FORGET_SECONDS: Final = 3600.0
_FULL: Final = 500


def _admit_all() -> None:
    """Admit until the batch is not full, so that a flood does not wait for the next tick."""
    for _ in range(20):
        if review.admit(limit=_FULL) < _FULL:
            return


def _place_all() -> None:
    while audit.place_events() >= 5_000:
        pass


def _sweep() -> None:
    screening.sweep(endpoints=len(settings.REASONER_URLS))


def _ring_probes() -> None:
    screening.ring_probes(endpoints=len(settings.REASONER_URLS))


def _ring_for_deliveries() -> None:
    if outbox.is_due():
        doorbell.ring("deliver")


def _look_at_engines() -> None:
    """Ring for every endpoint, so that its state on the screens is fresh even when nothing waits."""
    for endpoint in range(len(settings.REASONER_URLS)):
        doorbell.ring("reason", endpoint)


CHORES: Final[tuple[tuple[float, Callable[[], object]], ...]] = (
    (TICK_SECONDS, review.release_decisions),
    (TICK_SECONDS, _ring_for_deliveries),
    (TICK_SECONDS, _ring_probes),
    (TICK_SECONDS, _admit_all),
    (TICK_SECONDS, _place_all),
    (SWEEP_SECONDS, review.expire_claims),
    (SWEEP_SECONDS, review.ring_escalations),
    (SWEEP_SECONDS, review.tell_of_late),
    (SWEEP_SECONDS, _sweep),
    (SWEEP_SECONDS, webhooks.return_lapsed),
    (SWEEP_SECONDS, screening.tend_canaries),
    (SWEEP_SECONDS, insights.tend_exports),
    (TICK_SECONDS, policies.publish_due),
    (TICK_SECONDS, lab.advance_studies),
    (SWEEP_SECONDS, lab.tell_engine),
    (SWEEP_SECONDS, policies.expire_emergencies),
    (SWEEP_SECONDS, policies.tell_sittings),
    (LOOK_SECONDS, _look_at_engines),
    (FORGET_SECONDS, intake.forget_answers),
    (FORGET_SECONDS, review.forget_traces),
    (FORGET_SECONDS, review.remind_of_exceptions),
    (FORGET_SECONDS, accounts.forget_notices),
    (FORGET_SECONDS, lab.forget_tries),
)
"""Seconds between two turns, and the chore. Each commits on its own; one that fails does not keep the others waiting."""


class Sweeper:
    """Does the chores whose time has come, until told to stop."""

    def __init__(self, chores: tuple[tuple[float, Callable[[], object]], ...] = CHORES) -> None:
        self._chores = chores
        self._due = [0.0] * len(chores)
        self._stop = threading.Event()

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """End after the chore that is running."""
        self._stop.set()

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stop.is_set():
            self.turn()
            self._stop.wait(TICK_SECONDS)
        connection.close()

    def turn(self) -> None:
        """Do every chore that is due once. A database that is away ends the turn; the next one tries again."""
        for place, (every, chore) in enumerate(self._chores):
            if self._stop.is_set() or time.monotonic() < self._due[place]:
                continue
            self._due[place] = time.monotonic() + every
            try:
                chore()
            except Error as away:
                log.warning("%s did not finish: %s", chore.__name__, type(away).__name__)
                connection.close()
                self._due[place] = 0.0
                return
            except Exception:
                log.exception("%s failed; it is tried again", chore.__name__)
                connection.close()


def main() -> None:
    """Sweep until SIGTERM or Ctrl-C."""
    sweeper = Sweeper()
    signal.signal(signal.SIGTERM, sweeper.stop)
    signal.signal(signal.SIGINT, sweeper.stop)
    sweeper.run()


if __name__ == "__main__":
    main()
