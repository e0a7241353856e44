"""The sweeper's loop: outages end a turn, not the process."""

import os
import signal
import time

from django.db import OperationalError

from reviewapp.screening import actions
from reviewapp.sweeper import Sweeper
from tests import databases, servers
from tests.rooms.screening.desk import ABUSE, arrive, execute, publish, state_of


def test_an_outage_ends_the_turn_and_the_next_one_tries_again() -> None:
    done: list[str] = []

    def away() -> None:
        done.append("tried")
        raise OperationalError("gone")

    def broken() -> None:
        done.append("broken")
        raise ValueError("a bug")

    sweeper = Sweeper(
        (
            (60.0, broken),
            (60.0, lambda: done.append("first")),
            (60.0, away),
            (60.0, lambda: done.append("last")),
        )
    )
    sweeper.turn()
    sweeper.turn()
    assert done == ["broken", "first", "tried", "tried"]


def test_the_process_sweeps_and_ends_in_good_order(db: str) -> None:
    publish()
    (item,) = arrive(ABUSE)
    execute("UPDATE intake_item SET received_at = received_at - interval '61 s'")
    environment = os.environ | {
        "DATABASE_URL": databases.url_of(db),
        "REDIS_URL": "unix:///nowhere/valkey.sock",
    }
    process = servers.launch("sweeper", ["-m", "reviewapp.sweeper"], environment)
    until = time.monotonic() + 20
    while state_of(item) != "awaiting_review":
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_a_probe_is_rung_for_when_it_is_due_and_not_where_somebody_paused(db: str) -> None:
    actions.open_circuit(endpoint=0, reason="It is away.", failures=1)
    assert actions.ring_probes(endpoints=1) == 0, "its time has not come"
    execute("UPDATE screening_circuit SET retry_at = clock_timestamp()")
    assert actions.ring_probes(endpoints=1) == 1
    assert actions.ring_probes(endpoints=0) == 0, "the endpoint is configured no more"
    execute("UPDATE screening_circuit SET paused = true")
    assert actions.ring_probes(endpoints=1) == 0
