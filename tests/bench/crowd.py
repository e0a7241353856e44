"""Who uses the product during a soak: senders that keep to a rate and lose nothing, and people who decide."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import httpx

from tests.robots import Robot

BATCH: Final = 50
SENDERS: Final = 2
ABUSE: Final = "You are a worthless idiot and everybody hates you"
ORDINARY: Final = "The train was on time"
JUDGED: Final = 4
"""One of so many items is for the reasoner."""


class Crowd:
    """Runs between `start` and `finish`, which waits until every batch that was begun has its answer.

    `rate` items a second are offered in all; what was missed while the product was away is sent as fast as it takes it.
    `held` set: nothing new is sent. `acknowledged` are the ids of all 202s, `answers` counts statuses, 0 for none.
    """

    def __init__(
        self, address: str, key: str, robots: Sequence[Robot], queues: list[str], rate: float
    ) -> None:
        self.robots = robots
        self.acknowledged: list[UUID] = []
        self.answers: Counter[int] = Counter()
        self.held = threading.Event()
        self.answered = time.time()
        self._address, self._key, self._queues, self._rate = address, key, queues, rate
        self._stop = threading.Event()
        self._number = 0
        self._turn = threading.Lock()
        self._threads = [threading.Thread(target=self._send_all) for _ in range(SENDERS)]
        self._threads += [threading.Thread(target=self._decide, args=[robot]) for robot in robots]

    def start(self) -> None:
        """Begin."""
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float = 120.0) -> None:
        """Begin nothing new, and wait for what was begun."""
        self._stop.set()
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.1))
        assert not any(thread.is_alive() for thread in self._threads), "a batch was never answered"

    @property
    def sent(self) -> int:
        """How many items were begun."""
        return self._number

    def _send_all(self) -> None:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        with httpx.Client(base_url=self._address, headers=headers, trust_env=False, timeout=30) as web:
            while not self._stop.is_set():
                if self.held.is_set() or (first := self._next()) is None:
                    self._stop.wait(0.05)
                else:
                    self._send(web, json.dumps({"items": [_item(first + at) for at in range(BATCH)]}))

    def _next(self) -> int | None:
        """The number of the first item of the next batch, when it is due."""
        with self._turn:
            if self._number > self._rate * (time.monotonic() - self._begun):
                return None
            self._number += BATCH
            return self._number - BATCH

    def _send(self, web: httpx.Client, body: str) -> None:
        """Send one batch, again and again, until it is acknowledged; a repeat must not store anything twice."""
        while True:
            try:
                answer = web.post("/api/v1/items", content=body)
            except httpx.TransportError:
                self.answers[0] += 1
                time.sleep(0.3)
                continue
            self.answers[answer.status_code] += 1
            if answer.status_code == 202:
                self.acknowledged += [UUID(item["id"]) for item in answer.json()["items"]]
                self.answered = time.time()
                return
            time.sleep(0.3)

    def _decide(self, robot: Robot) -> None:
        pause = random.Random(1)
        while not self._stop.is_set():
            try:
                robot.decide(pause.choice(self._queues))
            except httpx.TransportError:
                robot.screen = None
            self._stop.wait(0.5 + pause.random())


def _item(number: int) -> dict[str, Any]:
    text = ORDINARY if number % JUDGED else ABUSE
    return {
        "external_id": f"soak-{number}", "source": "forum", "policies": ["harassment"], "content": {"text": f"{text} ({number})"},
    }  # fmt: skip
