"""The reason pump against a bare client at the same calls in flight: rate, processor time, and the lab's runs."""

import asyncio
import gc
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch
from uuid import UUID

from django.test import override_settings

from reviewapp.policies import reads as policies
from reviewapp.screening import rules_window
from reviewapp.screening.actions.leases import policy_text
from reviewapp.screening.models import Judgement
from reviewapp.screening.pump import pump
from tests import databases, servers
from tests.bench import bare, naive
from tests.bench.costs import Meter
from tests.bench.measure import Figure, figure
from tests.rooms.screening.desk import ABUSE, arrive, engine, publish, score

WINDOWS: Final = {64: (1.5, 5), 256: (2.5, 4), 512: (4.0, 3)}
"""Calls in flight to the median seconds of an answer and how many answers a slot gives: an engine that is asked more at
once answers each later."""
SPREAD: Final = 0.4
ROUNDS: Final = 2
NAIVE_WORKERS: Final = 8
NAIVE_JOBS: Final = 32
COSTED_AT: Final = 256
BUSY_IN_FLIGHT: Final = 256
BUSY_LATENCY: Final = 0.4
BUSY_VERDICTS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One side of one round: answers, answers a second, and milliseconds of processor time for each answer."""

    done: int
    rate: float
    python: float
    database: float


def pump_rate(database: str) -> Iterator[Figure]:
    """B4: live verdicts a second, committed, ÷ answers a second of the bare client, at 64, 256 and 512 in flight.

    Both sides ask the same questions and meet the same draw of latencies from the first call on. The window is held
    still: it is compared at the same calls in flight. Beside it what RQ makes of one job for each item.
    """
    publish("harassment")
    one_by_one = _naive(database)
    for flying, (latency, turns) in WINDOWS.items():
        ours, limit = [], []
        for seed in range(ROUNDS):
            options = ("--delay", str(latency), "--spread", str(SPREAD), "--seed", str(seed))
            limit.append(ask_bare(flying, turns * flying, options))
            ours.append(_ours(flying, turns * flying, options))
        yield figure(
            f"B4 at {flying}", f"verdicts/s of the pump against answers/s of a bare client, median {latency} s",
            [each.rate for each in ours], [each.rate for each in limit], at_least=0.95, unit="/s",
            naive=f"{one_by_one:.2f}/s with {NAIVE_WORKERS} workers",
        )  # fmt: skip
        if flying == COSTED_AT:
            yield _overhead(ours, limit)


def verdict_rate(_database: str) -> Iterator[Figure]:
    """Live verdicts committed a second ÷ the 200 that are asked for, by one pump on two cores; what one costs.

    The engine answers sooner than the pump can store, so the pump is what is measured.
    """
    publish("harassment")
    options = ("--delay", str(BUSY_LATENCY), "--spread", str(SPREAD))
    ours = [_ours(BUSY_IN_FLIGHT, BUSY_VERDICTS, options) for _ in range(ROUNDS)]
    yield figure(
        "verdicts committed", f"verdicts/s with {BUSY_IN_FLIGHT} in flight against the 200 asked for",
        [each.rate for each in ours], [200.0] * ROUNDS, at_least=1.0, unit="/s",
        python=f"{_median(ours, 'python'):.2f} ms", database=f"{_median(ours, 'database'):.2f} ms",
    )  # fmt: skip


def _overhead(ours: Sequence[Measured], limit: Sequence[Measured]) -> Figure:
    """Processor time of a verdict beyond the bare client's, the database's included, ÷ the 2 ms that it may be."""
    beyond = [one.python + one.database - other.python for one, other in zip(ours, limit, strict=True)]
    return figure(
        f"B4 cost at {COSTED_AT}", "ms of processor time a verdict beyond the bare client, commit included, against 2 ms",
        beyond, [2.0] * len(beyond), at_most=1.0, unit="ms",
        http=f"{_median(limit, 'python'):.2f} ms", database=f"{_median(ours, 'database'):.2f} ms",
        python=f"{_median(ours, 'python') - _median(limit, 'python'):.2f} ms",
    )  # fmt: skip


def _ours(flying: int, total: int, options: tuple[str, ...]) -> Measured:
    """`total` live items, judged and sent on to people by one pump."""
    arrive_for_a_verdict(total)
    with engine_at(*options) as url, override_settings(REASONER_URLS=[url]), still_window():
        ours = measured(lambda: asyncio.run(pump(0, 0, seconds=600, window=flying)).done)
    assert ours.done == total, f"{ours.done} of {total} were judged"
    return ours


def ask_bare(flying: int, total: int, options: tuple[str, ...]) -> Measured:
    """The bare client asks `total` questions."""
    bodies = bare.questions(policy_text(_version()), [f"{ABUSE}, number {number}" for number in range(total)])
    with engine_at(*options) as url:
        limit = measured(lambda: asyncio.run(bare.ask_all(url, bodies, flying)))
    assert limit.done == total, f"{limit.done} of {total} were answered"
    return limit


def measured(work: Callable[[], int]) -> Measured:
    """What `work` took for each of those that it says it did."""
    gc.collect()
    meter = Meter()
    done = work()
    seconds, python, database = meter.seconds, meter.python, meter.database
    return Measured(done, done / seconds, python * 1_000 / done, database * 1_000 / done)


def _naive(database: str) -> float:
    """Items a second of one RQ job for each item, at the latency of the smallest window."""
    arrive_for_a_verdict(NAIVE_JOBS)
    latency = str(WINDOWS[min(WINDOWS)][0])
    with engine_at("--delay", latency, "--spread", str(SPREAD)) as url:
        extra = {"DATABASE_URL": databases.url_of(database), "REASONER_URL": url}
        rate = naive.rate(extra, engine=engine(), workers=NAIVE_WORKERS, jobs=NAIVE_JOBS)
    assert not _open(), "the naive way left something undone"
    return rate


@contextmanager
def engine_at(*options: str) -> Iterator[str]:
    """A process of its own: its time is not counted."""
    with (
        tempfile.TemporaryDirectory() as home,
        servers.practice_reasoner(Path(home), "--plain", "--max-num-seqs", "4096", *options) as url,
    ):
        yield url


def still_window() -> AbstractContextManager[object]:
    """The window stays as it is, so that calls in flight are the same on both sides."""
    return patch.object(rules_window, "next_window", lambda window, **_: window)


def arrive_for_a_verdict(count: int) -> None:
    """Live items that harassment alone judges, scored and waiting for their verdict."""
    for start in range(0, count, 500):
        texts = [f"{ABUSE}, number {number}" for number in range(start, min(start + 500, count))]
        arrive(*texts, policies=["harassment"])
    while score():
        pass
    assert _open() == count, "each item waits for one verdict"


def _open() -> int:
    return Judgement.objects.filter(state__in=["pending", "leased"]).count()


def _version() -> UUID:
    return policies.published()[0].version_id


def _median(sides: Sequence[Measured], field: str) -> float:
    return float(statistics.median(getattr(each, field) for each in sides))
