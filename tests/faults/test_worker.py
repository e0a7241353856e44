"""How long a worker waits before it thinks that somebody is gone."""

from rq.job import Job

from reviewapp.worker import hired


def test_a_job_that_runs_long_keeps_its_place(store: str) -> None:
    """Its worker speaks up at least twice before its silence counts, so a long job does not end as a failed one."""
    worker = hired("score")
    job = Job.create("reviewapp.screening.jobs.score_received", connection=worker.connection, timeout=300)
    assert worker.job_monitoring_interval * 2 < worker.get_heartbeat_ttl(job, working_time=20)
    assert worker.maintenance_interval <= 15, "a killed job is noticed soon"
