"""Who works on what: one active and one reserved claim a person, each with a lease and an epoch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts import reads_notices
from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.audit.actions import Actor, record
from reviewapp.review import rules, rules_care
from reviewapp.review.actions.closing import withdraw
from reviewapp.review.actions.telling import tell_spent
from reviewapp.review.models import Skip, Task
from reviewapp.review.reads_care import is_spent
from reviewapp.review.reads_changes import unread
from reviewapp.review.rules import TaskState
from reviewapp.ui.errors import ProductError, Stale
from reviewapp.ui.languages import UNKNOWN

_PERSON_LOCK: Final = 7_214_002

_CANDIDATES: Final = """
    SELECT t.id AS id, t.tier AS tier, t.rank_at AS rank_at, t.item_id,
           NOT i.restricted AND (i.state = 'awaiting_review' OR t.kind NOT IN ('first', 'appeal')) AS standing,
           t.id IN (SELECT task_id FROM review_skip WHERE person_id = %(person)s
                    AND at > clock_timestamp() - make_interval(mins => %(minutes)s))
           OR (t.assigned_to_id <> %(person)s AND t.assigned_until > clock_timestamp()) IS TRUE
           OR EXISTS (SELECT FROM review_decision d WHERE d.id = t.answers_id AND d.person_id = %(person)s)
           OR (NOT %(senior)s AND EXISTS (SELECT FROM review_protectedauthor p WHERE p.author_id = i.author_id))
           AS passed_over, t.due_at AS due_at
    FROM ({waiting}) t JOIN intake_item i ON i.id = t.item_id
    ORDER BY {order}
"""
_WAITING: Final = """
    SELECT id, tier, rank_at, item_id, kind, assigned_to_id, assigned_until, answers_id, severity, due_at FROM review_task
    WHERE queue_id = %(queue)s AND state = 'waiting' {spoken} {after} ORDER BY {order} LIMIT %(reach)s
"""
# One short walk of the index a language: a filter would walk past everything that the person does not read.
_SPOKEN: Final = f"""
    SELECT few.* FROM unnest(%(languages)s::text[]) AS each(language)
    CROSS JOIN LATERAL ({_WAITING.replace("{spoken}", "AND language = each.language")}) few
    ORDER BY {{order}} LIMIT %(reach)s
"""  # noqa: S608 - only constants are put together
# For who reached their limit: the light ones of those that a claim reaches, however many heavy ones stand before them.
_LIGHT: Final = "SELECT * FROM ({waiting}) few WHERE severity < %(heavy)s ORDER BY {order} LIMIT %(window)s"
_URGENT: Final = "tier, rank_at, id"
_OLDEST: Final = "due_at, id"
# What was handed to the person comes first, then what came back to them from a hold.
_MINE: Final = """
    SELECT t.id FROM review_task t JOIN intake_item i ON i.id = t.item_id AND NOT i.restricted
    WHERE t.assigned_to_id = %(person)s AND t.queue_id = %(queue)s AND t.state = 'waiting'
        AND NOT EXISTS (SELECT FROM review_decision d WHERE d.id = t.answers_id AND d.person_id = %(person)s)
        AND (i.state = 'awaiting_review' OR t.kind NOT IN ('first', 'appeal'))
    ORDER BY t.tier, t.rank_at LIMIT 8
"""
_AFTER: Final = {
    _URGENT: "AND (tier, rank_at, id) > (%(tier)s, %(rank_at)s, %(id)s)",
    _OLDEST: "AND (due_at, id) > (%(due_at)s, %(id)s)",
}

_HANDS: Final = """
    SELECT t.id, t.item_id, t.kind, t.queue_id, t.reserved, t.lease_epoch, t.lease_until,
        t.lease_until > clock_timestamp() AS alive, i.restricted, i.state AS item_state
    FROM review_task t JOIN intake_item i ON i.id = t.item_id
    WHERE t.claimed_by_id = %s AND t.state = 'claimed' FOR UPDATE OF t
