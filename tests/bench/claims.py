"""B6 and B7: claim-next and the queue page stay flat from a thousand to a million waiting tasks."""

import time
from collections.abc import Callable, Iterator
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.test import Client

from reviewapp.accounts.actions import set_languages
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.review import actions
from reviewapp.review.models import Queue, Task
from tests.bench import population
from tests.bench.measure import Figure, figure, percentile
from tests.cast import gather

FEW: Final = 1_000
MANY: Final = 1_000_000
CALLS: Final = 300
ROUNDS: Final = 5
FIRST: Final = "de"
OTHER: Final = "ar"


def claim_next(_database: str) -> Iterator[Figure]:
    """B6: p95 of the whole claim (lock, lease, audit event, commit) at a million waiting against a thousand.

    Also for somebody who reads the language of that thousand, which then stands behind a million in another one.
    """
    person, queue, grow = _queue_and_people()
    reader = _reader(person)
    grow(FEW)
    few = [_p95(lambda: _claim_and_release(queue, person)) for _ in range(ROUNDS)]
    few_read = [_p95(lambda: _claim_and_release(queue, reader)) for _ in range(ROUNDS)]
    bare = [_p95(_bare_claim) for _ in range(ROUNDS)]
    grow(MANY)
    many = [_p95(lambda: _claim_and_release(queue, person)) for _ in range(ROUNDS)]
    many_read = [_p95(lambda: _claim_and_release(queue, reader)) for _ in range(ROUNDS)]
    yield figure(
        "B6 claim next", f"p95 at {MANY:,} waiting ÷ p95 at {FEW:,}", many, few, at_most=1.5, unit="s",
        bare_skip_locked_p95=f"{1000 * sorted(bare)[ROUNDS // 2]:.2f} ms",
    )  # fmt: skip
    yield figure(
        "B6 claim next", f"p95 for a reader of {FEW:,} behind {MANY:,} in another language ÷ p95 at {FEW:,}", many_read,
        few_read, at_most=1.5, unit="s",
    )  # fmt: skip


def _reader(person: Person) -> Person:
    """The same person, with the language of what waits at first."""
    set_languages(person=person.pk, languages={FIRST: "native"}, actor=OPERATOR)
    return Person.objects.get(pk=person.pk)


def queue_page(_database: str) -> Iterator[Figure]:
    """B7: p95 of the queue page at a million waiting against a thousand: its first, middle and last page."""
    person, queue, grow = _queue_and_people()
    client = Client(SERVER_NAME="localhost")
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    slug = Queue.objects.get(pk=queue).slug
    grow(FEW)
    few = {name: _pages(client, path) for name, path in _paths(slug, FEW)}
    grow(MANY)
    for name, path in _paths(slug, MANY):
        what = f"{name} page, p95 at {MANY:,} waiting ÷ p95 at {FEW:,}"
        yield figure("B7 queue page", what, _pages(client, path), few[name], at_most=1.2, unit="s")


def _queue_and_people() -> tuple[Person, UUID, Callable[[int], None]]:
    person = gather().ana
    actions.seed_queues(actor=OPERATOR)
    queue = Queue.objects.values_list("id", flat=True).first()
    assert queue is not None
    source = population.new_source("population")
    size = [0]

    def grow(upto: int) -> None:
        language = OTHER if size[0] else FIRST
        population.waiting_tasks(source=source, queue=queue, upto=upto, already=size[0], language=language)
        size[0] = upto

    return person, queue, grow


def _p95(call: Callable[[], float]) -> float:
    for _ in range(20):
        call()
    return percentile([call() for _ in range(CALLS)], 0.95)


def _claim_and_release(queue: UUID, person: Person) -> float:
    begun = time.perf_counter()
    claim = actions.claim_next(queue=queue, person=person)
    took = time.perf_counter() - begun
    assert claim is not None
    actions.release(task=claim.task, epoch=claim.epoch, person=person)
    return took


def _bare_claim() -> float:
    begun = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE review_task SET lease_epoch = lease_epoch WHERE id = (SELECT id FROM review_task WHERE state = 'waiting'"
            " ORDER BY queue_id, tier, rank_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
        )
    return time.perf_counter() - begun


def _paths(slug: str, size: int) -> list[tuple[str, str]]:
    """Addresses of pages whose cursor stands before the first row, in the middle, and 51 rows before the end."""
    ranked = Task.objects.order_by("tier", "rank_at", "id").values_list("id", flat=True)
    places = {"middle": size // 2, "last": max(0, size - 51)}
    return [("first", f"/queues/{slug}")] + [
        (name, f"/queues/{slug}?after={ranked[place]}") for name, place in places.items()
    ]


def _pages(client: Client, path: str) -> list[float]:
    def once() -> float:
        begun = time.perf_counter()
        assert client.get(path).status_code == 200
        return time.perf_counter() - begun

    for _ in range(10):
        once()
    return [percentile([once() for _ in range(CALLS // 5)], 0.95) for _ in range(ROUNDS)]
