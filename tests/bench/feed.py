"""The real feed of 20,000 items through the whole house while two people decide: nothing is lost, and how long it takes."""

import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests import checker, loop
from tests.bench.measure import Figure
from tests.cast import gather

FEED: Final = Path(__file__).resolve().parents[3] / "shared" / "data" / "stream-sample.jsonl.gz"
DECIDING_SECONDS: Final = 300
SCREENING_SECONDS: Final = 1_200
MODERATORS_AT_LEAST: Final = 200


def whole_feed(database: str) -> Iterator[Figure]:
    """Items accounted for ÷ items sent must be exactly 1; the notes tell the seconds and where the items stand."""
    if not FEED.exists():
        print(
            "feed: skipped, ../shared/data/stream-sample.jsonl.gz is not beside this checkout",
            file=sys.stderr,
        )
        return
    cast = gather()
    with tempfile.TemporaryDirectory() as home, loop.running_house(database, Path(home)) as house:
        begun = time.perf_counter()
        with ThreadPoolExecutor(1) as pool:
            deciding = pool.submit(
                loop.decide_until_empty, house, [cast.ana, cast.mo], seconds=DECIDING_SECONDS
            )
            loop.feed(house, FEED)
            fed = time.perf_counter() - begun
            loop.wait_until(_screened, seconds=SCREENING_SECONDS)
            screened = time.perf_counter() - begun
            robots = deciding.result()
        loop.feed(house, FEED)
        loop.wait_until(lambda: not checker.problems(at_rest=True), seconds=60)
        counts = checker.counts_by_state()
        wrong = checker.problems(at_rest=True)
    decided = sum(len(robot.decided) for robot in robots)
    total = sum(counts.values())
    ratio = total / 20_000
    yield Figure(
        "feed 20,000 real items", "items in exactly one state ÷ items sent, fed twice", total, 20_000, ratio, (ratio, ratio),
        "= 1", ratio == 1 and not wrong and decided >= MODERATORS_AT_LEAST and counts.get("decided", 0) == decided, "items",
        {"fed": f"{fed:.0f} s", "screened": f"{screened:.0f} s", "states": counts, "decided": decided, "problems": wrong},
    )  # fmt: skip


def _screened() -> bool:
    counts = checker.counts_by_state()
    return not counts.get("received") and not counts.get("awaiting_verdict")
