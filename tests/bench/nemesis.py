"""Random faults, drawn from a seed: what they break, how they are healed, and how long it takes to be whole again."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import redis
from django.db import Error, connection

from tests import servers
from tests.bench.census import Census
from tests.bench.costs import children
from tests.databases import ROOT

GAP_SECONDS: Final = (3.0, 16.0)
HEAL_SECONDS: Final = (1.0, 6.0)
MANNERS: Final[Mapping[str, tuple[dict[str, Any], ...]]] = {
    "engine answers rubbish": (
        {"do": "garbage", "probability": 0.3, "seed": 1}, {"do": "empty", "probability": 0.2, "seed": 2},
        {"do": "cut_off", "where": "final", "probability": 0.2, "seed": 3},
        {"do": "wrong_ids", "probability": 0.2, "seed": 4},
    ),
    "engine is slow": ({"do": "delay", "seconds": 8},),
    "engine refuses": ({"do": "status", "status": 503, "probability": 0.6, "seed": 5}, {"do": "status", "status": 429, "probability": 0.5, "seed": 6}),
    "engine breaks off": ({"do": "reset", "probability": 0.4, "seed": 7}, {"do": "truncated", "probability": 0.4, "seed": 8}),
    "engine hangs": ({"do": "hang", "probability": 0.3, "seed": 9},),
    "engine dies of a question": ({"calls": [30], "do": "die"},),
}  # fmt: skip


class Engine:
    """The practice reasoner at one address, in a manner that may be changed; it is started again where it ended."""

    def __init__(self, home: Path, options: Iterable[str]) -> None:
        self._home, self._options = home, tuple(options)
        self._port = servers.free_port()
        self.url = f"http://127.0.0.1:{self._port}/v1"
        self._script: tuple[str, ...] = ()
        self._process: subprocess.Popen[bytes] | None = None

    def behave(self, rules: Iterable[Mapping[str, Any]] = ()) -> None:
        """Kill it and start it so that it acts out `rules`."""
        script = self._home / "manner.jsonl"
        script.write_text("".join(json.dumps(rule) + "\n" for rule in rules))
        self._script = ("--script", str(script)) if rules else ()
        self.kill()
        self.revive()

    def kill(self) -> None:
        """SIGKILL."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def revive(self) -> None:
        """Start it unless it runs."""
        if self._process is None or self._process.poll() is not None:
            command = ["-m", "inference.standin", "--port", str(self._port), *self._options, *self._script]
            with (self._home / "engine.log").open("ab") as log:
                self._process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=log, stderr=log)


@dataclass
class Strike:
    """One fault: when (wall clock), which judgements were on loan then, and when all was whole again (None: not yet).

    `served`: seconds until a batch was acknowledged and a verdict stored after it; `redone`: until the judgements that
    were on loan had ended. `disturbed`: another fault came before that.
    """

    name: str
    at: float
    leased: list[UUID] = field(default_factory=list)
    served: float | None = None
    redone: float | None = None
    disturbed: bool = False


class Nemesis:
    """Strikes when its time has come. Call `turn` often; `rest` heals what is broken and strikes no more."""

    def __init__(self, census: Census, engine: Engine, store_url: str, seed: int) -> None:
        self.strikes: list[Strike] = []
        self._census, self._engine, self._seed = census, engine, seed
        self._store = redis.Redis.from_url(store_url)
        self._chance = random.Random(seed)
        self._next = time.monotonic() + 5
        self._heal: Callable[[], None] | None = None
        self._heal_at = 0.0
        self._faults: dict[str, Callable[[], Callable[[], None] | None]] = {
            **{f"{kind} killed": self._killer(kind) for kind in ("score", "pump", "sweeper", "web", "store", "database")},
            "pump's job killed": self._kill_job, "pump stalled": self._stall, "engine killed": self._engine.kill,
            "store emptied": self._empty, "database stopped at once": self._stop_database,
            "a database session ended": self._end_session,
            **{name: self._mannered(name) for name in MANNERS},
        }  # fmt: skip

    def turn(self, acknowledged: float) -> None:
        """Strike, heal and look, as far as it is time; `acknowledged` is when a batch was last acknowledged (wall clock)."""
        now = time.monotonic()
        if self._heal and now > self._heal_at:
            heal, self._heal = self._heal, None
            heal()
        if not self._heal:
            self._engine.revive()
            if now > self._next:
                self._strike()
        self._look(acknowledged)

    def rest(self) -> None:
        """Heal."""
        if self._heal:
            self._heal()
        self._heal, self._next = None, float("inf")

    def settled(self) -> bool:
        """Whether every fault is over as far as it can be told."""
        return all(strike.served is not None and strike.redone is not None for strike in self.strikes)

    def _strike(self) -> None:
        name = self._chance.choice(sorted(self._faults))
        for strike in self.strikes:
            strike.disturbed |= strike.served is None or strike.redone is None
        self.strikes.append(Strike(name, time.time(), _on_loan()))
        self._heal = self._faults[name]()
        self._heal_at = time.monotonic() + self._chance.uniform(*HEAL_SECONDS)
        self._next = self._heal_at + self._chance.uniform(*GAP_SECONDS)

    def _look(self, acknowledged: float) -> None:
        now = time.time()
        for strike in self.strikes:
            if strike.served is not None and strike.redone is not None:
                continue
            try:
                if strike.served is None and acknowledged > strike.at and _judged_since(strike.at):
                    strike.served = now - strike.at
                if strike.redone is None and not _still_open(strike.leased):
                    strike.redone = now - strike.at
            except Error:
                connection.close()
                return

    def _killer(self, kind: str) -> Callable[[], None]:
        def kill() -> None:
            _signal(self._family(kind), signal.SIGKILL)

        return kill

    def _kill_job(self) -> None:
        _signal(self._family("pump")[1:], signal.SIGKILL)

    def _stall(self) -> Callable[[], None]:
        family = self._family("pump")
        _signal(family, signal.SIGSTOP)
        return lambda: _signal(family, signal.SIGCONT)

    def _empty(self) -> None:
        try:
            self._store.flushall()
        except redis.exceptions.RedisError:
            return

    def _stop_database(self) -> None:
        _signal(self._family("database")[:1], signal.SIGQUIT)

    def _end_session(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = current_user AND pid <> pg_backend_pid() ORDER BY pid LIMIT %s",
                    [self._chance.randrange(1, 4)],
                )
        except Error:
            connection.close()

    def _mannered(self, name: str) -> Callable[[], Callable[[], None]]:
        def misbehave() -> Callable[[], None]:
            self._engine.behave(MANNERS[name])
            return self._engine.behave

        return misbehave

    def _family(self, kind: str) -> list[int]:
        """The process that `up` started, then its children; of the database the first alone, the others follow."""
        leader = self._census.leaders().get(kind)
        if leader is None:
            return []
        return [leader] if kind == "database" else [leader, *children(leader)]


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _on_loan() -> list[UUID]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM screening_judgement WHERE state = 'leased'")
            return [row[0] for row in cursor.fetchall()]
    except Error:
        connection.close()
        return []


def _judged_since(at: float) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM screening_verdict WHERE at > to_timestamp(%s))", [at])
        return bool(cursor.fetchone()[0])


def _still_open(judgements: list[UUID]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM screening_judgement WHERE id = ANY(%s) AND state IN ('pending', 'leased'))",
            [judgements],
        )
        return bool(cursor.fetchone()[0])
