"""B1 and B2: what arrives, on disk, against COPY and against Django's plainest answer; and the whole real feed."""

import json
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from reviewapp.accounts.actions import issue_key
from reviewapp.audit.actions import OPERATOR
from reviewapp.ids import new_id
from tests import servers
from tests.bench.load import request_bytes, send_all
from tests.bench.measure import Figure, figure, in_turns, percentile, seconds
from tests.databases import url_of

ITEMS: Final = 20_000
BATCH: Final = 100
CONNECTIONS: Final = 4
ROUNDS: Final = 5
WARM_UP: Final = 2_000
SINGLES: Final = 1_500
HELLOS: Final = 4_000
WORDS: Final = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "nobody",
    "in",
    "this",
    "long",
    "thread",
    "is",
    "looking",
    "at",
    "it",
    "again",
]


def durable_ingest(database: str) -> Iterator[Figure]:
    """B1: items a second over HTTP in batches of 100, each batch one durable transaction, against COPY of the same rows."""
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as home, servers.web_server(database, Path(home)) as address:
        key = issue_key(name="bench", scopes=["ingest"], actor=OPERATOR).key
        send_all(address, requests_of(address, key, chance, "warm-up", WARM_UP), CONNECTIONS)
        rounds = iter(range(ROUNDS))

        def ours() -> float:
            requests = requests_of(address, key, chance, f"round-{next(rounds)}", ITEMS)
            load = send_all(address, requests, CONNECTIONS)
            assert load.statuses == {202: len(requests)}, load.statuses
            return ITEMS / load.seconds

        with BareTables(database) as bare:
            same: list[float] = []

            def theirs() -> float:
                same.append(bare.copy_in(ITEMS, chance, items_an_event=BATCH))
                return bare.copy_in(ITEMS, chance)

            left, right = in_turns(ours, theirs, rounds=ROUNDS)
    yield figure(
        "B1 durable ingest", "items/s over HTTP ÷ COPY of items, contents and one audit row an item, same indexes",
        left, right, at_least=0.35, unit="items/s",
    )  # fmt: skip
    yield figure(
        "B1 same rows", "items/s over HTTP ÷ COPY of items, contents and one audit row a batch, as ours are written",
        left, same, at_least=0.35, unit="items/s",
    )  # fmt: skip


def single_item_ingest(database: str) -> Iterator[Figure]:
    """B2: single-item requests a second against the plainest page of the same server; p99 at half load."""
    chance = random.Random(8)
    with tempfile.TemporaryDirectory() as home, servers.web_server(database, Path(home)) as address:
        key = issue_key(name="bench", scopes=["ingest"], actor=OPERATOR).key
        hello = [request_bytes(address, "GET", "/healthz")] * HELLOS
        rounds = iter(range(2 * ROUNDS))

        def ours() -> float:
            requests = requests_of(address, key, chance, f"single-{next(rounds)}", SINGLES, batch=1)
            return send_all(address, requests, CONNECTIONS).rate

        send_all(address, hello[: HELLOS // 8], CONNECTIONS)
        ours()
        left, right = in_turns(ours, lambda: send_all(address, hello, CONNECTIONS).rate, rounds=ROUNDS)
        pause = 2 * CONNECTIONS / max(left) - CONNECTIONS / max(left)
        calm = send_all(
            address,
            requests_of(address, key, chance, "half-load", SINGLES, batch=1),
            CONNECTIONS,
            pause=pause,
        )
    p99 = f"{1000 * percentile(calm.latencies, 0.99):.1f} ms (target ≤ 25)"
    yield figure(
        "B2 single ingest", "requests/s with one item ÷ requests/s of /healthz", left, right, at_least=0.20,
        unit="req/s", p99_at_half_load=p99,
    )  # fmt: skip


def requests_of(
    address: str, key: str, chance: random.Random, name: str, count: int, batch: int = BATCH
) -> list[bytes]:
    """`count` items as requests of `batch` items each."""
    bodies = []
    for start in range(0, count, batch):
        items = [_item(f"{name}-{at}", chance) for at in range(start, min(start + batch, count))]
        body = json.dumps(items[0] if batch == 1 else {"items": items}).encode()
        bodies.append(request_bytes(address, "POST", "/api/v1/items", body, key))
    return bodies


def _item(external_id: str, chance: random.Random) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "source": "bench",
        "content": {"text": _text(chance)},
        "author": {"id": f"author-{chance.randrange(2_000)}"},
        "created_at": "2026-03-02T00:12:21Z",
        "language": "en",
    }


def _text(chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, k=55))


class BareTables:
    """Copies of the tables that ingest writes, with their indexes and constraints, in a schema that nothing else uses."""

    TABLES: Final = ("intake_item", "intake_itemcontent", "audit_event")

    def __init__(self, database: str) -> None:
        self._owner = psycopg.connect(url_of(database, owner=True), autocommit=True)

    def __enter__(self) -> "BareTables":
        self._owner.execute("CREATE SCHEMA bare")
        for table in self.TABLES:
            self._owner.execute(f"CREATE TABLE bare.{table} (LIKE public.{table} INCLUDING ALL)")
        return self

    def __exit__(self, *_: object) -> None:
        self._owner.execute("DROP SCHEMA bare CASCADE")
        self._owner.close()

    def copy_in(self, count: int, chance: random.Random, *, items_an_event: int = 1) -> float:
        """Items a second of one COPY for each table, prepared beforehand, in one durable transaction."""
        prepared = self._prepare(count, chance, items_an_event)

        def copy() -> None:
            with self._owner.transaction():
                for statement, payload in prepared:
                    with self._owner.cursor().copy(statement) as stream:
                        for start in range(0, len(payload), 1 << 18):
                            stream.write(payload[start : start + (1 << 18)])

        return count / seconds(copy)

    def _prepare(self, count: int, chance: random.Random, items_an_event: int) -> list[tuple[str, bytes]]:
        source, author, now = new_id(), new_id(), datetime.now(UTC).isoformat()
        items, contents, events, told = [], [], [], []
        for place in range(1, count + 1):
            item = new_id()
            digest = "\\\\x" + chance.randbytes(32).hex()
            items.append(
                f"{item}\t{source}\tbench-{item}\t1\tt\treceived\tlive\tf\tf\tf\t{digest}\t{author}\ten\t\t{{}}\t0"
                f"\t{now}\t{chance.getrandbits(63)}"
            )
            contents.append(f"{item}\t{now}\t{_text(chance)}\t[]\t[]\t\t{digest}")
            told.append(str(item))
            if place % items_an_event == 0 or place == count:
                subjects = ",".join(told)
                events.append(f"{new_id()}\t{now}\titem.received\tkey\tbench\t{{{subjects}}}\t{{}}\t{digest}")
                told.clear()
        return [
            (
                "COPY bare.intake_item (id, source_id, external_id, revision, is_current, state, purpose, restricted,"
                " admitted, flagged, content_hash, author_id, language, country, policies, attachments,"
                " created_at, likeness) FROM STDIN",
                "\n".join(items).encode(),
            ),
            (
                "COPY bare.intake_itemcontent (item_id, received_at, text, context, attachments, url, key) FROM STDIN",
                "\n".join(contents).encode(),
            ),
            (
                "COPY bare.audit_event (id, at, verb, actor_kind, actor, subjects, data, leaf) FROM STDIN",
                "\n".join(events).encode(),
            ),
        ]
