"""The reason pump against a bare client at the same calls in flight, and how soon a killed pump's work is done again."""

import asyncio
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
from django.test import override_settings

from inference import Effort, ItemText, PolicyText, Reasoner
from reviewapp import doorbell
from reviewapp.policies import reads as policies
from reviewapp.screening import actions
from reviewapp.screening.actions.leases import policy_text
from reviewapp.screening.models import Judgement, Run
from reviewapp.screening.pump import pump
from tests import databases, servers
from tests.bench.measure import Figure, figure, in_turns
from tests.rooms.screening.desk import publish

IN_FLIGHT: Final = (64, 256, 512)
LATENCY: Final = 4.0
TURNS: Final = 4
ROUNDS: Final = 1
KILLED: Final = 24
"""Less than the window that a pump begins with, so that all are in its hands."""
TEXT: Final = "The train was on time and the weather in the mountains was lovely, said number"


def pump_rate(database: str) -> Iterator[Figure]:
    """Verdicts a second of the pump, committed, ÷ answers a second of the bare client, at 64, 256 and 512 in flight.

    Each side answers `TURNS` windows of questions that take `LATENCY` seconds; the naive way, one call after another, is
    told beside it by arithmetic: its rate is 1 ÷ latency for each worker.
    """
    publish("harassment")
    version = _version()
    policy = policy_text(version)
    for flying in IN_FLIGHT:
        engine = ("--delay", str(LATENCY), "--max-num-seqs", "4096")
        with tempfile.TemporaryDirectory() as home, servers.practice_reasoner(Path(home), *engine) as url:
            ours, bare = in_turns(
                lambda flying=flying, url=url: _ours(url, version, flying),  # type: ignore[misc]
                lambda flying=flying, url=url: asyncio.run(_bare(url, policy, flying)),  # type: ignore[misc]
                rounds=ROUNDS,
            )
        yield figure(
            f"B4 at {flying}", "verdicts/s of the pump against answers/s of a bare client", ours, bare,
            at_least=0.95, unit="/s", naive=f"{1 / LATENCY:.2f}/s a worker", cpu_ms=f"{_Cpu.ours:.1f} and {_Cpu.bare:.1f} a verdict",
        )  # fmt: skip


class _Cpu:
    """Milliseconds of this process's CPU for each answer, of the last round of either side."""

    ours = bare = 0.0


def _ours(url: str, version: UUID, flying: int) -> float:
    total = flying * TURNS
    _ask(version, total)
    cpu, begun = time.process_time(), time.perf_counter()
    with override_settings(REASONER_URLS=[url]):
        done = asyncio.run(pump(0, 0, seconds=LATENCY * TURNS * 10, window=flying)).done
    took = time.perf_counter() - begun
    assert done == total, f"{done} of {total} were judged"
    _Cpu.ours = (time.process_time() - cpu) * 1_000 / total
    return total / took


async def _bare(url: str, policy: PolicyText, flying: int) -> float:
    """The same client with nothing around it: no leases, no commits."""
    total = flying * TURNS
    seats = asyncio.Semaphore(flying)
    cpu, begun = time.process_time(), time.perf_counter()
    async with Reasoner(url) as reasoner:

        async def one(number: int) -> Any:
            async with seats:
                return await reasoner.judge(
                    policy, ItemText(str(number), f"{TEXT} {number}"), Effort.LOW, 120.0
                )

        await asyncio.gather(*(one(number) for number in range(total)))
    took = time.perf_counter() - begun
    _Cpu.bare = (time.process_time() - cpu) * 1_000 / total
    return total / took


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
    environment = (
        os.environ | extra | {"DATABASE_URL": databases.url_of(database), "REVIEW_PROCESS": "reason"}
    )
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