"""
_TAKE: Final = """
    WITH free AS (
        SELECT t.id FROM unnest(%(tasks)s::uuid[]) WITH ORDINALITY AS wanted(id, place)
        JOIN review_task t ON t.id = wanted.id
        WHERE t.state = 'waiting' ORDER BY wanted.place LIMIT 1 FOR UPDATE OF t SKIP LOCKED
    )
    UPDATE review_task t SET state = 'claimed', claimed_by_id = %(person)s, claimed_at = clock_timestamp(),
        reserved = %(reserved)s, assigned_to_id = NULL, assigned_until = NULL, lease_epoch = t.lease_epoch + 1,
        lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
    FROM free WHERE t.id = free.id
    RETURNING t.id, t.item_id, t.queue_id, t.lease_epoch, t.reserved, t.lease_until, t.claimed_at
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that a person holds. A write is accepted only with its `epoch` and before `lease_until`."""

    task: UUID
    item: UUID
    queue: UUID
    epoch: int
    reserved: bool
    lease_until: datetime


class ClaimLost(Stale):
    """The claim ended: its lease lapsed, somebody else has the task, or the item left the queue."""


class Unclear(ProductError):
    """The form lacks something that the action needs; the message says what."""

    status = 422
    code = "unclear"


class HoldsAnother(Stale):
    """The person works on another item; details name it."""


@contextmanager
def alone(person: Person) -> Iterator[None]:
    """One transaction that no other claim or decision of the same person runs beside."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_PERSON_LOCK, str(person.pk)])
        yield


def claim_next(*, queue: UUID, person: Person) -> Claim | None:
    """The claim the person holds, else their reserved task of this queue, else the first acceptable waiting one.

    Of each 64 candidates by (tier, rank_at, id) in languages that the person reads, those are passed over that they
    skipped within 30 minutes, and those withdrawn whose item left; who reached their limit gets the light ones of the first
    512. None where nothing waits for this person. Raises Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        active, reserved = in_hand(person)
        if active is not None:
            return _claim_of(active)
        return _promoted(reserved, queue, person) or take_first(queue, person, reserved=False)


def reserve_next(*, queue: UUID, person: Person) -> Claim | None:
    """Hold the next task of `queue` for 60 s behind the one the person works on; the same one when asked again.

    None where they work on none any more: a page asks a moment after it is shown, and may be late.
    """
    check_may(person, "queue.work")
    with alone(person):
        active, held = _hands(person)
        if active is None:
            return None
        if held and held.queue_id == queue:
            return _extended(held.pk)
        if held:
            send_back(held, person, why="given_back")
        return take_first(queue, person, reserved=True)


def claim_item(*, item: UUID, person: Person) -> Claim:
    """Claim the open task of one item, such as one whose lease lapsed while the person thought.

    Raises HoldsAnother, ClaimLost when the task is not free, Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        active = in_hand(person)[0]
        if active is not None and active.item_id == item:
            return _claim_of(active)
        if active is not None:
            raise HoldsAnother(
                _("You hold another item. Decide, skip or release it first."), item=str(active.item_id)
            )
        _take_up(item, person)
        tasks = Task.objects.filter(
            Q(assigned_to=None) | Q(assigned_to=person) | Q(assigned_until__lt=Now()),
            Q(item__state="awaiting_review") | Q(kind="second"),
            ~Q(kind="second", answers__person=person),
            item_id=item, state=TaskState.WAITING, item__restricted=False,
        )  # fmt: skip
        claim = take(list(tasks.values_list("id", flat=True)), person, reserved=False)
        if claim is not None and _served(claim.queue, person) is None:
            raise ClaimLost(_("This item is escalated; who is on call takes it."), item=str(item))
        if claim is None:
            raise ClaimLost(
                _("This item does not wait any more: somebody has it, or it is decided."), item=str(item)
            )
        return claim


def _take_up(item: UUID, person: Person) -> None:
    """A hold of the person's own on this item ends, so that they can claim it."""
    Task.objects.filter(item_id=item, state=TaskState.HELD, claimed_by=person).update(
        state=TaskState.WAITING.value, claimed_by=None, claimed_at=None, hold_until=None
    )


