"""The read door of review: queues in a line, and their members."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.review import rules
from reviewapp.review.models import Queue, QueueMember, Task
from reviewapp.ui.errors import Missing

FEW: Final = 500
"""How far the page of one queue counts, so that it costs the same in a queue of any length."""


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One queue in the list. `waiting` is counted up to the cap; `due` is the earliest due time."""

    slug: str
    name: str
    description: str
    target_minutes: int
    waiting: int
    capped: bool
    oldest: datetime | None
    due: datetime | None
    mine: int
    oldest_first: bool


def queue_line(slug: str) -> tuple[UUID, QueueLine]:
    """A queue by its slug. Raises Missing."""
    queue = Queue.objects.filter(slug=slug).first()
    if queue is None:
        raise Missing(_("There is no queue of this name. The list of queues shows what there is."))
    return queue.pk, line_of(queue, 0, cap=FEW)


def queue_slug(queue: UUID) -> str:
    """The name of a queue in addresses. Raises Missing."""
    slug = Queue.objects.filter(pk=queue).values_list("slug", flat=True).first()
    if slug is None:
        raise Missing(_("There is no such queue any more. The list of queues shows what there is."))
    return slug


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member of a queue and their place on call."""

    id: UUID
    name: str
    ordinal: int


def queue_members(slug: str) -> tuple[Queue, tuple[MemberLine, ...], tuple[tuple[UUID, str], ...]]:
    """A queue, its members in their order, and who else could join. Raises Missing."""
    queue = Queue.objects.filter(slug=slug).first()
    if queue is None:
        raise Missing(_("There is no queue of this name. The list of queues shows what there is."))
    members = tuple(
        MemberLine(each.person_id, str(each.person), each.ordinal)
        for each in QueueMember.objects.select_related("person").filter(queue=queue)
    )
    inside = {each.id for each in members}
    others = Person.objects.filter(is_active=True, roles__overlap=["moderator", "senior", "admin"]).order_by(
        "name"
    )
    return queue, members, tuple((each.pk, str(each)) for each in others if each.pk not in inside)


def in_hand(person: Person) -> UUID | None:
    """The item of the person's live active claim."""
    claimed = Task.objects.filter(claimed_by=person, state="claimed", reserved=False, lease_until__gt=Now())
    return claimed.values_list("item_id", flat=True).first()


def line_of(queue: Queue, mine: int, *, cap: int = rules.COUNT_CAP) -> QueueLine:
    """A queue in the list, counted up to `cap`; `mine` of its tasks are in the person's hands."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM (SELECT FROM review_task WHERE queue_id = %(queue)s AND state = 'waiting'
                                          LIMIT %(cap)s) few),
                   head.due_at, i.received_at
            FROM (SELECT 1) one
            LEFT JOIN LATERAL (SELECT due_at, item_id FROM review_task
                WHERE queue_id = %(queue)s AND state = 'waiting' ORDER BY due_at LIMIT 1) head ON true
            LEFT JOIN intake_item i ON i.id = head.item_id
            """,
            {"queue": queue.pk, "cap": cap + 1},
        )
        waiting, due, oldest = cursor.fetchone()
    return QueueLine(
        slug=queue.slug, name=queue.name, description=queue.description, target_minutes=queue.target_minutes,
        waiting=min(waiting, cap), capped=waiting > cap, oldest=oldest, due=due, mine=mine,
        oldest_first=queue.oldest_first,
    )  # fmt: skip
