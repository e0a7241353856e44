"""The path to the engine under faults: its answers, its connections, the pump's processes, and the items themselves."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from django.db import connection

from reviewapp import doorbell
from reviewapp.boot.process import Child
from reviewapp.screening import actions, jobs, place, pump, reads, rules_window
from reviewapp.screening.actions import Outcome
from reviewapp.screening.actions.leases import LEASE_SECONDS
from reviewapp.screening.models import Circuit, CurrentVerdict, EngineMinute, Judgement, Verdict
from tests import checker
from tests.cast import gather
from tests.embedded import PrivateValkey
from tests.faults.poisoned import WORD
from tests.faults.proxy import Proxy
from tests.faults.test_pump import children, judged, own_store, wait_for, worker
from tests.practice import Practice, practising
from tests.rooms.screening.desk import (
    ABUSE,
    arrive,
    claimed,
    engine,
    execute,
    one,
    publish,
    score,
    state_of,
    verdict,
)

pytestmark = pytest.mark.fault
__all__ = ["own_store"]


def let_leases_lapse() -> None:
    execute("UPDATE screening_judgement SET lease_until = clock_timestamp() WHERE state = 'leased'")


def verdicts_beyond(count: int) -> Callable[[], bool]:
    return lambda: Verdict.objects.count() > count


def gone(process: Child, pids: set[int]) -> Callable[[], bool]:
    return lambda: not pids & set(children(process))


def due_now() -> None:
    execute("UPDATE screening_judgement SET not_before = NULL WHERE state = 'pending'")
    execute("UPDATE screening_circuit SET retry_at = clock_timestamp() WHERE state = 'open'")


def drain(items: int, *, rounds: int = 12) -> None:
    """Pump in this process until every judgement has ended, without waiting for the times of further tries."""
    for _ in range(rounds):
        due_now()
        jobs.pump_judgements()
        if not Judgement.objects.filter(state__in=["pending", "leased"]).exists():
            return
    raise AssertionError(f"of {items} some are left: {reads.waiting()}")


def pump_elsewhere() -> None:
    """The pump on another thread, whose own connection ends with it."""
    jobs.pump_judgements()
    connection.close()


@contextmanager
def scripted(settings: Any, *rules: dict[str, Any], delay: float = 0.0) -> Iterator[Proxy]:
    """A stand-in that acts out `rules`, behind a proxy that counts."""
    with practising() as practice, Proxy(practice.url) as proxy:
        practice.follow(*rules, delay=delay)
        settings.REASONER_URLS = [proxy.url]
        yield proxy


def running_at(practice: Practice) -> float:
    """How many calls the engine says that it works on."""
    page = httpx.get(practice.url.removesuffix("/v1") + "/metrics", trust_env=False).text
    found = re.search(r"^vllm:num_requests_running\S* (\S+)", page, re.M)
    assert found
    return float(found[1])


def test_f1_a_killed_job_is_done_again_by_the_same_worker(db: str, own_store: PrivateValkey) -> None:
    items = judged(20)
    with (
        practising("--max-num-seqs", "8") as practice,
        worker("reason", db, practice.url, own_store.url) as process,
    ):
        practice.follow(delay=0.6)
        for _ in range(2):
            doorbell.ring("reason", 0)
            wait_for(verdicts_beyond(Verdict.objects.count()))
            killed = set(children(process))
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            # One that was rung meanwhile may follow at once, and takes back what this one held.
            wait_for(gone(process, killed))
            assert Judgement.objects.filter(state__in=["leased", "pending"]), "it was killed in the middle"
        assert process.poll() is None, "the worker outlives its job"
        practice.follow()
        doorbell.ring("reason", 0)
        # The next pump knows that the last one is dead: no lease is waited for.
        wait_for(lambda: CurrentVerdict.objects.count() == 20, seconds=LEASE_SECONDS / 2)
    assert one("SELECT max(crashes) FROM screening_judgement") in (1, 2)
    assert Verdict.objects.count() == 20 and checker.problems(items) == []


def test_f2_an_orphan_that_lives_on_writes_nothing_that_was_given_to_others(
    db: str, own_store: PrivateValkey
) -> None:
    items = judged(12)
    with practising() as practice, worker("reason", db, practice.url, own_store.url) as process:
        practice.follow(delay=1.0)
        doorbell.ring("reason", 0)
        wait_for(lambda: Judgement.objects.filter(state="leased").count() == 12)
        orphans = children(process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        with asleep(orphans):
            let_leases_lapse()
            assert actions.sweep().requeued == 12
            claims = claimed()
            done = actions.commit_verdicts(
                outcomes=[Outcome(each, verdict(each)) for each in claims], engine=engine()
            )
            assert done.done == 12
        try:
            wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans), seconds=25)
        finally:
            for pid in orphans:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    answered = sum(EngineMinute.objects.values_list("verdicts", flat=True))
    assert answered == 12, "the orphan had its answers"
    assert set(Verdict.objects.values_list("lease_epoch", flat=True)) == {2}
    assert Verdict.objects.count() == 12 and checker.problems(items) == []


@contextmanager
def asleep(pids: list[int]) -> Iterator[None]:
    """Processes that stand still, as when their machine stalls, with no transaction open; then they go on."""
    try:
        for _ in range(200):
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            busy = one(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND state <> 'idle' AND backend_type = 'client backend'"
            )
            if not busy:
                break
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            time.sleep(0.01)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_f6_a_full_store_refuses_rings_and_nothing_else(db: str, own_store: PrivateValkey) -> None:
    publish("harassment")
    client = redis.Redis.from_url(own_store.url)
    client.config_set("maxmemory", "1")
    client.config_set("maxmemory-policy", "noeviction")
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        client.set("more", "x")
    items = arrive(*[f"{ABUSE} {number}" for number in range(10)], policies=["harassment"])
    assert score() == 10 and Judgement.objects.filter(state="pending").count() == 10
    client.config_set("maxmemory", "0")
    with practising() as practice, worker("reason", db, practice.url, own_store.url):
        actions.sweep()
        wait_for(lambda: CurrentVerdict.objects.count() == 10)
    assert checker.problems(items) == []


@pytest.mark.parametrize("status", [500, 503, 429])
def test_f10_an_engine_in_trouble_costs_few_questions(
    db: str, store: str, settings: Any, status: int
) -> None:
    items = judged(60)
    with scripted(settings, {"to_call": 40, "do": "status", "status": status}) as proxy:
        drain(60)
    assert {state_of(item) for item in items} == {"awaiting_review"} and CurrentVerdict.objects.count() == 60
    most = 60 + 40 + rules_window.START + 5
    assert proxy.questions <= most, (
        "one an item, the refused ones, a window given up when they were, and probes"
    )
    tries = one("SELECT max(transients) FROM screening_judgement")
    assert (tries > 0) == (status == 500), "a full queue is nobody's fault"


def test_f8_a_pump_whose_session_is_ended_goes_on_with_what_it_holds(
    db: str, store: str, settings: Any
) -> None:
    items = judged(24)
    with scripted(settings, delay=1.0) as proxy:
        working = threading.Thread(target=pump_elsewhere)
        working.start()
        wait_for(lambda: Judgement.objects.filter(state="leased").count() == 24)
        execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        working.join(30)
        assert not working.is_alive()
        assert proxy.questions == 24, "nothing was asked twice"
    assert one("SELECT max(crashes + transients) FROM screening_judgement") == 0
    assert CurrentVerdict.objects.count() == 24 and checker.problems(items) == []


def test_a_pump_takes_over_at_once_what_a_dead_one_held(db: str, store: str, settings: Any) -> None:
    judged(4)
    actions.claim_judgements(endpoint=0, limit=4, place=0)
    taken = connection.copy()
    with taken.cursor() as cursor, scripted(settings) as proxy:
        cursor.execute("SELECT pg_advisory_lock(%s, 0)", [place._LOCK])
        assert jobs.pump_judgements() == 0 and proxy.questions == 0, "the place has a pump"
        cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [place._LOCK])
        assert jobs.pump_judgements() == 4
    taken.close()
    assert set(Judgement.objects.values_list("crashes", flat=True)) == {1}


def test_f10_an_engine_that_stays_broken_sends_items_to_people(db: str, store: str, settings: Any) -> None:
    (item,) = judged(1)
    with scripted(settings, {"do": "status", "status": 500}) as proxy:
        drain(1)
    assert state_of(item) == "awaiting_review" and "could not be reached" in reads.said_of(item).why_not
    assert proxy.questions == 5


def test_f11_a_backlog_drains_by_itself_when_the_engine_is_back(db: str, store: str, settings: Any) -> None:
    items = judged(50)
    with scripted(settings, {"calls": [1_000], "do": "reset"}) as proxy:
        proxy.mode = "refuse"
        for _ in range(3):
            due_now()
            assert jobs.pump_judgements() == 0
        assert Circuit.objects.get().state == "open" and Circuit.objects.get().probes == 3
        assert one("SELECT max(transients + timeouts) FROM screening_judgement") == 0
        proxy.mode = "pass"
        drain(50)
    assert CurrentVerdict.objects.count() == 50 and Circuit.objects.get().state == "closed"
    assert checker.problems(items) == []


def test_f12_black_holes_free_their_slot_and_end_with_people(
    db: str, store: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "CALL_SECONDS", 2.0)
    monkeypatch.setattr(pump, "RENEW_SECONDS", 0.5)
    items = judged(12)
    with scripted(settings, {"contains": "number 7", "do": "hang"}):
        drain(12)
    lost = Judgement.objects.filter(state="failed")
    assert set(lost.values_list("failure_kind", "timeouts")) == {("timeout", 2)} and lost.count() >= 1
    assert CurrentVerdict.objects.count() == 12 - lost.count()
    assert one("SELECT max(crashes) FROM screening_judgement") == 0, "no lease was lost to slowness"
    assert {state_of(item) for item in items} == {"awaiting_review"}


def test_f12_a_slow_engine_keeps_its_leases(
    db: str, store: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = actions.claim_judgements
    monkeypatch.setattr(pump, "RENEW_SECONDS", 0.4)
    monkeypatch.setattr(actions, "claim_judgements", lambda **named: claim(**named, lease_seconds=1))
    renew = actions.renew_leases
    monkeypatch.setattr(actions, "renew_leases", lambda **named: renew(**named, lease_seconds=1))
    judged(10)
    with scripted(settings, delay=2.0):
        working = threading.Thread(target=pump_elsewhere)
        working.start()
        swept = 0
        while working.is_alive():
            swept += actions.sweep().requeued
            time.sleep(0.2)
        working.join()
    assert swept == 0 and Verdict.objects.count() == 10


@pytest.mark.parametrize("mode", ["cut", "reset"])
def test_f13_a_broken_connection_is_tried_again_and_half_an_answer_is_none(
    db: str, store: str, settings: Any, mode: str
) -> None:
    items = judged(12)
    with scripted(settings, delay=0.5) as proxy:
        breaking = threading.Thread(target=lambda: _change_after_the_first(proxy, mode))
        breaking.start()
        jobs.pump_judgements()
        breaking.join()
        broken = one("SELECT count(*) FROM screening_judgement WHERE transients > 0")
        proxy.mode = "pass"
        drain(12)
    assert broken > 0, "some answers broke off"
    assert Verdict.objects.count() == 12 and checker.problems(items) == []
    assert not Verdict.objects.filter(rationale="").exists()


def test_f13_an_answer_that_trickles_is_no_answer(
    db: str, store: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "CALL_SECONDS", 0.8)
    (item,) = judged(1)
    with scripted(settings) as proxy:
        proxy.mode = "slow"
        drain(1)
    assert Judgement.objects.get().failure_kind == "timeout" and state_of(item) == "awaiting_review"


def _change_after_the_first(proxy: Proxy, mode: str) -> None:
    until = time.monotonic() + 10
    while proxy.questions == 0 and time.monotonic() < until:
        time.sleep(0.001)
    proxy.mode = mode


@pytest.mark.parametrize("drop", [True, False])
def test_f15_a_pause_frees_the_engine(db: str, store: str, settings: Any, drop: bool) -> None:
    admin = gather().ad
    judged(40)
    with practising() as practice:
        practice.follow(delay=60 if drop else 4)
        settings.REASONER_URLS = [practice.url]
        working = threading.Thread(target=pump_elsewhere)
        working.start()
        wait_for(lambda: running_at(practice) == 32)
        actions.pause_engine(endpoint=0, reason="A test", drop=drop, minutes=None, person=admin)
        asked = time.monotonic()
        wait_for(lambda: running_at(practice) == 0)
        # What is finished takes as long as it takes; what is given up is free at once.
        assert not drop or time.monotonic() - asked < 5
        working.join(30)
        assert not working.is_alive()
        assert jobs.pump_judgements() == 0, "nothing is claimed while it is paused"
    assert Judgement.objects.filter(state="done").count() == (0 if drop else 32)
    assert Judgement.objects.filter(state="pending").count() == (40 if drop else 8)
    assert one("SELECT max(crashes + transients) FROM screening_judgement") == 0
    actions.resume_engine(endpoint=0, person=admin)


def test_f21_a_clock_that_is_wrong_by_an_hour_changes_nothing(
    db: str, store: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    items = judged(10)
    for wrong in (lambda: real() + 3600, lambda: real() - 3600):
        monkeypatch.setattr(time, "time", wrong)
        (claim,) = claimed(1)
        left = one(
            "SELECT extract(epoch FROM lease_until - clock_timestamp()) FROM screening_judgement WHERE id = %s",
            claim.judgement,
        )
        assert 30 < left <= 40
        assert actions.sweep().requeued == 0
        actions.release(claims=[claim])
    with scripted(settings):
        drain(10)
    assert CurrentVerdict.objects.count() == 10 and checker.problems(items) == []


def test_f24_a_restarted_worker_hands_over_within_half_a_minute(db: str, own_store: PrivateValkey) -> None:
    items = judged(120)
    with practising("--max-num-seqs", "8") as practice:
        practice.follow(delay=0.4)
        for _ in range(2):
            with worker("reason", db, practice.url, own_store.url) as process:
                doorbell.ring("reason", 0)
                wait_for(verdicts_beyond(Verdict.objects.count()))
                told = time.monotonic()
                process.send_signal(signal.SIGTERM)
                process.wait(30)
                assert time.monotonic() - told < 30
            assert not Judgement.objects.filter(state="leased").exists(), "no lease is left to lapse"
            assert Judgement.objects.filter(state="pending").exists(), "it ended before the work did"
        practice.follow()
        with worker("reason", db, practice.url, own_store.url):
            doorbell.ring("reason", 0)
            wait_for(lambda: CurrentVerdict.objects.count() == 120)
    assert one("SELECT max(crashes + transients) FROM screening_judgement") == 0
    assert checker.problems(items) == []


def test_f25_an_item_that_kills_its_worker_is_set_apart(db: str, own_store: PrivateValkey) -> None:
    items = judged(4)
    (poison,) = arrive(f"{ABUSE}: {WORD}", policies=["harassment"])
    score()
    program = "tests.faults.poisoned"
    with (
        practising() as practice,
        worker("reason", db, practice.url, own_store.url, program=program) as process,
    ):
        wait_for(lambda: _rung() and not _open())
        assert process.poll() is None, "the worker outlives its jobs"
    ended = Judgement.objects.get(item=poison)
    assert (ended.failure_kind, ended.crashes) == ("crash", 3)
    assert "crash" in reads.said_of(poison).why_not and state_of(poison) == "awaiting_review"
    assert CurrentVerdict.objects.filter(item__in=items).count() == 4, "its neighbours have their verdicts"
    assert checker.problems([*items, poison]) == []


def _rung() -> bool:
    """Ring, as the sweeper does while something waits."""
    doorbell.ring("reason", 0)
    return True


def _open() -> bool:
    return Judgement.objects.filter(state__in=["pending", "leased"]).exists()


def test_f28_a_transaction_left_open_is_ended_within_a_minute(db: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone()[0] in {"1min", "60s", "30s"}


def test_f28_claims_stay_quick_while_old_rows_cannot_be_cleaned(db: str, store: str) -> None:
    judged(800)
    pinning = connection.copy()
    with pinning.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM screening_judgement")
        times = []
        for _ in range(40):
            begun = time.perf_counter()
            claims = claimed(20)
            times.append(time.perf_counter() - begun)
            assert len(claims) == 20
        cursor.execute("ROLLBACK")
    pinning.close()
    early, late = sorted(times[:15])[7], sorted(times[-15:])[7]
    assert late < early * 3 + 0.02, f"{early:.4f} s became {late:.4f} s"


def test_the_retries_of_a_lost_race_leave_no_trace(db: str, store: str) -> None:
    judged(3)
    first = claimed()
    let_leases_lapse()
    actions.sweep()
    second = claimed()
    late = actions.commit_verdicts(outcomes=[Outcome(each, verdict(each)) for each in first], engine=engine())
    assert (late.done, late.dropped) == (0, 3) and not Verdict.objects.exists()
    good = actions.commit_verdicts(
        outcomes=[Outcome(each, verdict(each)) for each in second], engine=engine()
    )
    assert good.done == 3
    forged = [replace(each, epoch=each.epoch + 1) for each in second]
    assert actions.renew_leases(claims=forged) == set()
