"""The read door of languages: what waits in a queue in which language, and who reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from reviewapp.accounts.models import Person
from reviewapp.accounts.reads_notices import preferences
from reviewapp.accounts.rules import MAY, Role
from reviewapp.accounts.rules_preferences import read_by
from reviewapp.review.models import Queue
from reviewapp.ui.languages import UNKNOWN, name_of

FEW: Final = 500
"""Waiting items of one language are counted up to this many."""
_SPOKEN: Final = """
    WITH RECURSIVE spoken AS (
        (SELECT language FROM review_task WHERE queue_id = %(queue)s AND state = 'waiting' ORDER BY language LIMIT 1)
        UNION ALL
        SELECT (SELECT language FROM review_task WHERE queue_id = %(queue)s AND state = 'waiting'
                AND language > spoken.language ORDER BY language LIMIT 1)
        FROM spoken WHERE spoken.language IS NOT NULL
    )
    SELECT language FROM spoken WHERE language IS NOT NULL
"""
_WAITING: Final = f"""
    SELECT language, (SELECT count(*) FROM (
        SELECT FROM review_task WHERE queue_id = %(queue)s AND state = 'waiting' AND language = spoken.language
        LIMIT %(most)s) few)
    FROM ({_SPOKEN}) AS spoken
"""  # noqa: S608 - only constants are put together


@dataclass(frozen=True, slots=True)
class WaitingLanguage:
    """What waits in one language, counted up to FEW; `readers` of those who work the queue, `said`: by name."""

    code: str
    name: str
    waiting: int
    capped: bool
    readers: int = 0
    said: int = 0


@dataclass(frozen=True, slots=True)
class QueueLanguages:
    """Every language that waits in a queue, most first, and how many people work it."""

    lines: tuple[WaitingLanguage, ...]
    workers: int


def queue_languages(queue: Queue) -> QueueLanguages:
    """For leads: what waits per language, and how many of those who work the queue get it."""
    read = [preferences(person).languages for person in _workers(queue)]
    lines = tuple(
        WaitingLanguage(
            code, name_of(code), min(count, FEW), count > FEW,
            sum(read_by(each, code) for each in read), sum(code in each for each in read),
        )
        for code, count in _waiting(queue.pk).items()
    )  # fmt: skip
    return QueueLanguages(lines, len(read))


def waiting_in(queue: UUID) -> tuple[tuple[str, str], ...]:
    """The languages that wait in a queue, code and name, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_SPOKEN, {"queue": queue})
        found = [(code, name_of(code)) for (code,) in cursor.fetchall()]
    return tuple(sorted(found, key=lambda each: (each[0] == UNKNOWN, each[1])))


def unread(queue: UUID, person: Person) -> tuple[WaitingLanguage, ...]:
    """What waits in a queue and is not served to somebody, because they do not read it; most first."""
    languages = preferences(person).languages
    if not languages or Queue.objects.filter(pk=queue, translates=True).exists():
        return ()
    return tuple(
        WaitingLanguage(code, name_of(code), min(count, FEW), count > FEW)
        for code, count in _waiting(queue).items()
        if not read_by(languages, code)
    )


def _waiting(queue: UUID) -> Mapping[str, int]:
    """Language to count, by steps from one language to the next on the index, so that a long queue costs no more."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"queue": queue, "most": FEW + 1})
        found = cursor.fetchall()
    return dict(sorted(found, key=lambda row: (row[0] == UNKNOWN, -row[1], row[0])))


def _workers(queue: Queue) -> list[Person]:
    """Members and those who manage queues where only members work one, else everybody who works queues."""
    working = Q(roles__overlap=[str(role) for role in MAY["queue.work"]])
    if queue.members_only:
        working &= Q(pk__in=queue.members.values("person")) | Q(roles__overlap=[Role.SENIOR, Role.ADMIN])
    return list(Person.objects.filter(working, is_active=True).only("preferences"))
