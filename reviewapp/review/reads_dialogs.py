"""The read door of the dialogs on the review screen: times to hold until, people and queues to hand to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts import reads_notices
from reviewapp.accounts import rules as who
from reviewapp.accounts.models import Person
from reviewapp.review import rules_claims
from reviewapp.review.models import Queue, QueueMember, Task
from reviewapp.review.rules_escalation import KINDS
from reviewapp.ui.words import Words

MOST_PEOPLE: Final = 200


@dataclass(frozen=True, slots=True)
class HoldChoice:
    """When a hold may end: code, digit, words, and the time where it is known."""

    code: str
    digit: int
    words: Words
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody an item can be handed to."""

    id: UUID
    name: str
    working: bool
    languages: str


@dataclass(frozen=True, slots=True)
class EscalationChoice:
    """One kind of escalation, and who is told first."""

    code: str
    digit: int
    words: str
    target_minutes: int
    limits: bool
    keeps: bool
    on_call: str


@dataclass(frozen=True, slots=True)
class Dialogs:
    """Everything that the dialogs offer; nothing in it is of one item."""

    holds_used: int
    holds_most: int
    holds: tuple[HoldChoice, ...]
    waits: dict[str, Words]
    why: dict[str, Words]
    people: tuple[Colleague, ...]
    queues: tuple[tuple[UUID, str], ...]
    kinds: tuple[EscalationChoice, ...]


def dialogs(person: Person, *, now: datetime) -> Dialogs:
    """What one person may choose; `now` in their own zone."""
    ends = reads_notices.preferences(person).shift_ends
    holds = []
    for code, words, digit in rules_claims.choices_of(rules_claims.HOLD_UNTIL):
        if code != "shift" or ends:
            holds.append(
                HoldChoice(code, digit, words, rules_claims.hold_end(code, now=now, shift_ends=ends))
            )
    return Dialogs(
        holds_used=Task.objects.filter(claimed_by=person, state="held").count(), holds_most=rules_claims.MOST_HOLDS,
        holds=tuple(holds), waits=rules_claims.HOLD_WAITS, why=rules_claims.HAND_WHY, people=_people(person),
        queues=tuple(Queue.objects.values_list("pk", "name")), kinds=_kinds(),
    )  # fmt: skip


def _kinds() -> tuple[EscalationChoice, ...]:
    on_call: dict[str, str] = {}
    members = (
        QueueMember.objects.select_related("person", "queue")
        .filter(person__is_active=True)
        .exclude(queue__escalation="")
    )
    for each in members:
        on_call.setdefault(each.queue.escalation, str(each.person))
    return tuple(
        EscalationChoice(
            code,
            digit,
            _(kind.words),
            kind.target_minutes,
            kind.limits,
            kind.keeps,
            on_call.get(code, _("every senior")),
        )
        for digit, (code, kind) in enumerate(KINDS.items(), start=1)
    )


def _people(person: Person) -> tuple[Colleague, ...]:
    """Who works queues, those at work first."""
    working = set(Task.objects.filter(state="claimed").values_list("claimed_by", flat=True)[:1_000])
    others = (
        Person.objects.filter(is_active=True).exclude(pk=person.pk).order_by("name", "email")[:MOST_PEOPLE]
    )
    found = [
        Colleague(
            each.pk, str(each), each.pk in working, ", ".join(reads_notices.preferences(each).languages)
        )
        for each in others
        if who.may(each.roles, "queue.work")
    ]
    return tuple(sorted(found, key=lambda each: not each.working))
