"""The pump and the doorbell under faults: kills, a flushed store, a store that is away, a policy published mid-flight."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from django.db import OperationalError

from inference import Prefilter, Reasoner, Spoken
from reviewapp import doorbell
from reviewapp.audit.actions import OPERATOR
from reviewapp.boot.process import Child
from reviewapp.policies import actions as policies
from reviewapp.screening import actions, jobs, reads
from reviewapp.screening.models import Circuit, CurrentVerdict, Engine, Judgement, UnreadAnswer, Verdict
from tests import checker, databases, servers
from tests.embedded import PrivateValkey
from tests.rooms.screening.desk import (
    ABUSE,
    ROOT,
    arrive,
    claimed,
    execute,
    one,
    publish,
    score,
    standin,
    state_of,
)

pytestmark = pytest.mark.fault


def judged(count: int, **fields: Any) -> list[UUID]:
    """Items that wait for a verdict under one policy."""
    publish("harassment")
    items = arrive(
        *[f"{ABUSE} number {number}" for number in range(count)], policies=["harassment"], **fields
    )
    while score():
        pass
    return items


@pytest.fixture
def reasoner(settings: Any) -> Callable[..., Any]:
    """Points this process at a stand-in with options."""

    @contextmanager
    def point(*options: str) -> Iterator[str]:
        with standin(*options) as url:
            settings.REASONER_URLS = [url]
            yield url

    return point


@pytest.fixture
def own_store(
    private_valkey: PrivateValkey, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PrivateValkey]:
    """A doorbell server that nobody else rings or flushes."""
    point_doorbell(private_valkey.url, settings, monkeypatch)
    yield private_valkey
    doorbell._queue.cache_clear()


def point_doorbell(url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process ring at `url`; its open lines lead elsewhere."""
    for queue in settings.RQ_QUEUES.values():
        monkeypatch.setitem(queue, "URL", url)
    doorbell._queue.cache_clear()


@contextmanager
def worker(
    queue: str, database: str, reasoner_url: str, store: str, *, program: str = "reviewapp.worker"
) -> Iterator[Child]:
    """A real worker process of `queue` in a process group of its own."""
    environment = os.environ | {
        "DATABASE_URL": databases.url_of(database), "REASONER_URL": reasoner_url, "REDIS_URL": store,
    }  # fmt: skip
    process = servers.launch(f"worker-{queue}", ["-m", program, queue], environment)
    try:
        yield process
    finally:
        kill_tree(process)


