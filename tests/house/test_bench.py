"""Every benchmark runs at a tiny size, and an unknown name says what there is."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.bench import claims, desks, exports, ingest, pump, soak
from tests.bench.__main__ import BENCHMARKS, main
from tests.bench.census import Census
from tests.bench.measure import Figure
from tests.databases import ROOT

Benchmark = Callable[[str], Iterator[Figure]]

TINY: list[tuple[ModuleType, dict[str, Any], Benchmark, int]] = [
    (ingest, {"ITEMS": 40, "BATCH": 20, "WARM_UP": 20, "ROUNDS": 2}, ingest.durable_ingest, 2),
    (ingest, {"SINGLES": 8, "HELLOS": 8, "ROUNDS": 2}, ingest.single_item_ingest, 1),
    (claims, {"FEW": 60, "MANY": 120, "CALLS": 5, "ROUNDS": 2}, claims.claim_next, 4),
    (claims, {"FEW": 60, "MANY": 120, "CALLS": 5, "ROUNDS": 2}, claims.queue_page, 8),
    (exports, {"EVENTS": 300, "ROUNDS": 2}, exports.audit_export, 3),
    (
        desks,
        {
            "ITEMS": 40,
            "LOOKED_AT": 12,
            "MODERATORS": 2,
            "SECONDS": 2.0,
            "THINKS": 0.3,
            "INGEST_A_SECOND": 2,
            "BATCH": 5,
        },
        desks.desks_under_load,
        2,
    ),
    (pump, {"BUSY_VERDICTS": 12, "BUSY_LATENCY": 0.1, "ROUNDS": 1}, pump.verdict_rate, 1),
]


@pytest.mark.parametrize(
    ("module", "sizes", "benchmark", "figures"), TINY, ids=[run.__name__ for _, _, run, _ in TINY]
)
def test_a_benchmark_gives_its_figures(
    db: str,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    sizes: dict[str, Any],
    benchmark: Benchmark,
    figures: int,
) -> None:
    for name, size in sizes.items():
        monkeypatch.setattr(module, name, size)
    given = list(benchmark(db))
    assert len(given) == figures
    for figure in given:
        assert figure.ratio > 0 and figure.spread[0] <= figure.ratio <= figure.spread[1] + 1
        assert figure.name in figure.line() and figure.as_json()["target"] == figure.target


def test_an_unknown_name_says_which_there_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "B99"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert f"no benchmark is called B99; there are {', '.join(BENCHMARKS)}" in done.stderr


@pytest.mark.parametrize(("reached", "status"), [(True, 0), (False, 1)])
def test_a_soak_that_loses_something_fails(
    monkeypatch: pytest.MonkeyPatch, reached: bool, status: int
) -> None:
    found = Figure("lost", "items", 1, 1, 1, (1, 1), "= 1", reached, "items", must=True)
    monkeypatch.setattr(soak, "soak", lambda **_: iter([found]))
    monkeypatch.setattr(sys, "argv", ["bench", "soak", "--minutes", "1"])
    assert main() == status


def test_memory_that_grows_by_a_megabyte_a_minute_grows_by_sixty_an_hour() -> None:
    flat, leaking = Census(0), Census(0)
    for minute in range(30):
        flat.samples.append((minute * 60.0, {"web": 100_000_000 + (minute % 3) * 1_000_000}))
        leaking.samples.append((minute * 60.0, {"web": 100_000_000 + minute * 1_000_000}))
    assert leaking.growth("web") == pytest.approx(60_000_000)
    assert abs(flat.growth("web")) < 5_000_000
