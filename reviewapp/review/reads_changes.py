"""The read door of changed policies: what somebody has yet to read before they work under it, and who has read it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import Role, may
from reviewapp.policies import reads_versions
from reviewapp.policies.models import Version
from reviewapp.policies.reads_versions import Comparison
from reviewapp.review import reads
from reviewapp.review.models import PolicyReading

# Asked before every claim, so it is cheap to plan; a first version never counts.
_ANY: Final = """
    SELECT EXISTS (
        SELECT FROM policies_version v WHERE v.state = 'published' AND v.number > 1
            AND v.published_at > (SELECT created_at FROM accounts_person WHERE id = %(person)s)
            AND NOT EXISTS (SELECT FROM review_policyreading r WHERE r.version_id = v.id AND r.person_id = %(person)s)
    )
"""
# In force, published after the person joined, not read by them, and not the first of its policy, which changes nothing.
# Compared with the latest one that they know: read, or in force when they joined; else the first.
_UNREAD: Final = """
    SELECT v.id, p.slug, v.title, v.number, v.change_note, v.published_at, coalesce(max(o.number) FILTER (
        WHERE o.published_at <= me.created_at OR EXISTS (
            SELECT FROM review_policyreading r WHERE r.version_id = o.id AND r.person_id = me.id
        )
    ), min(o.number))
    FROM accounts_person me
    JOIN policies_version v ON v.state = 'published' AND v.published_at > me.created_at
    JOIN policies_policy p ON p.id = v.policy_id
    JOIN policies_version o ON o.policy_id = v.policy_id AND o.number < v.number AND o.published_at IS NOT NULL
    WHERE me.id = %(person)s AND NOT EXISTS (
        SELECT FROM review_policyreading r WHERE r.version_id = v.id AND r.person_id = me.id
    )
    GROUP BY v.id, p.slug ORDER BY v.published_at, v.id
"""
# A rule sends its items here, or it judged one of the next ones.
_HERE: Final = """
    SELECT p.slug FROM policies_policy p WHERE p.slug = ANY(%(slugs)s) AND (
        EXISTS (SELECT FROM review_routingrule WHERE queue_id = %(queue)s AND p.slug = ANY(policies))
        OR EXISTS (
            SELECT FROM (
                SELECT item_id FROM review_task WHERE queue_id = %(queue)s AND state = 'waiting'
                ORDER BY tier, rank_at, id LIMIT %(few)s
            ) t JOIN screening_currentverdict c ON c.item_id = t.item_id AND c.policy_id = p.id
        )
    ) AND NOT EXISTS (SELECT FROM review_queue WHERE id = %(queue)s AND escalation <> '')
"""


@dataclass(frozen=True, slots=True)
class Unread:
    """A version in force that somebody has not read; `before` is the number of the one that they know."""

    version: UUID
    slug: str
    title: str
    number: int
    note: str
    at: datetime
    before: int


@dataclass(frozen=True, slots=True)
class Change:
    """What an unread version changed: in what is sent to the reasoner, and in the guidance for reviewers."""

    unread: Unread
    model: Comparison
    guidance: Comparison


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who read a version's change, and when."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Readers:
    """Of the `expected` people who work queues and were here when it came into force, those who read the change."""

    readers: tuple[Reader, ...]
    expected: int


def unread(person: Person, queue: UUID) -> tuple[Unread, ...]:
    """Changes that the person reads before the next item of `queue`; none for a queue of escalations."""
    found = unread_anywhere(person)
    if not found:
        return ()
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {"slugs": [each.slug for each in found], "queue": queue, "few": reads.FEW}
        cursor.execute(_HERE, asked)
        here = {row[0] for row in cursor.fetchall()}
    return tuple(each for each in found if each.slug in here)


def unread_anywhere(person: Person) -> tuple[Unread, ...]:
    """Changes that the person has yet to read, whichever queue they judge, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY, {"person": person.pk})
        if not cursor.fetchone()[0]:
            return ()
        cursor.execute(_UNREAD, {"person": person.pk})
        return tuple(Unread(*row) for row in cursor.fetchall())


def changes(person: Person, queue: UUID) -> tuple[Change, ...]:
    """The same with the texts beside each other."""
    return tuple(
        Change(
            each,
            reads_versions.compare(each.slug, each.before, each.number),
            reads_versions.compare(each.slug, each.before, each.number, "guidance"),
        )
        for each in unread(person, queue)
    )


def readers(version: UUID) -> Readers | None:
    """Who read what a version changed; None for one that changed nothing or never came into force."""
    row = Version.objects.filter(pk=version, published_at__isnull=False).first()
    if row is None:
        return None
    earlier = Version.objects.filter(
        policy_id=row.policy_id, number__lt=row.number, published_at__isnull=False
    )
    if not earlier.exists():
        return None
    workers = [role.value for role in Role if may([role], "queue.work")]
    people = Person.objects.filter(is_active=True, roles__overlap=workers, created_at__lt=row.published_at)
    read = (
        PolicyReading.objects.filter(version=row, person__in=people).select_related("person").order_by("-at")
    )
    return Readers(tuple(Reader(str(each.person), each.at) for each in read), people.count())
