"""How long a worker waits before it thinks that somebody is gone."""

import os
from pathlib import Path

import pytest
from django.db import IntegrityError
from rq.job import Job

from reviewapp.worker import hired
from tests import loop, servers


def test_a_job_that_runs_long_keeps_its_place(store: str) -> None:
    """Its worker speaks up at least twice before its silence counts, so a long job does not end as a failed one."""
    worker = hired("score")
    job = Job.create("reviewapp.screening.jobs.score_received", connection=worker.connection, timeout=300)
    assert worker.job_monitoring_interval * 2 < worker.get_heartbeat_ttl(job, working_time=20)
    assert worker.maintenance_interval <= 15, "a killed job is noticed soon"


def test_the_store_does_not_keep_why_a_job_failed(store: str, caplog: pytest.LogCaptureFixture) -> None:
    """The database's own words may quote an item, and nothing of one is ever in the store."""
    worker = hired("score")
    job = worker.queues[0].enqueue_call("reviewapp.screening.jobs.score_received")
    wrong = IntegrityError("a row is wrong\nDETAIL:  Failing row contains (an item)")
    worker.handle_exception(job, IntegrityError, wrong, None)
    worker.handle_job_failure(job, worker.queues[0], exc_string=str(wrong))
    kept = [worker.connection.dump(key) or b"" for key in worker.connection.scan_iter()]
    assert kept and not any(b"an item" in each for each in kept)
    assert job.get_status() == "failed" and "ended in an exception" in caplog.text


def test_machines_stand_behind_people_where_processors_are_short(db: str, store: str, tmp_path: Path) -> None:
    with servers.worker("score", db, tmp_path, {"REDIS_URL": store}) as worker:
        assert loop.wait_until(
            lambda: os.getpriority(os.PRIO_PROCESS, worker.pid) > os.getpriority(os.PRIO_PROCESS, 0),
            seconds=30,
        )
