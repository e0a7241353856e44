"""The soak: the whole product under `manage.py up` for an hour of load and random faults; then nothing may be lost or doubled."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from django.db import Error, connection, connections
from psycopg.conninfo import conninfo_to_dict

from reviewapp.review.models import Decision, Queue
from tests import checker, loop, servers
from tests.bench.census import Census
from tests.bench.crowd import Crowd
from tests.bench.measure import Figure, figure, percentile
from tests.bench.nemesis import Engine, Nemesis, Strike
from tests.cast import gather
from tests.databases import ROOT
from tests.robots import Robot

ITEMS_AN_HOUR: Final = 150_000
FAULTS_AN_HOUR: Final = 200
RECOVERY_SECONDS: Final = 60.0
GROWTH_AN_HOUR: Final = 64 * 1024**2
RATE: Final = 55.0
"""Items a second that are offered: somewhat more than must arrive, since what faults delay is caught up."""
MOST_OPEN: Final = 3_000
REST_SECONDS: Final = 420.0
TOLD_SECONDS: Final = 45.0
TURN_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 10.0
START_SECONDS: Final = 600.0
TELL_SECONDS: Final = 60.0
ENGINE: Final = ("--plain", "--delay", "2", "--spread", "0.4", "--max-num-seqs", "512")


def soak(*, minutes: float, seed: int) -> Iterator[Figure]:
    """Load and faults for so many minutes, then rest, then the checker. The figures that `must` be reached fail the run."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="review-soak-")))
        engine = Engine(home, ENGINE)
        stack.callback(engine.kill)
        engine.revive()
        up, facts = stack.enter_context(_product(home, engine.url))
        stack.enter_context(_pointed_at(facts["DATABASE_URL"], facts["DATABASE_OWNER_URL"]))
        census = Census(up.pid)
        nemesis = Nemesis(census, engine, facts["REDIS_URL"], seed)
        cast, key = gather(), loop.furnish()
        queues = list(Queue.objects.values_list("slug", flat=True))
        crowd = Crowd(facts["REVIEW_URL"], key, [Robot(facts["REVIEW_URL"], cast.ana, seed)], queues, RATE)
        begun = time.monotonic()
        crowd.start()
        try:
            _run(census, nemesis, crowd, minutes * 60)
        finally:
            nemesis.rest()
            crowd.finish()
        took = time.monotonic() - begun
        problems = _come_to_rest(nemesis, crowd)
        census.look()
        yield from _figures(census, nemesis.strikes, crowd, took, problems)


def _run(census: Census, nemesis: Nemesis, crowd: Crowd, seconds: float) -> None:
    until = time.monotonic() + seconds
    looked = told = 0.0
    while (now := time.monotonic()) < until:
        nemesis.turn(crowd.answered)
        (crowd.held.set if _open() > MOST_OPEN else crowd.held.clear)()
        if now > looked + LOOK_SECONDS:
            looked = now
            census.look()
        if now > told + TELL_SECONDS:
            told = now
            left = (until - now) / 60
            print(
                f"· soak: {len(crowd.acknowledged):,} items, {len(nemesis.strikes)} faults, {left:.0f} min left",
                file=sys.stderr,
                flush=True,
            )
        time.sleep(TURN_SECONDS)


def _come_to_rest(nemesis: Nemesis, crowd: Crowd) -> list[str]:
    """Wait until all work has drained; what is wrong then."""
    until = time.monotonic() + REST_SECONDS
    while time.monotonic() < until and not (nemesis.settled() and _is_quiet()):
        nemesis.turn(crowd.answered)
        time.sleep(TURN_SECONDS)
    # What came to rest last has half a minute to be told and placed; the checker itself takes minutes at this size.
    time.sleep(TOLD_SECONDS)
    found = checker.problems(crowd.acknowledged, at_rest=True)
    total, known = sum(checker.counts_by_state().values()), len(set(crowd.acknowledged))
    if total != crowd.sent or known != crowd.sent:
        found.append(f"{crowd.sent} items were sent, {known} acknowledged, {total} are there")
    decided = {item for robot in crowd.robots for item in robot.decided}
    stored = {str(item) for item in Decision.objects.values_list("item_id", flat=True)}
    if missing := len(decided - stored):
        found.append(f"{missing} decisions that a person was told of are not there")
    return found


def _figures(
    census: Census, strikes: Sequence[Strike], crowd: Crowd, took: float, problems: list[str]
) -> Iterator[Figure]:
    states, hours = checker.counts_by_state(), took / 3600
    total = sum(states.values())
    share = 1.0 if not problems else 0.0
    yield Figure(
        "soak nothing lost", "items in exactly one state, none lost or doubled, against items sent", total, crowd.sent, share,
        (share, share), "= 1", not problems, "items",
        {"states": states, "decided": sum(len(each.decided) for each in crowd.robots), "answers": dict(crowd.answers), "problems": problems},
        must=True,
    )  # fmt: skip
    verdicts = _verdicts()
    yield figure(
        "soak items", f"items an hour, over {took / 60:.1f} min", [total / hours], [float(ITEMS_AN_HOUR)], at_least=1.0,
        unit="/h", verdicts=f"{verdicts:,}", verdicts_an_hour=f"{verdicts / hours:,.0f}",
        **_cost(census, total, verdicts),
    )  # fmt: skip
    yield figure(
        "soak faults", "faults an hour", [len(strikes) / hours], [float(FAULTS_AN_HOUR)], at_least=1.0, unit="/h",
        kinds=dict(sorted(Counter(strike.name for strike in strikes).items())),
    )  # fmt: skip
    yield from _recovery(strikes)
    yield _memory(census)