def kill_tree(process: Child) -> None:
    """SIGKILL for a worker and the job it forked, as a power cut would."""
    for pid in (process.pid, *children(process)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(10)


def children(process: Child) -> list[int]:
    """The processes that this one started, such as a worker its job."""
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def wait_for(what: Callable[[], object], seconds: float = 90.0) -> None:
    """Until `what` is true."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.05)


def test_fifty_items_get_their_verdicts(db: str, store: str, reasoner: Callable[..., Any]) -> None:
    items = judged(50)
    with reasoner():
        assert jobs.pump_judgements() == 50
    assert {state_of(item) for item in items} == {"awaiting_review"}
    assert CurrentVerdict.objects.count() == 50 and Engine.objects.get().practice
    lead = reads.verdict_panel(items[0])[0]
    assert lead.practice and lead.model.startswith("practice-")
    assert checker.problems(items) == []


def test_a_reasoner_that_is_away_charges_nobody_and_opens_the_circuit(
    db: str, store: str, settings: Any
) -> None:
    settings.REASONER_URLS = ["http://127.0.0.1:9/v1"]
    (item,) = judged(1)
    assert jobs.pump_judgements() == 0
    circuit = Circuit.objects.get()
    assert (circuit.state, circuit.probes) == ("open", 1) and "REASONER_URL" in circuit.reason
    row = Judgement.objects.get()
    assert (row.state, row.transients, row.crashes) == ("pending", 0, 0)
    assert state_of(item) == "awaiting_verdict"
    with standin() as url:
        settings.REASONER_URLS = [url]
        execute(
            "UPDATE screening_circuit SET address = %s, retry_at = clock_timestamp() + interval '1 min'", url
        )
        assert jobs.pump_judgements() == 0, "the next probe is a minute away"
        execute("UPDATE screening_circuit SET retry_at = clock_timestamp()")
        assert jobs.pump_judgements() == 1
    assert Circuit.objects.get().state == "closed"


def test_twenty_failures_in_ten_seconds_open_the_circuit(
    db: str, store: str, reasoner: Callable[..., Any], tmp_path: Path
) -> None:
    script = tmp_path / "faults.jsonl"
    script.write_text('{"do": "status", "status": 500}\n')
    judged(60)
    with reasoner("--script", str(script)):
        assert jobs.pump_judgements() == 0
    assert Circuit.objects.get().state == "open"
    assert Judgement.objects.filter(transients__gt=0).count() < 32 + 20, (
        "a window, and what refilled it before the 20th"
    )
    assert not Judgement.objects.exclude(state="pending").exists()


def test_an_engine_that_refuses_everything_opens_the_circuit_before_the_backlog_has_failed(
    db: str, store: str, reasoner: Callable[..., Any], tmp_path: Path
) -> None:
    script = tmp_path / "faults.jsonl"
    script.write_text('{"do": "status", "status": 405}\n')
    judged(60)
    with reasoner("--script", str(script)) as url:
        assert jobs.pump_judgements() == 0
        assert Circuit.objects.get().state == "open"
        failed = Judgement.objects.filter(state="failed").count()
        assert 0 < failed < 32 + 20 and not Judgement.objects.filter(state="leased").exists()
        execute("UPDATE screening_circuit SET retry_at = clock_timestamp()")
        assert jobs.pump_judgements() == 0
        assert Circuit.objects.get().state == "open" and url
        assert Judgement.objects.filter(state="failed").count() == failed + 1, "the probe's own"


def test_an_item_that_breaks_its_call_harms_no_other(
    db: str, store: str, reasoner: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Reasoner.judge

    async def broken(self: Reasoner, policy: Any, item: Any, *more: Any, **named: Any) -> Any:
        if "breaks" in item.text:
            raise TypeError("secret words")
        return await judge(self, policy, item, *more, **named)

    monkeypatch.setattr(Reasoner, "judge", broken)
    items = judged(9)
    (bad,) = arrive(f"{ABUSE} breaks")
    score()
    with reasoner():
        assert jobs.pump_judgements() == 9
    assert {state_of(item) for item in [*items, bad]} == {"awaiting_review"}
    failed = Judgement.objects.get(item=bad)
    assert (failed.state, failed.crashes, failed.invalids) == ("failed", 0, 2)
    assert failed.failure_reason == "Judging it ended in TypeError."
    assert not Judgement.objects.filter(crashes__gt=0).exists()


def test_answers_that_the_database_did_not_take_are_stored_when_it_is_back(
    db: str, store: str, reasoner: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, sizes = actions.commit_verdicts, list[int]()

    def away_once(**given: Any) -> Any:
        sizes.append(len(given["outcomes"]))
        if len(sizes) == 1:
            raise OperationalError("away")
        return commit(**given)

    monkeypatch.setattr(actions, "commit_verdicts", away_once)
    monkeypatch.setattr(actions, "MOST_OUTCOMES", 4)
    monkeypatch.setattr("reviewapp.screening.place.AWAY_SECONDS", 0.0)
    judged(20)
    with reasoner(), pytest.raises(OperationalError):
        jobs.pump_judgements()
    stored = Verdict.objects.count()
    assert stored >= 4 and max(sizes) == 4
    assert (
        not Judgement.objects.filter(state="leased").exists()
        and not Judgement.objects.filter(crashes__gt=0).exists()
    )


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        ("garbage", "I think this one is probably fine"),
        ("cut_off", '{"label"'),
        ("empty", "example"),
        ("leak", "<|channel|>analysis"),
        ("both_null", '"content":null'),
    ],
)
def test_an_unreadable_answer_is_asked_for_once_more_and_kept(
    db: str, store: str, reasoner: Callable[..., Any], tmp_path: Path, fault: str, kept: str
) -> None:
    script = tmp_path / "faults.jsonl"
    script.write_text(json.dumps({"do": fault}) + "\n")
    (item,) = judged(1)
    with reasoner("--script", str(script)):
        assert jobs.pump_judgements() == 0
    assert state_of(item) == "awaiting_review" and Judgement.objects.get().invalids == 2
    assert not Verdict.objects.exists()
    assert kept in UnreadAnswer.objects.get().raw


def test_a_killed_pump_loses_nothing_and_doubles_nothing(db: str, own_store: PrivateValkey) -> None:
    items = judged(40)
    with standin("--delay", "1.5", "--max-num-seqs", "8") as url:
        with worker("reason", db, url, own_store.url) as process:
            doorbell.ring("reason")
            wait_for(lambda: Verdict.objects.count() >= 4)
            kill_tree(process)
        leased = Judgement.objects.filter(state="leased").count()
        assert leased > 0, "it was killed in the middle"
        execute("UPDATE screening_judgement SET lease_until = clock_timestamp() WHERE state = 'leased'")
        assert actions.sweep().requeued == leased
    with standin() as url, worker("reason", db, url, own_store.url):
        doorbell.ring("reason")
        wait_for(lambda: CurrentVerdict.objects.count() == 40)
    assert {state_of(item) for item in items} == {"awaiting_review"}
    assert Verdict.objects.count() == 40 and checker.problems(items) == []


def test_a_terminated_pump_gives_its_leases_back(db: str, own_store: PrivateValkey) -> None:
    judged(40)
    with standin("--delay", "30") as url, worker("reason", db, url, own_store.url) as process:
        doorbell.ring("reason")
        wait_for(lambda: Judgement.objects.filter(state="leased").exists())
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: not Judgement.objects.filter(state="leased").exists())
    assert one("SELECT max(crashes + transients) FROM screening_judgement") == 0


def test_a_flushed_store_loses_no_item(db: str, own_store: PrivateValkey) -> None:
    publish("harassment")
    items = arrive(*[f"{ABUSE} number {number}" for number in range(30)], policies=["harassment"])
    client = redis.Redis.from_url(own_store.url)
    client.flushall()
    assert client.dbsize() == 0
    with standin() as url, worker("score", db, url, own_store.url), worker("reason", db, url, own_store.url):
        time.sleep(1)
        client.flushall()
        actions.sweep()
        wait_for(lambda: CurrentVerdict.objects.count() == 30)
    assert checker.problems(items) == []


def test_people_get_items_while_store_and_reasoner_are_away(
    db: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REASONER_URLS = ["http://127.0.0.1:9/v1"]
    point_doorbell("unix:///nowhere/valkey.sock", settings, monkeypatch)
    publish("harassment")
    unscored, unjudged = *arrive(ABUSE), *arrive(ABUSE + " 2", policies=["harassment"])
    assert actions.score_batch(prefilter=Prefilter.shipped(), read=lambda _: Spoken(), limit=0) == 0
    execute("UPDATE intake_item SET received_at = received_at - interval '61 s' WHERE id = %s", unscored)
    assert actions.sweep().unscored == 1
    score()
    execute("UPDATE intake_item SET changed_at = changed_at - interval '16 min' WHERE id = %s", unjudged)
    assert actions.sweep().overdue == 1
    assert (state_of(unscored), state_of(unjudged)) == ("awaiting_review", "awaiting_review")
    doorbell._queue.cache_clear()


def test_a_policy_published_mid_flight_mixes_no_text(
    db: str, store: str, reasoner: Callable[..., Any]
) -> None:
    first = judged(10)
    source = (ROOT / "policies_seed" / "harassment.md").read_text(encoding="utf-8")
    flying = claimed(3)
    changed = source.replace("This policy", "From today this policy", 1)
    assert changed != source
    policies.import_policy(source=changed, actor=OPERATOR, publish=True)
    second = arrive(*[f"{ABUSE} later {number}" for number in range(10)], policies=["harassment"])
    score()
    actions.release(claims=flying)
    with reasoner():
        jobs.pump_judgements()
    rows = dict(Verdict.objects.values_list("item_id", "version__number"))
    assert {rows[item] for item in first} == {1} and {rows[item] for item in second} == {2}
    assert (
        one(
            "SELECT count(*) FROM screening_verdict v JOIN policies_version p ON p.id = v.version_id WHERE v.policy_hash <> p.hash"
        )
        == 0
    )
    assert len({*Verdict.objects.values_list("policy_hash", flat=True)}) == 2


def test_a_store_that_was_away_is_rung_again(db: str, own_store: PrivateValkey) -> None:
    own_store.stop()
    publish("harassment")
    items = arrive(*[f"{ABUSE} number {number}" for number in range(10)], policies=["harassment"])
    score()
    assert Judgement.objects.filter(state="pending").count() == 10, (
        "items are taken and scored without the store"
    )
    own_store.start()
    with standin() as url, worker("reason", db, url, own_store.url):
        actions.sweep()
        wait_for(lambda: CurrentVerdict.objects.count() == 10)
    assert checker.problems(items) == []
