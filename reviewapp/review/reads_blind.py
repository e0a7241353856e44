"""The read door of blind first calls: who still owes one, what they called, and how often people and verdicts agree."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.questions import Answer, Trip
from reviewapp.review.models import BlindCall, Task, VerdictsSeen
from reviewapp.review.rules import OPEN_TASK_STATES
from reviewapp.screening.rules_share import Share, share

MOST: Final = 2_000


def is_blind(task: Task | None, person: Person) -> bool:
    """Whether the person must call this task before they are shown what a machine or others said of it."""
    if (
        task is None
        or not task.blind
        or task.state not in OPEN_TASK_STATES
        or not may(person.roles, "queue.work")
    ):
        return False
    called = BlindCall.objects.filter(task=task, person=person)
    return not called.exists() and not VerdictsSeen.objects.filter(task=task, person=person).exists()


def item_is_blind(item: UUID, person: Person) -> bool:
    """The same for the latest task of an item."""
    return is_blind(Task.objects.filter(item_id=item).order_by("-created_at").first(), person)


def owed(person: Person, *, author: UUID) -> bool:
    """Whether the person has an item of this author in hand whose blind call is still open."""
    mine = Task.objects.filter(
        claimed_by=person, state__in=["claimed", "held"], blind=True, item__author_id=author
    )
    return any(is_blind(task, person) for task in mine)


def first_call(task: Task | None, person: Person) -> BlindCall | None:
    """What the person called before they saw the verdict, while the task is still open."""
    if task is None or not task.blind or task.state not in OPEN_TASK_STATES:
        return None
    return BlindCall.objects.filter(task=task, person=person).first()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often people said what the verdict said: before they saw it, and after."""

    blind: Share
    blind_sections: Share
    shown: Share


def measured_on(trip: Trip, policy: str, confidence: str) -> Answer[Share]:
    """Blind first calls that had the verdict's label, of a policy at one word of confidence; the latest 2,000."""
    return _share_on(
        trip,
        "SELECT same_label FROM review_blindcall WHERE policy = %s AND confidence = %s AND same_label IS NOT NULL"
        " ORDER BY at DESC LIMIT %s",
        [policy, confidence, MOST],
    )


def of_person(person: Person) -> Agreement:
    """One's own agreement over the latest 2,000 calls of each kind."""
    return _agreement("b.person_id = %s", "d.person_id = %s", person.pk)


def of_queue(queue: UUID) -> Agreement:
    """The agreement in one queue over its latest 2,000 calls of each kind."""
    return _agreement("t.queue_id = %s", "t.queue_id = %s", queue)


def _agreement(blind: str, shown: str, key: UUID) -> Agreement:
    called = (
        "FROM review_blindcall b JOIN review_task t ON t.id = b.task_id WHERE {} AND b.same_label IS NOT NULL"
    )
    order = "ORDER BY b.at DESC LIMIT %s"
    trip = Trip()
    labels = _share_on(trip, f"SELECT b.same_label {called.format(blind)} {order}", [key, MOST])
    sections = _share_on(
        trip, f"SELECT b.same_label AND b.same_section {called.format(blind)} {order}", [key, MOST]
    )
    after = _share_on(
        trip,
        f"""SELECT c.call = 'agreed' FROM review_verdictcall c JOIN review_decision d ON d.id = c.decision_id
        JOIN review_task t ON t.id = d.task_id WHERE {shown} AND c.verdict_id = d.lead_id AND NOT t.blind
        AND c.call IN ('agreed', 'overridden')
        AND NOT EXISTS (SELECT FROM review_decision n WHERE n.replaces_id = d.id AND n.kind = 'undone')
        ORDER BY d.at DESC LIMIT %s""",  # noqa: S608  own words
        [key, MOST],
    )
    return Agreement(blind=labels(), blind_sections=sections(), shown=after())


def _share_on(trip: Trip, query: str, values: list[Any]) -> Answer[Share]:
    counted = f"SELECT count(*) FILTER (WHERE same), count(*) FROM ({query}) AS each(same)"  # noqa: S608  own words
    return trip.ask(counted, values, lambda rows: share(*rows[0]))
