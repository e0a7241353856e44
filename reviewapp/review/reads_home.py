"""The read door of the list of queues: what waits in each, what one person has in hand, and the first steps in an empty house."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.audit.clock import database_time
from reviewapp.policies import reads as policies
from reviewapp.review import reads
from reviewapp.review.models import Escalation, Queue, QueueMember, Task, Unsent
from reviewapp.review.reads import QueueLine
from reviewapp.review.reads_previews import previews_of
from reviewapp.review.rules import UnsentForm
from reviewapp.review.rules_claims import HOLD_WAITS
from reviewapp.review.rules_escalation import KINDS
from reviewapp.screening.reads_engine import engine_rows

MOST_ESCALATED: Final = 5
MOST_UNSENT: Final = 20
_POLICIES: Final = """
    SELECT r.queue_id, v.title, v.number FROM review_routingrule r CROSS JOIN unnest(r.policies) AS named(slug)
    JOIN policies_policy p ON p.slug = named.slug JOIN policies_version v ON v.policy_id = p.id AND v.state = 'published'
    GROUP BY r.queue_id, v.title, v.number ORDER BY min(r.ordinal), v.title
"""


@dataclass(frozen=True, slots=True)
class MineLine:
    """A task that a person claimed or holds, or an item that they escalated; `why` says of a hold and an escalation what for."""

    item: UUID
    preview: str
    queue: str
    state: str
    reserved: bool
    until: datetime | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class UnsentLine:
    """A note or a case (`form`) that a person typed on an item and has not sent, as far as its words go on a line."""

    item: UUID
    form: str
    words: str
    at: datetime

    @property
    def address(self) -> str:
        """Where the form stands; `/unsent` below it keeps or forgets the words."""
        return f"/lab/items/{self.item}/case" if self.form == UnsentForm.CASE else f"/review/{self.item}"


@dataclass(frozen=True, slots=True)
class Home:
    """The queue list of one person. `policies`: by slug, title and number of those whose items a rule sends there.

    `closed`: slugs of queues whose members alone are served, and the person is none.
    """

    queues: tuple[QueueLine, ...]
    policies: dict[str, tuple[tuple[str, int], ...]]
    mine: tuple[MineLine, ...]
    unsent: tuple[UnsentLine, ...]
    waiting: int
    capped: bool
    in_hand: UUID | None
    late: str
    untouched: bool
    closed: frozenset[str]

    @property
    def next(self) -> QueueLine | None:
        """The queue with the least time left in which something waits, of those that serve the person."""
        return next((line for line in self.queues if line.waiting and line.slug not in self.closed), None)

    @property
    def lines(self) -> tuple[tuple[QueueLine, tuple[tuple[str, int], ...]], ...]:
        """Each queue with its policies."""
        return tuple((line, self.policies.get(line.slug, ())) for line in self.queues)

    @property
    def returns(self) -> int:
        """How many of the lines go back to their queue when the shift ends."""
        return sum(line.state != "escalated" for line in self.mine)


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What stands, and what is missing before real use, where no item ever arrived.

    `policies` are the slugs in force. `practice`: no language model answers. `alone`: one person signs in here. `local`: only
    from this machine.
    """

    policies: tuple[str, ...]
    practice: bool
    alone: bool
    local: bool


def home(person: Person) -> Home:
    """What waits in each queue, the most urgent one first; what the person has in hand; whether anything ever arrived."""
    mine = _in_hands(person)
    counted = Counter(line.queue for line in mine)
    found = list(Queue.objects.all())
    lines = [reads.line_of(queue, counted[queue.name]) for queue in found]
    now = database_time()
    queues = tuple(sorted(lines, key=lambda line: (line.due is None, line.due or now)))
    in_hand = next((line.item for line in mine if line.state == "claimed" and not line.reserved), None)
    first = queues[0] if queues else None
    return Home(
        queues=queues, policies=_policies({queue.pk: queue.slug for queue in found}), mine=(*mine, *_escalated(person)),
        unsent=_unsent(person), waiting=sum(line.waiting for line in queues), capped=any(line.capped for line in queues), in_hand=in_hand,
        late=first.name if first and first.due and first.due < now else "", untouched=_untouched(),
        closed=_closed(found, person),
    )  # fmt: skip


def first_steps() -> FirstSteps:
    """How far an empty house is from real use."""
    return FirstSteps(
        policies=tuple(each.slug for each in policies.in_force()),
        practice=not any(each.model and not each.practice for each in engine_rows()),
        alone=Person.objects.filter(is_active=True).count() < 2,
        local=not settings.PUBLIC_URL,
    )


def _closed(queues: Sequence[Queue], person: Person) -> frozenset[str]:
    closed = {queue.pk: queue.slug for queue in queues if queue.members_only}
    if not closed or may(person.roles, "queue.manage"):
        return frozenset()
    mine = QueueMember.objects.filter(person=person, queue__in=list(closed)).values_list("queue", flat=True)
    return frozenset(closed.values()) - {closed[queue] for queue in mine}


def _policies(slugs: dict[UUID, str]) -> dict[str, tuple[tuple[str, int], ...]]:
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_POLICIES)
        for queue, title, number in cursor.fetchall():
            found[slugs[queue]].append((title, number))
    return {slug: tuple(each) for slug, each in found.items()}


def _in_hands(person: Person) -> tuple[MineLine, ...]:
    tasks = list(
        Task.objects.select_related("queue")
        .filter(
            Q(claimed_by=person, state__in=["claimed", "held"])
            | Q(assigned_to=person, state="waiting", assigned_until__gt=Now()),
            item__restricted=False,
        )
        .order_by("reserved", "claimed_at")
    )
    previews = previews_of([task.item_id for task in tasks], person)
    return tuple(
        MineLine(
            task.item_id, previews.get(task.item_id, ""), task.queue.name, task.state, task.reserved,
            task.hold_until or task.lease_until or task.assigned_until,
            str(HOLD_WAITS.get(task.hold_reason, "")) if task.state == "held" else "",
        )
        for task in tasks
    )  # fmt: skip


def _escalated(person: Person) -> tuple[MineLine, ...]:
    """What the person escalated and nobody has decided yet; `until` is when they did."""
    rows = list(
        Escalation.objects.select_related("task__queue")
        .filter(person=person, closed_at=None, item__restricted=False)
        .exclude(task__claimed_by=person)
        .order_by("-at")[:MOST_ESCALATED]
    )
    previews = previews_of([row.item_id for row in rows], person)
    return tuple(
        MineLine(
            row.item_id, previews.get(row.item_id, ""), row.task.queue.name, "escalated", False, row.at,
            _(KINDS[row.kind].words),
        )
        for row in rows
    )  # fmt: skip


def _unsent(person: Person) -> tuple[UnsentLine, ...]:
    rows = Unsent.objects.filter(person=person, item__restricted=False).order_by("-saved_at")[:MOST_UNSENT]
    return tuple(
        UnsentLine(row.item_id, row.form, row.typed.get("note") or row.typed.get("text", ""), row.saved_at)
        for row in rows
    )


def _untouched() -> bool:
    """Whether no item ever arrived."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOT EXISTS (SELECT FROM intake_item)")
        return bool(cursor.fetchone()[0])
