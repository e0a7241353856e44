"""What the pages of webhooks show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from reviewapp.ui.errors import Missing
from reviewapp.webhooks.models import Attempt, Delivery
from reviewapp.webhooks.rules import DeliveryState

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """One endpoint: `ended` deliveries of the last 24 h of which `delivered` arrived, and the oldest that waits."""

    id: UUID
    name: str
    url: str
    events: list[str]
    active: bool
    stopped_why: str
    removed_at: datetime | None
    retry_at: datetime | None
    previous_until: datetime | None
    delivered: int
    ended: int
    dead: int
    oldest_waiting: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery with what its last try met."""

    id: UUID
    announcement: UUID
    event: str
    item: UUID
    decision: UUID | None
    state: str
    attempts: int
    release_at: datetime
    created_at: datetime
    status: int | None
    problem: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries of an endpoint, newest first, and the time to go on before; None on the last page."""

    lines: Sequence[DeliveryLine]
    older: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one announcement at one endpoint, as of its last try."""

    delivery: UUID
    endpoint: UUID
    name: str
    event: str
    state: str
    at: datetime
    status: int | None


def endpoints(only: UUID | None = None) -> list[EndpointLine]:
    """All endpoints by name, those that were removed too, or one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.id, e.name, e.url, e.events, e.active, e.stopped_why,
                e.removed_at, CASE WHEN e.retry_at > now() THEN e.retry_at END,
                CASE WHEN e.previous_until > now() THEN e.previous_until END,
                count(d.id) FILTER (WHERE d.state = 'delivered'),
                count(d.id) FILTER (WHERE d.state IN ('delivered', 'dead')),
                (SELECT count(*) FROM webhooks_delivery x WHERE x.endpoint_id = e.id AND x.state = 'dead'),
                (SELECT min(x.created_at) FROM webhooks_delivery x WHERE x.endpoint_id = e.id AND x.state = 'waiting')
            FROM webhooks_endpoint e LEFT JOIN LATERAL (
                SELECT id, state FROM webhooks_delivery
                WHERE endpoint_id = e.id AND created_at > now() - interval '24 hours'
            ) d ON true
            WHERE %s::uuid IS NULL OR e.id = %s
            GROUP BY e.id ORDER BY e.name, e.created_at
            """,
            [only, only],
        )
        return [EndpointLine(*row) for row in cursor.fetchall()]


def endpoint(key: UUID) -> EndpointLine:
    """One endpoint. Raises Missing."""
    found = endpoints(key)
    if not found:
        raise Missing(_("There is no such endpoint. Look at the list of webhooks."))
    return found[0]


def deliveries(key: UUID, *, state: str = "", before: datetime | None = None) -> DeliveryPage:
    """A page of the delivery log of an endpoint, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.id, d.announcement, d.event, d.item, d.decision, d.state, d.attempts, d.release_at, d.created_at,
                last.status, coalesce(last.problem, ''), last.seconds
            FROM webhooks_delivery d LEFT JOIN LATERAL (
                SELECT status, problem, seconds FROM webhooks_attempt t WHERE t.delivery_id = d.id
                ORDER BY t.at DESC LIMIT 1
            ) last ON true
            WHERE d.endpoint_id = %s AND (%s = '' OR d.state = %s) AND (%s::timestamptz IS NULL OR d.created_at < %s)
            ORDER BY d.created_at DESC, d.id DESC LIMIT %s
            """,
            [key, state, state, before, before, PAGE + 1],
        )
        lines = [DeliveryLine(*row) for row in cursor.fetchall()]
    older = lines[PAGE - 1].created_at.isoformat() if len(lines) > PAGE else None
    return DeliveryPage(lines[:PAGE], older)


def attempts(delivery: UUID, endpoint: UUID) -> list[Attempt]:
    """The tries of one delivery, newest first."""
    return list(
        Attempt.objects.filter(delivery=delivery, delivery__endpoint=endpoint).order_by("-at", "-pk")[:50]
    )


def delivery(key: UUID) -> Delivery:
    """One delivery. Raises Missing."""
    found = Delivery.objects.filter(pk=key).select_related("endpoint").first()
    if found is None:
        raise Missing(_("There is no such delivery. It may be older than the log."))
    return found


def told_of(*, decision: UUID) -> list[Told]:
    """Whom a decision was announced to, oldest first, and how that went."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.id, e.id, e.name, d.event, d.state, coalesce(last.at, d.created_at), last.status
            FROM webhooks_delivery d JOIN webhooks_endpoint e ON e.id = d.endpoint_id LEFT JOIN LATERAL (
                SELECT at, status FROM webhooks_attempt t WHERE t.delivery_id = d.id ORDER BY t.at DESC LIMIT 1
            ) last ON true
            WHERE d.decision = %s ORDER BY d.created_at, e.name, d.id
            """,
            [decision],
        )
        return [Told(*row) for row in cursor.fetchall()]


def is_told(*, decisions: Sequence[UUID]) -> bool:
    """Whether any of these decisions left, or will if nothing cancels it."""
    told = Delivery.objects.filter(decision__in=decisions)
    return told.exclude(state=DeliveryState.CANCELLED).exists()


def is_due() -> bool:
    """Whether something could be sent now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (
                SELECT FROM webhooks_endpoint e WHERE e.active AND (e.retry_at IS NULL OR e.retry_at <= clock_timestamp())
                AND EXISTS (SELECT FROM webhooks_delivery d
                    WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.release_at <= clock_timestamp()))
            """
        )
        return bool(cursor.fetchone()[0])