def release(*, task: UUID, epoch: int, person: Person) -> None:
    """Give the task back to its queue. Raises ClaimLost when it is no longer the person's."""
    with alone(person):
        item = _give_back(task, epoch, person)
        record(
            verb="task.released", actor=Actor.person(person.pk), subjects=[item],
            data={"task": str(task), "why": "given_back"},
        )  # fmt: skip


def skip(*, task: UUID, epoch: int, person: Person) -> Claim | None:
    """Pass over the task: logged, back to its queue, not served to this person for 30 minutes.

    Returns the claim on what comes next, if anything does. Raises ClaimLost, Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        item = _give_back(task, epoch, person)
        Skip.objects.create(task_id=task, person=person)
        record(verb="task.skipped", actor=Actor.person(person.pk), subjects=[item], data={"task": str(task)})
        queue = Task.objects.values_list("queue_id", flat=True).get(pk=task)
        return promote(queue=queue, person=person) or take_first(queue, person, reserved=False)


def promote(*, queue: UUID, person: Person) -> Claim | None:
    """Within the open transaction: make the reserved claim the active one, if it is of `queue` and its item stands.

    A reserved claim that cannot be promoted goes back to its queue. For a person without an active claim.
    """
    return _promoted(_hands(person)[1], queue, person)


def in_hand(person: Person) -> tuple[Any, Any]:
    """Within the open transaction: the person's active and reserved task, or None; a claim that lapsed goes back."""
    active, reserved = _hands(person)
    if active is not None and not active.alive:
        send_back(active, person, why="lapsed")
        active = None
    return active, reserved


def _hands(person: Person) -> tuple[Any, Any]:
    """The person's active and reserved task, locked, or None; `alive` says whether the lease still runs.

    With each stands whether its item is `restricted`, and the `item_state`.
    """
    found = {task.reserved: task for task in Task.objects.raw(_HANDS, [person.pk])}
    return found.get(False), found.get(True)


def _promoted(task: Any, queue: UUID, person: Person) -> Claim | None:
    if task is None:
        return None
    if (
        task.queue_id != queue
        or task.restricted
        or (task.kind in rules.CHANGES_THE_ITEM and task.item_state != "awaiting_review")
    ):
        send_back(task, person, why="given_back")
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE review_task SET reserved = false, claimed_at = clock_timestamp(),
                lease_until = clock_timestamp() + make_interval(secs => %s)
            WHERE id = %s RETURNING id, item_id, queue_id, lease_epoch, reserved, lease_until, claimed_at
            """,
            [rules.LEASE_SECONDS, task.pk],
        )
        *row, at = cursor.fetchone()
    claim = Claim(*row)
    _tell_claimed(claim, person, at)
    return claim


def send_back(task: Task, person: Person, *, why: str) -> None:
    """Within the open transaction and under the task's lock: let it wait again for anybody, and say why."""
    _put_back(task.pk)
    record(
        verb="task.released", actor=Actor.person(person.pk), subjects=[task.item_id],
        data={"task": str(task.pk), "why": why},
    )  # fmt: skip


def _put_back(task: UUID) -> None:
    Task.objects.filter(pk=task, state=TaskState.CLAIMED).update(
        state=TaskState.WAITING.value, claimed_by=None, claimed_at=None, reserved=False, lease_until=None
    )


def take_first(queue: UUID, person: Person, *, reserved: bool) -> Claim | None:
    """Within the open transaction: what waits for the person, else the first acceptable task of the queue.

    Only an urgent one while they have yet to read what changed in a policy that judges here.
    """
    mine = take(_assigned(queue, person), person, reserved=reserved)
    if mine is not None:
        return mine
    served = _served(queue, person)
    if served is None:
        return None
    order = _OLDEST if served.oldest_first else _URGENT
    # What is urgent never waits until somebody has read what changed.
    reads_first = bool(unread(person, queue))
    spent = is_spent(person)
    if spent:
        tell_spent(person=person, queue=queue)
    after: dict[str, Any] = {}
    while True:
        window = _window(queue, person, after, languages=served.languages, spent=spent, order=order)
        gone = [row for row in window if not row[4]]
        if gone:
            withdraw(
                [row[0] for row in gone],
                [row[3] for row in gone],
                actor=Actor.person(person.pk),
                why="item_left",
            )
        served_now = [
            row[0]
            for row in window
            if row[4] and not row[5] and (row[1] == rules.URGENT_TIER or not reads_first)
        ]
        claim = take(served_now, person, reserved=reserved)
        if claim is not None or len(window) < rules.CANDIDATES or reads_first:
            return claim
        after = {
            "id": window[-1][0],
            "tier": window[-1][1],
            "rank_at": window[-1][2],
            "due_at": window[-1][6],
        }


