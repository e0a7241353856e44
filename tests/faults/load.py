"""A small load: a driver that sends forty items a second until each is acknowledged, and two people who decide."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

import httpx

from reviewapp.accounts.models import Person
from tests.robots import Robot

BATCH: Final = 10
PAUSE: Final = 0.25
ABUSE: Final = "You are a worthless idiot and everybody hates you, go away you pathetic loser"
ORDINARY: Final = "The train was on time and the weather in the mountains was lovely"


class Load:
    """Runs within a `with`: sends and decides; at its end every batch that was begun has its answer.

    `acknowledged` are the ids of all 202s; `answers` counts statuses, and 0 for a connection that gave none; `told`
    are the Retry-After headers of 503s; `seconds` holds (when, how long) of each acknowledged request.
    """

    def __init__(self, address: str, key: str, people: Sequence[Person], queues: list[str]) -> None:
        self._web = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=20
        )
        self.robots = [Robot(address, person, seed) for seed, person in enumerate(people)]
        self._queues = queues
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send_all)]
        self._threads += [threading.Thread(target=self._decide, args=[robot]) for robot in self.robots]
        self.acknowledged: list[UUID] = []
        self.answers: Counter[int] = Counter()
        self.told: list[str | None] = []
        self.seconds: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()

    def finish(self) -> None:
        """Begin nothing new, and wait until what was begun has its answer."""
        self._stop.set()
        for thread in self._threads:
            thread.join(40)
        assert not any(thread.is_alive() for thread in self._threads), "the load did not come to its end"

    @property
    def decided(self) -> int:
        """How many decisions the two people were told are stored."""
        return sum(len(robot.decided) for robot in self.robots)

    def slowest(self, since: float, until: float) -> float:
        """The 95th percentile in seconds of requests acknowledged between two monotonic times."""
        found = sorted(took for at, took in self.seconds if since <= at <= until)
        return found[int(len(found) * 0.95)] if found else 0.0

    def _send_all(self) -> None:
        number = 0
        while not self._stop.is_set():
            self._send([_item(number + place) for place in range(BATCH)])
            number += BATCH
            self._stop.wait(PAUSE)

    def _send(self, items: list[dict[str, Any]]) -> None:
        """Send one batch, again and again, until it is acknowledged; a repeat must not store anything twice."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            begun = time.monotonic()
            try:
                answer = self._web.post("/api/v1/items", json={"items": items})
            except httpx.TransportError:
                self.answers[0] += 1
                time.sleep(0.2)
                continue
            self.answers[answer.status_code] += 1
            if answer.status_code == 202:
                self.acknowledged += [UUID(item["id"]) for item in answer.json()["items"]]
                self.seconds.append((time.monotonic(), time.monotonic() - begun))
                return
            if answer.status_code == 503:
                self.told.append(answer.headers.get("Retry-After"))
            time.sleep(0.2)

    def _decide(self, robot: Robot) -> None:
        while not self._stop.is_set():
            try:
                worked = any(robot.decide(queue) for queue in self._queues)
            except httpx.TransportError:
                worked, robot.screen = False, None
            self._stop.wait(0.05 if worked else 0.3)


def _item(number: int) -> dict[str, Any]:
    """One of four is what a machine must look at."""
    text = ABUSE if number % 4 == 0 else ORDINARY
    return {
        "external_id": f"load-{number}",
        "source": "forum",
        "policies": ["harassment"],
        "content": {"text": f"{text} ({number})"},
    }
