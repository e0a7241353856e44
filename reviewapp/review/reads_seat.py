"""The read door of where an item stands for one person: its row and their task, else an open one, else the latest, who has it, what they typed."""

import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.intake.models import Author, Item, Source
from reviewapp.questions import Answer, Rows, Trip
from reviewapp.review.models import Queue, Task
from reviewapp.review.rules import OPEN_TASK_STATES
from reviewapp.ui.errors import Missing

# In the order of the models' fields, which `from_db` takes them in; what is not named is looked up when it is used.
_ITEM: Final = (
    "id", "source_id", "external_id", "revision", "state", "restricted", "likeness", "thread", "author_id", "language",
    "detected", "policies", "created_at", "received_at",
)  # fmt: skip
_TASK: Final = (
    "id", "item_id", "kind", "queue_id", "due_at", "terms", "severity", "state", "claimed_by_id", "reserved",
    "lease_epoch", "hold_until", "assigned_to_id", "answers_id", "blind",
)  # fmt: skip
_QUEUE: Final = ("slug", "name", "escalation", "blind_percent")
_DRAFT: Final = (
    "section", "other", "action", "days", "territories", "exception", "review_on", "reason_code", "reason",
)  # fmt: skip


def columns(alias: str, names: tuple[str, ...]) -> str:
    """The columns of a table called `alias`, as a statement names them."""
    return ", ".join(f"{alias}.{name}" for name in names)


# Everybody asks it for every screen: the ORM took as long to write it as the database to answer.
_PLACE: Final = f"""
    SELECT s.name, a.external_id, coalesce(nullif(c.name, ''), c.email), coalesce(nullif(g.name, ''), g.email),
        ceil(extract(epoch FROM t.lease_until - clock_timestamp()))::int, t.assigned_until < clock_timestamp(),
        u.typed->>'text', {columns("q", _QUEUE)}, {columns("d", _DRAFT)}, {columns("t", _TASK)}, {columns("i", _ITEM)}
    FROM intake_item i JOIN intake_source s ON s.id = i.source_id LEFT JOIN intake_author a ON a.id = i.author_id
    LEFT JOIN LATERAL (
        SELECT * FROM review_task WHERE item_id = i.id
        ORDER BY (claimed_by_id = %(person)s AND state = 'claimed') IS TRUE DESC,
            state = ANY(%(open)s) DESC, created_at DESC LIMIT 1
    ) t ON true
    LEFT JOIN review_queue q ON q.id = t.queue_id
    LEFT JOIN accounts_person c ON c.id = t.claimed_by_id LEFT JOIN accounts_person g ON g.id = t.assigned_to_id
    LEFT JOIN review_draft d ON d.task_id = t.id AND d.person_id = %(person)s
    LEFT JOIN review_unsent u ON u.item_id = i.id AND u.person_id = %(person)s AND u.form = 'note'
    WHERE i.id = %(item)s
"""  # noqa: S608 - only constants are put together


@dataclass(frozen=True, slots=True)
class Seat:
    """The claim that the form on the screen writes under."""

    task: UUID
    epoch: int
    left: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands for a person. `standing` says in a word why they have no seat; `draft` and `note`: what they typed and did not send.

    The words: mine, waiting, taken (by `holder`), reserved, lapsed, held, done, gone, none.
    """

    item: Item
    task: Task | None
    seat: Seat | None
    standing: str
    holder: str
    draft: dict[str, str]
    note: str


def place_of(item: UUID, person: Person) -> Place:
    """Where `item` stands, in one statement. Raises Missing for an unknown one."""
    return place_on(Trip(), item, person)()


def place_on(trip: Trip, item: UUID, person: Person) -> Answer[Place]:
    """The same, asked along with others."""
    asked = {"item": item, "person": person.pk, "open": list(OPEN_TASK_STATES)}
    return trip.ask(_PLACE, asked, lambda rows: _place(rows, person))


def _place(rows: Rows, person: Person) -> Place:
    if not rows:
        raise Missing(_("There is no such item."))
    source, author, claimer, assigned, left, is_over, note, *rest = rows[0]
    queue, rest = rest[: len(_QUEUE)], rest[len(_QUEUE) :]
    draft, rest = rest[: len(_DRAFT)], rest[len(_DRAFT) :]
    facts, rest = rest[: len(_TASK)], rest[len(_TASK) :]
    found = Item.from_db(None, _ITEM, rest)
    found.source = Source(id=found.source_id, name=source)
    found.author = Author(id=found.author_id, external_id=author) if found.author_id else None
    if facts[0] is None:
        return Place(found, None, None, "none", "", {}, note or "")
    task = Task.from_db(None, _TASK, facts)
    task.terms = json.loads(facts[_TASK.index("terms")])
    task.item, task.queue = found, Queue.from_db(None, ("id", *_QUEUE), [task.queue_id, *queue])
    typed = dict(zip(_DRAFT, draft, strict=True)) if draft[0] is not None else {}
    return Place(
        found, task, *_standing(task, person, claimer, assigned, left, is_over=is_over), typed, note or ""
    )


def _standing(
    task: Task, person: Person, claimer: str | None, assigned: str | None, left: int | None, *, is_over: bool | None
) -> tuple[Seat | None, str, str]:  # fmt: skip
    """The seat at the task, or why there is none, and who has it. `left`: seconds of the lease; `is_over`: an assignment lapsed."""
    mine = task.claimed_by_id == person.pk
    if task.state in {"claimed", "held"} and not mine:
        return None, "taken", claimer or ""
    if task.state == "claimed":
        if task.reserved:
            return None, "reserved", ""
        has_time = left is not None and left > 0
        return (Seat(task.pk, task.lease_epoch, left or 0), "mine", "") if has_time else (None, "lapsed", "")
    if task.state == "held":
        return None, "held", ""
    if task.state == "waiting" and task.assigned_to_id not in {None, person.pk} and not is_over:
        return None, "taken", assigned or ""
    return None, {"waiting": "waiting", "done": "done"}.get(task.state, "gone"), ""
