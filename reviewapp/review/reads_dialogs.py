"""The read door of the dialogs on the review screen: times to hold until, people and queues to hand to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts import reads_notices
from reviewapp.accounts import rules as who
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules_preferences import preferences_of
from reviewapp.questions import Answer, Rows, Trip
from reviewapp.review import rules_claims
from reviewapp.review.rules_escalation import KINDS
from reviewapp.ui.words import Words

MOST_PEOPLE: Final = 200
_PEOPLE: Final = """
    SELECT p.id, coalesce(nullif(p.name, ''), p.email), p.roles, p.preferences,
        EXISTS (SELECT FROM review_task t WHERE t.claimed_by_id = p.id AND t.state = 'claimed')
    FROM accounts_person p WHERE p.is_active AND p.id <> %(person)s ORDER BY p.name, p.email LIMIT %(most)s
"""
_QUEUES: Final = """
    SELECT q.id, q.name, q.escalation, (
        SELECT coalesce(nullif(p.name, ''), p.email) FROM review_queuemember m
        JOIN accounts_person p ON p.id = m.person_id AND p.is_active
        WHERE q.escalation <> '' AND m.queue_id = q.id ORDER BY m.ordinal, m.id LIMIT 1
    ) FROM review_queue q ORDER BY q.ordinal, q.slug
"""


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
    holds = [(code, words) for code, words in rules_claims.HOLD_UNTIL.items() if code != "shift" or ends]
    trip = Trip()
    held, people = _held_on(trip, person), _people_on(trip, person)
    queues = _queues_on(trip)()
    on_call: dict[str, str] = {}
    for _key, _queue, escalation, first in queues:
        if first:
            on_call.setdefault(escalation, first)
    return Dialogs(
        holds_used=held(), holds_most=rules_claims.MOST_HOLDS,
        holds=tuple(
            HoldChoice(code, digit, words, rules_claims.hold_end(code, now=now, shift_ends=ends))
            for digit, (code, words) in enumerate(holds, start=1)
        ), waits=rules_claims.HOLD_WAITS, why=rules_claims.HAND_WHY, people=people(),
        queues=tuple(each[:2] for each in queues if not each[2]),
        kinds=_kinds(on_call),
    )  # fmt: skip


def _held_on(trip: Trip, person: Person) -> Answer[int]:
    counted = "SELECT count(*) FROM review_task WHERE claimed_by_id = %s AND state = 'held'"
    return trip.ask(counted, [person.pk], lambda rows: int(rows[0][0]))


def _queues_on(trip: Trip) -> Answer[list[tuple[UUID, str, str, str | None]]]:
    """Id and name of each queue in their order, what it takes of escalations, and who is first on call for them."""
    return trip.ask(_QUEUES, [], lambda rows: [(key, name, kind, first) for key, name, kind, first in rows])


def _kinds(on_call: Mapping[str, str]) -> tuple[EscalationChoice, ...]:
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


def _people_on(trip: Trip, person: Person) -> Answer[tuple[Colleague, ...]]:
    return trip.ask(_PEOPLE, {"person": person.pk, "most": MOST_PEOPLE}, _colleagues)


def _colleagues(rows: Rows) -> tuple[Colleague, ...]:
    """Who works queues, those at work first."""
    found = [
        Colleague(key, name, working, ", ".join(preferences_of(json.loads(kept)).languages))
        for key, name, roles, kept, working in rows
        if who.may(roles, "queue.work")
    ]
    return tuple(sorted(found, key=lambda each: not each.working))
