"""The whole house in motion on a database of its own: web, workers, sweeper and the practice reasoner."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from reviewapp.accounts.actions import issue_key
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.review.actions import seed_queues
from reviewapp.review.models import Queue
from tests import checker, servers
from tests.robots import Robot


@dataclass(frozen=True, slots=True)
class House:
    """A running house: its address, an ingest key, the slugs of its queues, and the folder with its logs."""

    address: str
    key: str
    queues: list[str]
    home: Path


def furnish() -> str:
    """The seeded policies in force, the default queues, and an API key, which is returned."""
    seeds = sorted((settings.BASE_DIR / "policies_seed").glob("*.md"))
    call_command("policy", "import", *map(str, seeds), "--publish", stdout=StringIO())
    seed_queues(actor=OPERATOR)
    return issue_key(name="feed", scopes=["ingest", "read"], actor=OPERATOR).key


@contextmanager
def running_house(
    database: str, home: Path, *, score_workers: int = 1, engine: dict[str, str] | None = None
) -> Iterator[House]:
    """Everything that `up` starts beside the two stores, with seeded policies and queues.

    `engine`: settings that name another reasoner than the practice one.
    """
    key = furnish()
    with ExitStack() as stack:
        reasoner = engine or {"REASONER_URL": stack.enter_context(servers.practice_reasoner(home))}
        extra = {"REDIS_URL": settings.REDIS_URL, **reasoner}
        address = stack.enter_context(servers.web_server(database, home, extra))
        for queue in ("score",) * score_workers + ("reason",):
            stack.enter_context(servers.worker(queue, database, home, extra))
        stack.enter_context(servers.sweeper(database, home, extra))
        yield House(address, key, list(Queue.objects.values_list("slug", flat=True)), home)


def feed(house: House, file: Path) -> None:
    """Send a file through the product's own command."""
    os.environ["REVIEW_HOME"] = str(house.home)
    call_command("ingest", str(file), "--url", house.address, "--key", house.key, "--from-start")


def decide_until_empty(house: House, people: list[Person], *, seconds: float) -> list[Robot]:
    """Let each person decide until nothing is on its way and no queue has anything, or time is up."""
    robots = [Robot(house.address, person, seed) for seed, person in enumerate(people)]
    deadline = time.monotonic() + seconds

    def work(robot: Robot) -> None:
        while time.monotonic() < deadline:
            robot.work(house.queues, len(robot.decided) + 200)
            counts = checker.counts_by_state()
            connection.close()  # this thread's own
            if not counts.keys() & {"received", "awaiting_verdict", "awaiting_review"}:
                return
            time.sleep(0.3)

    with ThreadPoolExecutor(len(robots)) as pool:
        list(pool.map(work, robots))
    return robots


def wait_until(done: Callable[[], bool], *, seconds: float) -> bool:
    """Whether `done` came true within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.2)
    return done()
