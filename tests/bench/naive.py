"""The naive way with RQ, measured beside the pump: one job for each item. `python -m tests.bench.naive` is one of its workers."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from uuid import UUID

import django
from django.conf import settings
from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer

QUEUE = "one-job-per-item"


def judge_one(engine: str) -> None:
    """What a job does: take one judgement, ask, store the answer."""
    from inference import Reasoner
    from reviewapp.screening import actions

    async def ask(claim: actions.Claim) -> actions.Outcome:
        async with Reasoner(settings.REASONER_URLS[0]) as reasoner:
            return actions.Outcome(claim, await reasoner.judge(claim.policy, claim.subject, claim.effort))

    for claim in actions.claim_judgements(endpoint=0, limit=1):
        actions.commit_verdicts(outcomes=[asyncio.run(ask(claim))], engine=UUID(engine))


def rate(environment: dict[str, str], *, engine: UUID, workers: int, jobs: int) -> float:
    """Items a second of `workers` RQ workers that do `jobs` jobs; the time in which the workers start is not counted."""
    store = Redis.from_url(settings.REDIS_URL)
    queue = _queue(store)
    command = [sys.executable, "-m", "tests.bench.naive"]
    started = [subprocess.Popen(command, env=os.environ | environment) for _ in range(workers)]
    try:
        _wait(lambda: Worker.count(queue=queue) == workers)
        begun = time.perf_counter()
        for _ in range(jobs):
            queue.enqueue("tests.bench.naive.judge_one", str(engine), result_ttl=0)
        _wait(lambda: not queue.count and not queue.started_job_registry.count)
        assert not queue.failed_job_registry.count, "a job of the naive way failed"
        return jobs / (time.perf_counter() - begun)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)
        queue.delete(delete_jobs=True)


def _wait(done: Callable[[], bool], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise TimeoutError("the naive way did not come to its end")
        time.sleep(0.02)


def _queue(store: Redis) -> Queue:
    return Queue(QUEUE, connection=store, serializer=JSONSerializer)


def main() -> None:
    """Work until SIGTERM."""
    django.setup()
    store = Redis.from_url(settings.REDIS_URL)
    Worker([_queue(store)], connection=store, serializer=JSONSerializer).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
