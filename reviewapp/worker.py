"""An RQ worker for exactly one queue that runs nothing but the jobs on the doorbell's list."""

import logging
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

import django
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
BEHIND_PEOPLE: Final = 5
"""How much nicer than the web process the machines are: where processors are short, who works at a screen comes first."""
log = logging.getLogger(__name__)


class UnlistedJob(Exception):
    """A job outside the allow-list was found in the store; somebody else wrote it."""


class ListedJob(Job):
    """Refuses to run a function that the doorbell cannot ring: write access to the store is not code execution."""

    def perform(self) -> Any:
        """Run the job, or raise UnlistedJob."""
        try:
            from_list = doorbell.job_of(self.origin)
        except KeyError:
            from_list = ""
        if self.func_name != from_list or not all(isinstance(each, int) for each in self.args) or self.kwargs:
            raise UnlistedJob(f"queue {self.origin} asked for a job that is not on the list")
        return super().perform()


class PatientWorker(Worker):
    """Looks after its registries every 15 s instead of every 10 min, so that a killed job is noticed soon."""

    job_class = ListedJob
    max_connection_wait_time = 2.0
    """Seconds between two looks at a store that is away; the library's minute would be waited out after it is back."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run the job in a child, which finds loaded what every run on this queue needs."""
        if queue.name == "score":
            # Here and not in the run, so that no run loads it again; not earlier, since it takes 80 MB.
            import_module("reviewapp.screening.jobs").prepare_scoring()
        super().execute_job(job, queue)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0) -> int:
        """Seconds after which a silent worker counts as gone."""
        return 15

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Say that the job is alive. A store that is away for a moment ends no worker: its job needs no store."""
        with suppress(RedisError):
            super().maintain_heartbeats(job, execution)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log it as everything else is logged: the library's own line would quote what the database quotes."""
        log.error("a job of the queue %s ended in an exception", job.origin, exc_info=exc_info)

    def handle_job_failure(self, *parts: Any, **named: Any) -> None:
        """Note in the store that a job failed, and not why: nothing of an item may be there."""
        super().handle_job_failure(*parts, **named | {"exc_string": "see the log of the worker"})

    def request_stop(self, signum: int, frame: Any) -> None:
        """Finish the job, then end. Jobs that go on while work comes are told too: they end with what is in their hands."""
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]
        if self.horse_pid and doorbell.job_of(self.queue_names()[0]) in _GO_ON:
            os.kill(self.horse_pid, signal.SIGTERM)


def hired(queue: str) -> PatientWorker:
    """The worker of `queue`; raises KeyError for a queue that has no job."""
    doorbell.job_of(queue)
    return PatientWorker(
        [django_rq.get_queue(queue, serializer=JSONSerializer)],
        connection=django_rq.get_connection(queue),
        job_class=ListedJob,
        serializer=JSONSerializer,
        worker_ttl=30,
        maintenance_interval=15,
        job_monitoring_interval=5,
        log_job_description=False,
    )


def main(queue: str) -> None:
    """Work `queue` until SIGTERM; raises KeyError for a queue that has no job."""
    os.nice(BEHIND_PEOPLE)
    if doorbell.job_of(queue) == doorbell.JOBS["reason"]:
        # Most of a short run, such as a probe of an engine that is away, would be imports.
        import_module("reviewapp.screening.jobs")
    hired(queue).work(with_scheduler=False, logging_level="WARNING")


django.setup()

import django_rq  # noqa: E402  needs the settings

from reviewapp import doorbell  # noqa: E402

_GO_ON: Final = frozenset({doorbell.JOBS["reason"], doorbell.JOBS["score"]})

if __name__ == "__main__":
    main(sys.argv[1])
