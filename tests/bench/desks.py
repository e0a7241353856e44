"""B11: what twenty moderators feel with a million items in the house, while the pump and the ingest run beside them."""

import random
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from reviewapp.accounts.actions import set_preferences
from reviewapp.accounts.models import Person
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Task
from tests import loop, servers
from tests.bench import population
from tests.bench.ingest import requests_of
from tests.bench.load import Wire, request_bytes, send_all
from tests.bench.measure import Figure, figure, percentile, seconds
from tests.robots import Robot, item_of
from tests.rooms.review import stage

ITEMS: Final = 1_000_000
LOOKED_AT: Final = 600
"""So many stand before the others and have a verdict; nobody gets further."""
MODERATORS: Final = 20
SECONDS: Final = 60.0
THINKS: Final = 10.0
"""Seconds that a moderator reads an item: a fast one, who would decide 2,500 in eight hours."""
INGEST_A_SECOND: Final = 10
BATCH: Final = 50
"""With the above 500 items a second, about half of what the pump and two cores take in."""
ENGINE: Final = ("--plain", "--delay", "2", "--spread", "0.4")
"""One that takes its time and no processor, as one on a card does."""
QUEUE: Final = "scams-spam"
LIMIT: Final = 0.050


@dataclass(slots=True)
class Felt:
    """Seconds of each review page, and of each decision with the next screen in its answer, until all of it was there."""

    pages: list[float] = field(default_factory=list)
    decisions: list[float] = field(default_factory=list)


def desks_under_load(database: str) -> Iterator[Figure]:
    """p95 of the review page against 50 ms, and of a decision under load against the same when all is quiet."""
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.practice_reasoner(Path(folder), *ENGINE) as engine,
        loop.running_house(database, Path(folder), engine={"REASONER_URL": engine}) as house,
    ):
        robots = [Robot(house.address, person, seed, scripts=True) for seed, person in enumerate(_fill())]
        _shift(robots, SECONDS / 10)
        quiet = _shift(robots, SECONDS)
        with _ingest(house.address, house.key) as taken:
            time.sleep(SECONDS / 10)
            busy = _shift(robots, SECONDS)
    wrong = [status for robot in robots for status in robot.troubles]
    assert not wrong, f"the server answered {wrong}"
    yield figure(
        "B11 review page", "p95 of the review page with pump and ingest running ÷ 50 ms",
        [percentile(busy.pages, 0.95)], [LIMIT], at_most=1.0, unit="s", p50=_ms(busy.pages, 0.5),
        quiet=f"{_ms(quiet.pages, 0.5)}, p95 {_ms(quiet.pages, 0.95)}", pages=len(busy.pages), items=f"{ITEMS:,}",
        ingested_meanwhile=sum(taken),
    )  # fmt: skip
    yield figure(
        "B11 decision", "p95 of a decision with pump and ingest running ÷ p95 in quiet",
        [percentile(busy.decisions, 0.95)], [percentile(quiet.decisions, 0.95)], at_most=2.0, unit="s",
        p50=_ms(busy.decisions, 0.5), moderators=MODERATORS, decisions=len(busy.decisions), limit="≤ 50 ms",
    )  # fmt: skip


def _fill() -> list[Person]:
    """A million waiting items in one queue, those at its head with verdicts, and the people who come for them."""
    queue, version = stage.queue_of(QUEUE), Version.objects.get(policy__slug="fraud", state="published")
    for number in range(LOOKED_AT):
        item = stage.wait_for_a_person(f"{stage.TEXT} Number {number}.", flags=["authority_order"])
        stage.say(item, version, sections=["FR-2.1"])
    while actions.admit():
        pass
    Task.objects.update(blind=False)
    population.waiting_tasks(source=population.new_source("population"), queue=queue, upto=ITEMS)
    people = [_hire(number) for number in range(MODERATORS)]
    for person in people:
        set_preferences(person=person.pk, changes={"exposure_cap": 0})
    return people


def _hire(number: int) -> Person:
    return Person.objects.create(
        email=f"desk-{number}@example.com", name=f"Desk {number}", pseudonym=uuid4().hex, roles=["moderator"], password="!"
    )  # fmt: skip


def _shift(robots: Sequence[Robot], duration: float) -> Felt:
    """Every robot opens the page, has the next item reserved, reads, and decides, until the time is over."""
    felt, ends = Felt(), time.monotonic() + duration

    def work(robot: Robot) -> None:
        time.sleep(robot.chance.uniform(0, THINKS))
        with closing(Wire(str(robot.web.base_url))) as wire:
            while time.monotonic() < ends:
                if robot.screen is None:
                    robot.screen = robot.post(f"/queues/{QUEUE}/next", {})
                felt.pages.append(_open(wire, robot))
                robot.post(f"/queues/{QUEUE}/reserve", {})
                time.sleep(robot.chance.uniform(0.5 * THINKS, 1.5 * THINKS))
                felt.decisions.append(seconds(lambda: robot.decide(QUEUE)))

    with ThreadPoolExecutor(len(robots)) as pool:
        list(pool.map(work, robots))
    return felt


def _open(wire: Wire, robot: Robot) -> float:
    assert robot.screen is not None
    path, address = f"/review/{item_of(robot.screen)}", str(robot.web.base_url)
    status, took = wire.send(request_bytes(address, "GET", path, cookie=robot.cookie))
    assert status == 200, f"{path} answered {status}"
    return took


@contextmanager
def _ingest(address: str, key: str) -> Iterator[list[int]]:
    """New items keep coming at a steady rate; gives how many items each request that was answered brought."""
    taken: list[int] = []
    over = threading.Event()
    chance = random.Random(11)

    def send() -> None:
        for round_number in range(10_000):
            if over.is_set():
                return
            requests = requests_of(address, key, chance, f"beside-{round_number}", BATCH, batch=BATCH)
            begun = time.monotonic()
            load = send_all(address, requests, 1)
            taken.append(BATCH * load.statuses.get(202, 0))
            time.sleep(max(0.0, 1 / INGEST_A_SECOND - (time.monotonic() - begun)))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join()


def _ms(values: Sequence[float], share: float) -> str:
    return f"{1000 * percentile(values, share):.0f} ms"
