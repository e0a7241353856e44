"""The write door of the outbox: announce in the transaction of the change, cancel, let go when the window ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.webhooks.models import Delivery
from reviewapp.webhooks.rules import Announced, DeliveryState

_WANTING: Final = """
    SELECT id FROM webhooks_endpoint WHERE removed_at IS NULL AND (events = '{}' OR %s = ANY(events))
"""


@dataclass(frozen=True, slots=True)
class Released:
    """A decision whose announcement may leave from now on."""

    event: str
    item: UUID
    decision: UUID


def announce(*, event: str, item: UUID, decision: UUID | None, release_at: datetime) -> UUID:
    """Write one held delivery for each endpoint that wants `event`, or one that names none.

    One that is paused or was stopped gets what it missed when it is resumed.
    Joins the open transaction of the change it tells of, whose own audit event covers it. Returns the announcement's
    id. Raises ValueError for an event that is not in the list, TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("announce in the transaction of the change")
    name = Announced(event).value
    with connection.cursor() as cursor:
        cursor.execute(_WANTING, [name])
        endpoints: list[UUID | None] = [row[0] for row in cursor.fetchall()]
    announcement = new_id()
    Delivery.objects.bulk_create(
        Delivery(
            announcement=announcement, endpoint_id=endpoint, event=name, item=item, decision=decision,
            release_at=release_at,
        )
        for endpoint in endpoints or [None]
    )  # fmt: skip
    return announcement


def cancel(*, decision: UUID) -> bool:
    """Cancel what would tell of `decision`; False when any of it is already on its way (then roll back).

    A decision that was never announced (an item that is not live) can always be taken back.
    """
    told = Delivery.objects.filter(decision=decision)
    stoppable = [DeliveryState.HELD.value, DeliveryState.WAITING.value]
    told.filter(state__in=stoppable).update(state=DeliveryState.CANCELLED.value)
    return not told.exclude(state=DeliveryState.CANCELLED.value).exists()


def let_go(*, decision: UUID) -> None:
    """End the window of what would tell of `decision`: it leaves with the next `release_due`."""
    held = Delivery.objects.filter(decision=decision, state=DeliveryState.HELD)
    held.update(release_at=Now())


def release_due(*, limit: int = 500) -> list[Released]:
    """Let held deliveries whose time has come wait for the dispatcher; at most `limit`, one worker at a time each.

    Joins the caller's transaction, which places the decisions in their feed. Returns the decisions among them, in
    the order in which their windows ended.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS (
                SELECT id FROM webhooks_delivery WHERE state = 'held' AND release_at <= clock_timestamp()
                ORDER BY release_at LIMIT %s FOR UPDATE SKIP LOCKED
            ), freed AS (
                UPDATE webhooks_delivery d SET state = 'waiting' FROM due WHERE d.id = due.id
                RETURNING d.event, d.item, d.decision, d.release_at
            )
            SELECT event, item, decision FROM freed WHERE decision IS NOT NULL
            GROUP BY event, item, decision ORDER BY min(release_at), decision
            """,
            [limit],
        )
        return [Released(*row) for row in cursor.fetchall()]
