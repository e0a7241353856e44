"""B6 and B7: claim-next and the queue page stay flat from a thousand to a million waiting tasks."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviewapp.accounts.actions import set_languages, set_preferences
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules_preferences import MOST_EXPOSURE
from reviewapp.audit.actions import OPERATOR
from reviewapp.intake.models import Author, Item, Source
from reviewapp.policies.actions import import_policy
from reviewapp.review import actions, rules, rules_care
from reviewapp.review.models import Decision, ProtectedAuthor, Queue, QueueMember, Skip, Task
from reviewapp.review.rules_escalation import KINDS
from tests.bench import population
from tests.bench.measure import Figure, figure, percentile
from tests.cast import gather

FEW: Final = 1_000
MANY: Final = 1_000_000
DECIDED: Final = 150
CALLS: Final = 300
ROUNDS: Final = 5
FIRST: Final = "de"
OTHER: Final = "ar"
ELSEWHERE: Final = "elsewhere"


def claim_next(_database: str) -> Iterator[Figure]:
    """B6: p95 of the whole claim (lock, lease, audit event, commit) at a million waiting against a thousand.

    Every rule is on: a queue for members, a limit of exposure with a shift behind it, and at the head as many as a claim
    looks at that are skipped, handed to somebody else, of protected accounts, or second looks at the person's own calls.
    Every tenth is to be decided blind, a thousand are escalated in queues of their own, and a policy that judges elsewhere
    has a version that nobody has read. Also for somebody who reads the language of that thousand, which then stands behind a
    million in another one; for who is on call for what is escalated; and for who reached their limit, behind heavy ones.
    """
    person, queue, grow = _queue_and_people()
    person = _begin_shift(queue, person)
    spent = _reach_limit(queue)
    on_call = _escalate(person)
    _change_policy()
    reader = _reader(person)
    grow(FEW)
    _exclude(queue, person, FIRST)
    _make_heavy(queue)
    few = [_p95(lambda: _claim_and_release(queue, person)) for _ in range(ROUNDS)]
    few_read = [_p95(lambda: _claim_and_release(queue, reader)) for _ in range(ROUNDS)]
    few_spent = [_p95(lambda: _claim_and_release(queue, spent)) for _ in range(ROUNDS)]
    few_called = [_p95(lambda: _claim_and_release(on_call, person)) for _ in range(ROUNDS)]
    bare = [_p95(_bare_claim) for _ in range(ROUNDS)]
    grow(MANY)
    _exclude(queue, person, OTHER)
    _make_heavy(queue)
    many = [_p95(lambda: _claim_and_release(queue, person)) for _ in range(ROUNDS)]
    many_read = [_p95(lambda: _claim_and_release(queue, reader)) for _ in range(ROUNDS)]
    many_spent = [_p95(lambda: _claim_and_release(queue, spent)) for _ in range(ROUNDS)]
    many_called = [_p95(lambda: _claim_and_release(on_call, person)) for _ in range(ROUNDS)]
    yield figure(
        "B6 claim next", f"p95 at {MANY:,} waiting ÷ p95 at {FEW:,}", many, few, at_most=1.5, unit="s",
        bare_skip_locked_p95=f"{1000 * sorted(bare)[ROUNDS // 2]:.2f} ms", queries=_queries_of(queue, person),
    )  # fmt: skip
    yield figure(
        "B6 claim next", f"p95 for a reader of {FEW:,} behind {MANY:,} in another language ÷ p95 at {FEW:,}", many_read,
        few_read, at_most=1.5, unit="s",
    )  # fmt: skip
    yield figure(
        "B6 claim next", f"p95 for who reached their limit, at {MANY:,} waiting ÷ at {FEW:,}", many_spent, few_spent,
        at_most=1.5, unit="s",
    )  # fmt: skip
    yield figure(
        "B6 claim next", f"p95 for who is on call, beside {MANY:,} waiting ÷ beside {FEW:,}", many_called, few_called,
        at_most=1.5, unit="s",
    )  # fmt: skip


def _reach_limit(queue: UUID) -> Person:
    """Another member of the queue, whose limit is reached."""
    other = Person.objects.get(name="Mo")
    QueueMember.objects.create(queue_id=queue, person=other, ordinal=2)
    set_preferences(person=other.pk, changes={"exposure_cap": 1})
    before = population.new_source("before the limit")
    population.waiting_tasks(source=before, queue=queue, upto=1)
    population.decided(source=before, author="b", person=other.pk, count=1)
    return Person.objects.get(pk=other.pk)


def _make_heavy(queue: UUID) -> None:
    """What comes first is heavy, nearly as far as a light one is looked for."""
    most = min(rules_care.LIGHT_REACH - rules.CANDIDATES, FEW // 4)
    first = Task.objects.filter(queue=queue, state="waiting").order_by("tier", "rank_at", "id")[:most]
    Task.objects.filter(pk__in=list(first.values_list("pk", flat=True))).update(
        severity=rules_care.HEAVY_FROM
    )


def _escalate(person: Person) -> UUID:
    """A queue for every way to escalate, together a thousand items; returns the first, for which the person is on call."""
    made = [
        Queue.objects.create(
            slug=kind.slug, name=kind.words, escalation=code, members_only=True, ordinal=1_000
        )
        for code, kind in KINDS.items()
    ]
    for queue in made:
        QueueMember.objects.create(queue=queue, person=person, ordinal=1)
        source = population.new_source(queue.slug)
        population.escalated(queue=queue.pk, source=source, person=person.pk, count=max(1, FEW // len(made)))
    return made[0].pk


def _change_policy() -> None:
    """A policy that no rule leads here has a second version, which is asked of everybody before a claim."""
    source = (settings.BASE_DIR / "policies_seed" / "sexual.md").read_text(encoding="utf-8")
    for text in (source, source.replace("\ntitle: ", "\ntitle: New ", 1)):
        import_policy(source=text, actor=OPERATOR, publish=True)


def _begin_shift(queue: UUID, person: Person) -> Person:
    """The queue is for members, of whom the person is one, who has decided some items already under a limit."""
    Queue.objects.filter(pk=queue).update(members_only=True)
    QueueMember.objects.create(queue_id=queue, person=person, ordinal=1)
    set_preferences(person=person.pk, changes={"exposure_cap": MOST_EXPOSURE})
    before = population.new_source("before")
    population.waiting_tasks(source=before, queue=queue, upto=DECIDED)
    population.decided(source=before, author="a", person=person.pk, count=DECIDED)
    return Person.objects.get(pk=person.pk)


def _exclude(queue: UUID, person: Person, language: str) -> None:
    """The first that a claim looks at of a language are nothing for the person: a quarter for each reason."""
    few = min(rules.CANDIDATES, FEW // 2) // 4
    waiting = Task.objects.filter(queue=queue, state="waiting", language=language)
    first = list(waiting.order_by("tier", "rank_at", "id").values_list("pk", "item_id")[: 4 * few])
    tasks, items = [row[0] for row in first], [row[1] for row in first]
    Skip.objects.bulk_create(Skip(task_id=task, person=person) for task in tasks[:few])
    other = Person.objects.exclude(pk=person.pk).earliest("created_at")
    until = Now() + timedelta(hours=4)
    Task.objects.filter(pk__in=tasks[few : 2 * few]).update(assigned_to=other, assigned_until=until)
    own = Decision.objects.filter(person=person).earliest("at")
    Task.objects.filter(pk__in=tasks[2 * few : 3 * few]).update(kind="second", answers=own)
    author = Author.objects.create(source=Source.objects.earliest("created_at"), external_id=language)
    ProtectedAuthor.objects.create(author=author, reference="case 1", person=other)
    Item.objects.filter(pk__in=items[3 * few :]).update(author=author)


def _queries_of(queue: UUID, person: Person) -> int:
    """How many statements one claim sends, those that open and end its transaction with them."""
    with CaptureQueriesContext(connection) as asked:
        claim = actions.claim_next(queue=queue, person=person)
    assert claim is not None
    actions.release(task=claim.task, epoch=claim.epoch, person=person)
    return len(asked)


def _reader(person: Person) -> Person:
    """The same person, with the language of what waits at first."""
    set_languages(person=person.pk, languages={FIRST: "native"}, actor=OPERATOR)
    return Person.objects.get(pk=person.pk)


def queue_page(_database: str) -> Iterator[Figure]:
    """B7: p95 of the queue page at a million waiting against a thousand: its first, middle and last page, and each filter.

    Nothing fits the filters that have to look: of a million they go as far as of a thousand.
    """
    person, queue, grow = _queue_and_people()
    client = Client(SERVER_NAME="localhost")
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    slug = Queue.objects.get(pk=queue).slug
    grow(FEW)
    population.new_source(ELSEWHERE)
    few = {name: _pages(ask) for name, ask in _looks(client, slug, FEW)}
    grow(MANY)
    for name, ask in _looks(client, slug, MANY):
        what = f"{name}, p95 at {MANY:,} waiting ÷ p95 at {FEW:,}"
        yield figure("B7 queue page", what, _pages(ask), few[name], at_most=1.2, unit="s")


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


def _looks(client: Client, slug: str, size: int) -> list[tuple[str, Callable[[], int]]]:
    """Pages whose cursor stands before the first row, in the middle, and 51 rows before the end; then a filter each."""
    path = f"/queues/{slug}"
    ranked = Task.objects.order_by("tier", "rank_at", "id").values_list("id", flat=True)
    places = {"middle page": size // 2, "last page": max(0, size - 51)}
    addresses = {"first page": path} | {name: f"{path}?after={ranked[at]}" for name, at in places.items()}
    addresses |= {
        "by source": f"{path}?source={ELSEWHERE}", "by language": f"{path}?language={FIRST}",
        "by reports": f"{path}?reported=1", "oldest first": f"{path}?order=oldest",
    }  # fmt: skip

    def opened(address: str) -> Callable[[], int]:
        return lambda: client.get(address).status_code

    looks = [(name, opened(address)) for name, address in addresses.items()]
    return [*looks, ("by words", lambda: client.post(path, {"words": "nowhere"}).status_code)]


def _pages(ask: Callable[[], int]) -> list[float]:
    def once() -> float:
        begun = time.perf_counter()
        assert ask() == 200
        return time.perf_counter() - begun

    for _ in range(10):
        once()
    return [percentile([once() for _ in range(CALLS // 5)], 0.95) for _ in range(ROUNDS)]
