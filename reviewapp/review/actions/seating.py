"""The seat that a decision is written from: the task, locked, if its person may decide it now."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.intake.models import Item
from reviewapp.review.actions.claims import Claim, ClaimLost
from reviewapp.review.models import Decision, Queue, Task
from reviewapp.review.reads_seat import columns
from reviewapp.review.rules import TaskState
from reviewapp.ui.errors import Stale

# In the order of the models' fields, which `from_db` takes them in; what is not named is looked up when it is used.
_TASK: Final = (
    "id", "item_id", "kind", "queue_id", "policy", "severity", "language", "state", "claimed_by_id", "reserved",
    "lease_epoch", "answers_id", "blind",
)  # fmt: skip
_ITEM: Final = ("id", "state", "purpose", "restricted", "author_id")
_QUEUE: Final = ("id", "slug", "target_minutes", "undo_seconds", "escalation")
# The person's own lock is held, so whether this form was sent before is known in the same statement.
_SEAT: Final = f"""
    SELECT t.lease_until > clock_timestamp(), before.id,
        {columns("t", _TASK)}, {columns("i", _ITEM)}, {columns("q", _QUEUE)}
    FROM review_task t JOIN intake_item i ON i.id = t.item_id JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN review_decision before
        ON before.nonce = %(nonce)s AND before.task_id = t.id AND before.person_id = %(person)s
    WHERE t.id = %(task)s FOR UPDATE OF t
"""  # noqa: S608 - only constants are put together


class AlreadyDecided(Stale):
    """Somebody else decided the item first; details name their decision."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that stands, and the claim on the reserved task that took its place, if there was one."""

    decision: UUID
    item: UUID
    queue: UUID
    following: Claim | None
    repeated: bool = False


def seat_for(task: UUID, epoch: int, nonce: UUID, person: Person) -> Task | Decided:
    """Within `alone`: the task, locked, if the person may decide it now; the first decision if this form was sent before.

    Raises ClaimLost, AlreadyDecided.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SEAT, {"task": task, "nonce": nonce, "person": person.pk})
        row = cursor.fetchone()
    if row is None:
        raise ClaimLost(_("This task is not there any more."), task=str(task))
    alive, before, *found = row
    seat = _seat(found)
    if before is not None:
        return Decided(before, seat.item_id, seat.queue_id, None, repeated=True)
    mine = seat.state == TaskState.CLAIMED and seat.claimed_by_id == person.pk and not seat.reserved
    if mine and seat.lease_epoch == epoch and alive:
        return seat
    item = str(seat.item_id)
    if seat.state == TaskState.DONE:
        latest = Decision.objects.filter(task=task).order_by("-at").values_list("pk", flat=True).first()
        raise AlreadyDecided(
            _("This item is already decided. Nothing was sent from this screen."),
            item=item,
            decision=str(latest),
        )
    if seat.state == TaskState.WITHDRAWN:
        raise ClaimLost(_("This item left the queue: it was replaced, erased or restricted."), item=item)
    raise ClaimLost(
        _("Your time on this item ended. What you typed is still here; claim it again to go on."), item=item
    )


def _seat(found: list[Any]) -> Task:
    """The task with its item and queue, of their columns one after another."""
    task, rest = found[: len(_TASK)], found[len(_TASK) :]
    seat = Task.from_db(None, _TASK, task)
    seat.item = Item.from_db(None, _ITEM, rest[: len(_ITEM)])
    seat.queue = Queue.from_db(None, _QUEUE, rest[len(_ITEM) :])
    return seat