def _recovery(strikes: Sequence[Strike]) -> Iterator[Figure]:
    """How soon all was whole again: senders and verdicts, and what was on loan; judged by faults that met no other.

    One that met another before it was over is told beside them: its work was taken away twice.
    """
    for name, what, times in (
        ("soak served again", "until an item was acknowledged and a verdict stored", [each.served for each in strikes]),
        ("soak redone", "until what was on loan had ended", [each.redone for each in strikes]),
    ):  # fmt: skip
        known = [each for each in times if each is not None]
        alone = [
            time_
            for time_, strike in zip(times, strikes, strict=True)
            if time_ is not None and not strike.disturbed
        ]
        yield figure(
            name, f"99th percentile of seconds from a fault that met no other {what}", [percentile(alone, 0.99) if alone else 0.0],
            [RECOVERY_SECONDS], at_most=1.0, unit="s", faults=len(alone), median=f"{percentile(alone, 0.5) if alone else 0:.1f} s",
            of_all=f"99th percentile {percentile(known, 0.99) if known else 0:.1f} s of {len(known)}", never=len(times) - len(known),
        )  # fmt: skip


def _memory(census: Census) -> Figure:
    kinds = [kind for kind in ("web", "score", "pump", "sweeper", "database", "store") if census.most(kind)]
    grew = {kind: census.growth(kind) for kind in kinds}
    ours = max((growth for kind, growth in grew.items() if kind not in ("database", "store")), default=0.0)
    told = {
        kind: f"{grew[kind] / 2**20:+.1f} MB/h, most {census.most(kind) / 2**20:.0f} MB" for kind in kinds
    }
    return figure(
        "soak memory", "largest growth of a Python process, proportional memory an hour", [max(ours, 0.0) / 2**20],
        [GROWTH_AN_HOUR / 2**20], at_most=1.0, unit="MB/h", **told,
    )  # fmt: skip


def _cost(census: Census, items: int, verdicts: int) -> dict[str, str]:
    """Processor time by kind of process, its starts after each fault included: the pump's for a verdict, all for an item."""
    seconds = census.seconds()
    told = {"pump_a_verdict": f"{seconds.get('pump', 0.0) * 1000 / max(verdicts, 1):.2f} ms"}
    return told | {
        f"{kind}_an_item": f"{used * 1000 / max(items, 1):.2f} ms" for kind, used in sorted(seconds.items())
    }


def _open() -> int:
    """Items that no machine has done with, counted up to a little more than matters."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM (SELECT FROM intake_item WHERE state = 'received' LIMIT %(most)s) AS a)"
                " + (SELECT count(*) FROM (SELECT FROM screening_judgement WHERE state = 'pending' LIMIT %(most)s) AS b)",
                {"most": MOST_OPEN + 1},
            )
            return int(cursor.fetchone()[0])
    except Error:
        connection.close()
        return 0


def _is_quiet() -> bool:
    """Whether nothing waits for a machine or for its place in a queue, and no lease or claim is out."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT NOT EXISTS (SELECT FROM intake_item WHERE state IN ('received', 'awaiting_verdict'))"
                " AND NOT EXISTS (SELECT FROM screening_judgement WHERE state IN ('pending', 'leased'))"
                " AND NOT EXISTS (SELECT FROM intake_item WHERE state = 'awaiting_review' AND NOT admitted)"
                " AND NOT EXISTS (SELECT FROM review_task WHERE state = 'claimed' AND lease_until < now())"
                " AND NOT EXISTS (SELECT FROM audit_unplaced)"
            )
            return bool(cursor.fetchone()[0])
    except Error:
        connection.close()
        return False


def _verdicts() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM screening_verdict WHERE item_id IS NOT NULL")
        return int(cursor.fetchone()[0])


@contextmanager
def _product(home: Path, engine: str) -> "Iterator[tuple[subprocess.Popen[bytes], Mapping[str, str]]]":
    """`manage.py up` on a home of its own, with its own servers; gives the process and its addresses."""
    port = servers.free_port()
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
    } | {"REASONER_URL": engine, "REVIEW_PYTHON": sys.executable, "INGEST_BACKLOG_SECONDS": "0"}  # fmt: skip
    place = home / "product"
    command = [
        sys.executable,
        "manage.py",
        "up",
        "--no-demo",
        "--port",
        str(port),
        "--home",
        str(place),
    ]
    with (home / "up.log").open("ab") as log:
        up = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield up, _facts(up, place, home / "up.log")
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(60)
        pointer = place / "servers.path"
        if pointer.exists():
            shutil.rmtree(pointer.read_text().strip(), ignore_errors=True)


def _facts(up: "subprocess.Popen[bytes]", place: Path, log: Path) -> Mapping[str, str]:
    def is_up() -> bool:
        return (place / "runtime.json").exists() or up.poll() is not None

    if not loop.wait_until(is_up, seconds=START_SECONDS) or up.poll() is not None:
        raise RuntimeError(f"the product did not start:\n{log.read_text()[-3000:]}")
    told: dict[str, Any] = json.loads((place / "runtime.json").read_text())
    return dict(told["environment"])


@contextmanager
def _pointed_at(url: str, owner_url: str) -> Iterator[None]:
    """Let Django's connections of this process lead there."""
    urls = {"default": url, "owner": owner_url}
    before = {alias: dict(connections[alias].settings_dict) for alias in urls}
    for alias, address in urls.items():
        parts = conninfo_to_dict(address)
        connections[alias].close()
        connections[alias].settings_dict.update(
            NAME=parts["dbname"], USER=parts["user"], HOST=parts["host"], PORT=parts.get("port", "")
        )
    try:
        yield
    finally:
        for alias, old in before.items():
            connections[alias].close()
            connections[alias].settings_dict.update(old)