@dataclass(frozen=True, slots=True)
class _Served:
    """In which order a queue serves somebody, and only items of which languages; None for all of them."""

    oldest_first: bool
    languages: list[str] | None


def _served(queue: UUID, person: Person) -> _Served | None:
    """How the queue serves the person; None where it is for members only and the person is none (seniors are)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT oldest_first, translates FROM review_queue q WHERE q.id = %s AND (NOT members_only OR %s OR EXISTS (
                SELECT FROM review_queuemember m WHERE m.queue_id = q.id AND m.person_id = %s))
            """,
            [queue, may(person.roles, "queue.manage"), person.pk],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    read = reads_notices.preferences(person).languages
    return _Served(row[0], [*read, UNKNOWN] if read and not row[1] else None)


def _assigned(queue: UUID, person: Person) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_MINE, {"person": person.pk, "queue": queue})
        return [row[0] for row in cursor.fetchall()]


def _window(
    queue: UUID,
    person: Person,
    after: dict[str, Any],
    *,
    languages: list[str] | None,
    spent: bool,
    order: str,
) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {
        "queue": queue, "person": person.pk, "languages": languages, "heavy": rules_care.HEAVY_FROM,
        "reach": rules_care.LIGHT_REACH if spent else rules.CANDIDATES, "window": rules.CANDIDATES,
        "senior": may(person.roles, "author.protect"), "minutes": rules.SKIP_MINUTES,
    }  # fmt: skip
    waiting = (_WAITING if languages is None else _SPOKEN).format(
        spoken="", after=_AFTER[order] if after else "", order=order
    )
    if spent:
        waiting = _LIGHT.format(waiting=waiting, order=order)
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES.format(waiting=waiting, order=order), values | after)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def take(tasks: list[UUID], person: Person, *, reserved: bool) -> Claim | None:
    """Within the open transaction: claim the first of these tasks that waits and that nobody else is taking."""
    if not tasks:
        return None
    seconds = rules.RESERVE_SECONDS if reserved else rules.LEASE_SECONDS
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"tasks": tasks, "person": person.pk, "reserved": reserved, "seconds": seconds})
        row = cursor.fetchone()
    if row is None:
        return None
    claim = Claim(*row[:-1])
    _tell_claimed(claim, person, row[-1])
    return claim


def _tell_claimed(claim: Claim, person: Person, at: datetime) -> None:
    record(
        verb="task.claimed", actor=Actor.person(person.pk), subjects=[claim.item], at=at,
        data={"task": str(claim.task), "epoch": claim.epoch, "reserved": claim.reserved},
    )  # fmt: skip


def _extended(task: UUID) -> Claim:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE review_task SET lease_until = clock_timestamp() + make_interval(secs => %s)
            WHERE id = %s RETURNING id, item_id, queue_id, lease_epoch, reserved, lease_until
            """,
            [rules.RESERVE_SECONDS, task],
        )
        return Claim(*cursor.fetchone())


def _give_back(task: UUID, epoch: int, person: Person) -> UUID:
    mine = Task.objects.filter(
        pk=task, state=TaskState.CLAIMED, claimed_by=person, lease_epoch=epoch, reserved=False,
        lease_until__gt=Now(),
    )  # fmt: skip
    item = mine.select_for_update().values_list("item_id", flat=True).first()
    if item is None:
        raise ClaimLost(_("Your claim on this item had ended already; nothing was changed."), task=str(task))
    _put_back(task)
    return item


def _claim_of(task: Task) -> Claim:
    assert task.lease_until is not None
    return Claim(task.pk, task.item_id, task.queue_id, task.lease_epoch, task.reserved, task.lease_until)
