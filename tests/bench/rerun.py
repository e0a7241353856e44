"""How soon the judgements of a killed pump are done again, against RQ alone."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import redis
from django.conf import settings

from reviewapp import doorbell
from reviewapp.policies import reads as policies
from reviewapp.screening import actions
from reviewapp.screening.models import Judgement, Run
from tests import databases, servers
from tests.bench.measure import Figure, figure
from tests.rooms.screening.desk import publish

KILLED: Final = 24
"""Less than the window that a pump begins with, so that all are in its hands."""
TEXT: Final = "The train was on time and the weather in the mountains was lovely, said number"


def rerun_after_kill(database: str) -> Iterator[Figure]:
    """Seconds from kill -9 of the worker and its job to the last of their judgements done again ÷ the 690 s of RQ alone.

    Lease and sweep take their full time: nothing is moved by hand. The supervisor's restart is played at once.
    """
    publish("harassment")
    client = redis.Redis.from_url(settings.REDIS_URL)
    with (
        tempfile.TemporaryDirectory() as home,
        servers.practice_reasoner(Path(home), "--delay", "10") as url,
    ):
        extra = {"REASONER_URL": url, "REDIS_URL": settings.REDIS_URL}
        _ask(_version(), KILLED)
        with servers.sweeper(database, Path(home), extra):
            first = _worker(database, extra)
            try:
                doorbell.ring("reason", 0)
                _wait(lambda: _count("leased") == KILLED, 60)
            finally:
                _kill(first)
            killed = time.perf_counter()
            second = _worker(database, extra)
            try:
                _wait(lambda: _count("done") == KILLED, 180)
            finally:
                _kill(second)
            took = time.perf_counter() - killed
    client.flushdb()
    yield figure(
        "B12", "seconds from kill to re-run against RQ alone", [took], [690.0], at_most=0.087, unit="s"
    )


def _count(state: str) -> int:
    """The benchmark's own judgements in a state; the sweeper adds the golden set's."""
    return Judgement.objects.filter(state=state, run__kind="evaluate").count()


def _version() -> UUID:
    return policies.published()[0].version_id


def _ask(version: UUID, count: int) -> None:
    run = actions.start_run(kind="evaluate", person=None, title="Benchmark")
    for start in range(0, count, 500):
        texts = [f"{TEXT} {number}" for number in range(start, min(start + 500, count))]
        actions.ask(run=run, version=version, texts=texts)
    assert Run.objects.filter(pk=run).exists()


def _worker(database: str, extra: dict[str, str]) -> "subprocess.Popen[bytes]":
    environment = os.environ | extra | {"DATABASE_URL": databases.url_of(database)}
    return subprocess.Popen(
        [sys.executable, "-m", "reviewapp.worker", "reason"],
        cwd=databases.ROOT,
        env=environment,
        start_new_session=True,
    )


def _kill(process: "subprocess.Popen[bytes]") -> None:
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    for pid in (process.pid, *map(int, found.stdout.split())):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait(10)


def _wait(done: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise TimeoutError("the benchmark did not come to its end")
        time.sleep(0.1)
