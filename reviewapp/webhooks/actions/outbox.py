"""The write door of the outbox: announce in the transaction of the change, cancel, let go when the window ends."""

from collections.abc import Sequence
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
    SELECT e.id, told.event FROM webhooks_endpoint e, unnest(%s::text[]) WITH ORDINALITY AS told(event, place)
    WHERE e.removed_at IS NULL AND (e.events = '{}' OR told.event = ANY(e.events)) ORDER BY told.place
"""


@dataclass(frozen=True, slots=True)
class Released:
    """A decision whose announcement may leave from now on."""

    event: str
    item: UUID
    decision: UUID


def announce(*, events: Sequence[str], item: UUID, decision: UUID | None, release_at: datetime) -> None:
    """Write one held delivery for each event and endpoint that wants it; where none does, one that names no endpoint.

    One that is paused or was stopped gets what it missed when it is resumed.
    Joins the open transaction of the change it tells of, whose own audit event covers it. Raises ValueError for an
    event that is not in the list, TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("announce in the transaction of the change")
    announcements = {Announced(event).value: new_id() for event in events}
    with connection.cursor() as cursor:
        cursor.execute(_WANTING, [list(announcements)])
        wanting: list[tuple[UUID | None, str]] = cursor.fetchall()
    Delivery.objects.bulk_create(
        Delivery(
            announcement=announcements[event], endpoint_id=endpoint, event=event, item=item, decision=decision,
            release_at=release_at,
        )
        for endpoint, event in wanting or [(None, next(iter(announcements)))]
    )  # fmt: skip


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
