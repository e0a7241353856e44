"""Rings a worker after commit: the only module that enqueues. Postgres is the ledger, so a lost ring is harmless."""

import logging
from functools import cache
from typing import Any, Final

import django_rq
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

JOBS: Final[dict[str, str]] = {
    "score": "reviewapp.screening.jobs.score_received",
    "reason": "reviewapp.screening.jobs.pump_judgements",
    "deliver": "reviewapp.review.jobs.deliver_webhooks",
    "export": "reviewapp.insights.jobs.write_exports",
}
"""Kind of queue to the one job that it may run. Every job reads its work from Postgres, so it takes no content."""

JOB_SECONDS: Final = {"reason": 900}
"""After how long a job is stopped from outside, 300 s unless named: longer than any job gives itself."""


def job_of(queue: str) -> str:
    """The job that `queue` may run: `reason`, `reason-1`, … share theirs. Raises KeyError for any other queue."""
    kind, _, place = queue.partition("-")
    return JOBS[kind if place.isdigit() else queue]


def reason_queue(endpoint: int) -> str:
    """The queue of the pump at place `endpoint` of REASONER_URL."""
    return f"reason-{endpoint}" if endpoint else "reason"


def ring(queue: str, *args: int) -> None:
    """Ask the worker of `queue` to look for work once the open transaction commits.

    `reason` takes the endpoint, and without one rings for every endpoint. Rings coalesce: while one waits unread in
    the queue, another adds nothing. Raises KeyError for a name outside JOBS. A store that is away or full is logged
    and forgotten: the sweeper rings again.
    """
    name = JOBS[queue]
    if queue != "reason":
        transaction.on_commit(lambda: _enqueue(queue, name, args), robust=True)
        return
    for endpoint in args[:1] or range(max(len(settings.REASONER_URLS), 1)):
        if reason_queue(endpoint) in settings.RQ_QUEUES:
            _ring_pump(name, endpoint)


def _ring_pump(name: str, endpoint: int) -> None:
    transaction.on_commit(lambda: _enqueue(reason_queue(endpoint), name, (endpoint,)), robust=True)


def _enqueue(queue: str, name: str, args: tuple[int, ...]) -> None:
    try:
        waiting = _queue(queue)
        seconds = JOB_SECONDS.get(queue.partition("-")[0], 300)
        if waiting.count < 2:
            waiting.enqueue_call(name, args=args, timeout=seconds, result_ttl=0, failure_ttl=3600)
    except RedisError as error:
        log.warning("doorbell for %s not rung: %s", queue, type(error).__name__)


@cache
def _queue(name: str) -> Any:
    """The queue with a connection of its own that stays open: a new one for each ring would cost more than the ring."""
    return django_rq.get_queue(name)
