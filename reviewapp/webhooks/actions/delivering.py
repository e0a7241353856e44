"""Deliveries on their way: taken under a lease, settled with what each try met, played again on demand."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from reviewapp import doorbell
from reviewapp.accounts.actions import notify_roles
from reviewapp.audit.actions import Actor, record
from reviewapp.webhooks import rules
from reviewapp.webhooks.actions.endpoints import locked
from reviewapp.webhooks.models import Attempt, Delivery, Endpoint
from reviewapp.webhooks.rules import DeliveryState
from reviewapp.webhooks.wire import Answer

LEASE: Final = timedelta(seconds=60)
MOST_AT_ONE: Final = 8
"""Posts in flight to one endpoint, so that a slow one leaves room for the others."""
MOST_REPLAYED: Final = 100_000
DISPATCHER: Final = Actor("machine", "dispatcher")
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery to post, and what it needs: where to, signed with what, telling of what."""

    id: UUID
    announcement: UUID
    endpoint: UUID
    event: str
    item: UUID
    decision: UUID | None
    attempts: int
    created_at: datetime
    url: str
    secrets: tuple[str, ...]


@transaction.atomic
def claim_due(*, in_flight: Mapping[UUID, int], most: int) -> list[Claimed]:
    """Take up to `most` due deliveries, no more than an endpoint has room for besides those `in_flight`."""
    claimed: list[Claimed] = []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, url, failures, secret, CASE WHEN previous_until > now() THEN previous_secret ELSE '' END
            FROM webhooks_endpoint
            WHERE active AND (retry_at IS NULL OR retry_at <= clock_timestamp()) ORDER BY random()
            """
        )
        for endpoint, url, failures, *kept in cursor.fetchall():
            room = rules.room_of(failures, in_flight.get(endpoint, 0), MOST_AT_ONE)
            cursor.execute(
                """
                UPDATE webhooks_delivery d SET state = 'sending', attempts = d.attempts + 1,
                    lease_until = clock_timestamp() + make_interval(secs => %s)
                FROM (
                    SELECT id FROM webhooks_delivery
                    WHERE endpoint_id = %s AND state = 'waiting' AND release_at <= clock_timestamp()
                    ORDER BY release_at LIMIT %s FOR UPDATE SKIP LOCKED
                ) AS due WHERE d.id = due.id
                RETURNING d.id, d.announcement, d.endpoint_id, d.event, d.item, d.decision, d.attempts, d.created_at
                """,
                [LEASE.total_seconds(), endpoint, min(room, most - len(claimed))],
            )
            secrets = tuple(secret for secret in kept if secret)
            claimed += [Claimed(*(*row, url, secrets)) for row in cursor.fetchall()]
    return claimed


@transaction.atomic
def settle(*, results: Sequence[tuple[Claimed, Answer]]) -> None:
    """Write down what posts met: delivered, to be tried again, or dead; and what that says of their endpoints.

    A delivery whose lease was taken over meanwhile keeps what the other one makes of it; the try is logged all the same.
    """
    Attempt.objects.bulk_create(
        Attempt(
            delivery_id=claimed.id, status=answer.status, problem=answer.problem, seconds=answer.seconds, answer=answer.text
        )
        for claimed, answer in results
    )  # fmt: skip
    counts = {"delivered": 0, "waiting": 0, "dead": 0}
    for claimed, answer in sorted(results, key=lambda result: result[0].id):
        counts[_settle_one(claimed, answer)] += 1
    for endpoint in sorted({claimed.endpoint for claimed, _ in results}):
        _judge(endpoint, [answer for claimed, answer in results if claimed.endpoint == endpoint])
    subjects = [claimed.id for claimed, _ in results]
    record(verb="webhook.tried", actor=DISPATCHER, subjects=subjects, data=counts)


@transaction.atomic
def return_lapsed() -> int:
    """Give back deliveries whose dispatcher died on the way; the receiver may get one twice, under the same id."""
    lapsed = Delivery.objects.filter(state=DeliveryState.SENDING, lease_until__lt=Now())
    keys = list(lapsed.select_for_update(skip_locked=True).values_list("pk", flat=True)[:1_000])
    if keys:
        Delivery.objects.filter(pk__in=keys).update(state=DeliveryState.WAITING, lease_until=None)
        record(verb="webhook.returned", actor=DISPATCHER, subjects=keys)
    return len(keys)


@transaction.atomic
def replay(
    *, endpoint: UUID, actor: Actor, delivery: UUID | None = None, since: datetime | None = None,
    until: datetime | None = None, only_dead: bool = False,
) -> int:  # fmt: skip
    """Send deliveries once more under their old ids: one, or all made from `since` to `until`; gives how many.

    Without `only_dead` those that arrived are sent again too. What is held, waiting or cancelled is left as it is.
    Raises Missing, WasRemoved.
    """
    locked(endpoint)
    ended = [DeliveryState.DEAD] if only_dead else [DeliveryState.DEAD, DeliveryState.DELIVERED]
    rows = Delivery.objects.filter(endpoint=endpoint, state__in=ended)
    if delivery is not None:
        rows = rows.filter(pk=delivery)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if until is not None:
        rows = rows.filter(created_at__lt=until)
    keys = list(rows.order_by("created_at").values_list("pk", flat=True)[:MOST_REPLAYED])
    moved = Delivery.objects.filter(pk__in=keys, state__in=ended).update(
        state=DeliveryState.WAITING, attempts=0, release_at=Now()
    )
    if moved:
        record(verb="webhook.replayed", actor=actor, subjects=[endpoint], data={"count": moved})
        doorbell.ring("deliver")
    return moved


def _settle_one(claimed: Claimed, answer: Answer) -> str:
    mine = Delivery.objects.filter(pk=claimed.id, state=DeliveryState.SENDING, attempts=claimed.attempts)
    if rules.is_success(answer.status):
        mine.update(state=DeliveryState.DELIVERED, lease_until=None)
        return "delivered"
    wait = rules.wait_before(claimed.attempts, jitter=random.random())  # noqa: S311  spread, not secrecy
    if wait is None:
        mine.update(state=DeliveryState.DEAD, lease_until=None)
        return "dead"
    if answer.retry_after is not None:
        asked = timedelta(seconds=answer.retry_after)
        wait = max(wait, min(asked, rules.LONGEST_RETRY_AFTER))
    mine.update(state=DeliveryState.WAITING, lease_until=None, release_at=Now() + wait)
    return "waiting"


def _judge(endpoint: UUID, answers: Sequence[Answer]) -> None:
    """Close the endpoint's circuit, open it for a while, or stop the endpoint."""
    if any(rules.is_success(answer.status) for answer in answers):
        Endpoint.objects.filter(pk=endpoint, failures__gt=0).update(
            failures=0, failing_since=None, retry_at=None
        )
        return
    kept = Endpoint.objects.select_for_update().get(pk=endpoint)
    failures = kept.failures + len(answers)
    rest = rules.rest_of_circuit(failures)
    Endpoint.objects.filter(pk=endpoint).update(
        failures=failures,
        failing_since=F("failing_since") if kept.failing_since else Now(),
        retry_at=Now() + rest if rest else None,
    )
    if any(answer.status == _GONE for answer in answers):
        _stop(endpoint, gettext_noop("answered 410 Gone"))
    elif Endpoint.objects.filter(pk=endpoint, failing_since__lt=Now() - rules.STOPPED_AFTER).exists():
        _stop(endpoint, gettext_noop("failed for 3 days"))


def _stop(endpoint: UUID, why: str) -> None:
    if Endpoint.objects.filter(pk=endpoint, active=True).update(active=False, stopped_why=why):
        record(verb="webhook.stopped", actor=DISPATCHER, subjects=[endpoint], data={"why": why})
        notify_roles(roles=["admin"], kind="webhook_stopped", about=endpoint)
