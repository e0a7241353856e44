"""Putting a claimed item aside: held until a time, handed to somebody, taken over, or returned for a break or the end of a shift."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.actions import notify
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.audit.actions import Actor, record
from reviewapp.audit.clock import database_time
from reviewapp.review import rules, rules_claims
from reviewapp.review.actions.claims import (
    Claim,
    ClaimLost,
    HoldsAnother,
    Unclear,
    alone,
    in_hand,
    promote,
    take,
    take_first,
)
from reviewapp.review.actions.closing import close_escalations
from reviewapp.review.actions.consequences import check_another
from reviewapp.review.actions.deciding import MOST_REASON
from reviewapp.review.models import Draft, Note, Queue, QueueNote, Skip, Task
from reviewapp.review.rules import NoteKind, TaskState
from reviewapp.ui.errors import Missing, ProductError


class TooManyHolds(ProductError):
    """The person holds as many items as one may."""

    status = 409
    code = "too_many_holds"


def hold(
    *, task: UUID, epoch: int, person: Person, until: datetime | None, waits_for: str, note: str = "", back_to_me: bool = True
) -> Claim | None:  # fmt: skip
    """Put the task aside until `until`, at most seven days away; its target does not move.

    It returns by itself, for half an hour to the person first if `back_to_me`. Returns the claim on what comes next.
    Raises ClaimLost, TooManyHolds, Unclear for a time or reason that cannot be, Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        seat = seat_of(task, epoch, person)
        _check_hold(person, until, waits_for, note)
        Task.objects.filter(pk=task).update(
            state=TaskState.HELD.value,
            hold_until=until,
            hold_reason=waits_for,
            hold_returns=back_to_me,
            lease_until=None,
        )
        write_note(item=seat.item_id, person=person, kind=NoteKind.HOLD, text=note)
        assert until is not None
        _tell("task.held", person, seat, until=until.strftime("%Y-%m-%dT%H:%M:%S%z"), why=waits_for)
        return promote(queue=seat.queue_id, person=person) or take_first(
            seat.queue_id, person, reserved=False
        )


def hand_over(
    *, task: UUID, epoch: int, person: Person, why: str, to: UUID | None = None, queue: UUID | None = None, note: str = ""
) -> Claim | None:  # fmt: skip
    """Give the task to somebody, to another queue, or (neither named) back to everybody in its queue.

    What the person typed goes along to who gets it, who is told by a notice. “Too heavy” is kept nowhere. Returns
    the claim on what comes next. Raises ClaimLost, Unclear, Missing for a queue or person that cannot take it.
    """
    check_may(person, "queue.work")
    with alone(person):
        seat = seat_of(task, epoch, person)
        if why not in rules_claims.HAND_WHY:
            raise Unclear(_("Say why, from the list."))
        check_note(note)
        receiver = _receiver(to, person, seat) if to else None
        target = _queue(queue) if queue else seat.queue
        if target.escalation and target != seat.queue:
            raise Unclear(_("Escalate it instead: that starts the clock and tells who is on call."))
        if seat.queue.escalation and not target.escalation:
            close_escalations(tasks=[seat.pk], actor=Actor.person(person.pk), why="handed_over")
        Task.objects.filter(pk=task).update(**_waiting(receiver), queue=target)
        write_note(item=seat.item_id, person=person, kind=NoteKind.HANDOVER, text=note)
        if receiver:
            _pass_draft(task, person, receiver)
            notify(person=receiver.pk, kind="handed_over", about=seat.item_id, by=person.pk)
        else:
            Skip.objects.create(task_id=task, person=person)
        told = {
            "to": str(to) if to else None,
            "queue": str(target.pk),
            "why": "other" if why == "heavy" else why,
        }
        _tell("task.handed_over", person, seat, **told)
        return promote(queue=seat.queue_id, person=person) or take_first(
            seat.queue_id, person, reserved=False
        )


def take_over(*, item: UUID, person: Person, why: str, note: str = "") -> Claim:
    """Take an item out of somebody's hands; who had it gets a conflict with their words kept, and a notice.

    Raises HoldsAnother, ClaimLost when nobody has it (then it can simply be claimed), Unclear, Forbidden.
    """
    check_may(person, "claim.take_over")
    with alone(person):
        if in_hand(person)[0] is not None:
            raise HoldsAnother(_("You hold another item. Decide, hold or release it first."))
        if why not in rules_claims.TAKE_OVER_WHY:
            raise Unclear(_("Say why you take it over, from the list."))
        check_note(note)
        seat = _in_other_hands(item, person)
        check_another(task=seat, person=person)
        before = seat.claimed_by_id or seat.assigned_to_id
        Task.objects.filter(pk=seat.pk).update(**_waiting(None))
        write_note(item=item, person=person, kind=NoteKind.TAKE_OVER, text=note)
        claim = take([seat.pk], person, reserved=False)
        if claim is None:
            raise ClaimLost(_("This item left in the same moment. Reload the page."), item=str(item))
        assert before is not None
        notify(person=before, kind="taken_over", about=item, by=person.pk)
        _tell("task.taken_over", person, seat, before=str(before), why=why, epoch=claim.epoch)
        return claim


def end_shift(*, person: Person) -> int:
    """Give everything back that the person has claimed or holds, the notes with it; returns how many items."""
    check_may(person, "queue.work")
    mine = Q(claimed_by=person, state__in=[TaskState.CLAIMED, TaskState.HELD])
    return _give_all_back(mine | Q(assigned_to=person, state=TaskState.WAITING), person, why="shift_ended")


def take_break(*, person: Person) -> int:
    """Give back what the person has claimed, so that it waits for nobody who rests; returns how many items.

    What they hold or were handed stays theirs, and what they typed is in the form again when they get the item again.
    """
    check_may(person, "queue.work")
    return _give_all_back(Q(claimed_by=person, state=TaskState.CLAIMED), person, why="break")


def leave_queue_note(*, queue: UUID, person: Person, text: str) -> None:
    """Tell the next shift something about a queue. Raises Unclear for an empty or overlong text, Missing, Forbidden."""
    check_may(person, "queue.work")
    words = text.replace("\x00", "").strip()
    if not words:
        raise Unclear(_("Write what the next shift should know."))
    check_note(words)
    with alone(person):
        QueueNote.objects.create(queue=_queue(queue), person=person, text=words)
        record(verb="queue.noted", actor=Actor.person(person.pk), subjects=[queue])


def check_note(text: str) -> None:
    """Raise Unclear for a note that is too long."""
    if len(text) > rules_claims.MOST_NOTE:
        raise Unclear(
            _("The note is longer than %(most)d characters; shorten it.") % {"most": rules_claims.MOST_NOTE}
        )


def write_note(*, item: UUID, person: Person, kind: NoteKind, text: str) -> None:
    """Within the open transaction: keep a note on the item, if there are any words."""
    words = text.replace("\x00", "").strip()
    if words:
        Note.objects.create(item_id=item, person=person, kind=kind.value, text=words)


def seat_of(task: UUID, epoch: int, person: Person) -> Task:
    """Within the open transaction: the task that the person works on under this epoch, locked. Raises ClaimLost."""
    seat = (
        Task.objects.select_for_update(of=("self",)).select_related("queue")
        .filter(pk=task, state=TaskState.CLAIMED, claimed_by=person, lease_epoch=epoch, reserved=False, lease_until__gt=Now())
        .first()
    )  # fmt: skip
    if seat is None:
        raise ClaimLost(_("Your claim on this item had ended already; nothing was changed."), task=str(task))
    return seat


def _give_all_back(which: Q, person: Person, *, why: str) -> int:
    with alone(person):
        rows = list(Task.objects.select_for_update().filter(which).values_list("pk", "item_id"))
        Task.objects.filter(pk__in=[task for task, _item in rows]).update(**_waiting(None))
        if rows:
            record(
                verb="task.released", actor=Actor.person(person.pk), subjects=[item for _task, item in rows], data={"why": why}
            )  # fmt: skip
    return len(rows)


def _check_hold(person: Person, until: datetime | None, waits_for: str, note: str) -> None:
    now = database_time()
    if until is None or not now < until <= now + rules_claims.LONGEST_HOLD:
        raise Unclear(_("Choose when it comes back: later than now, and at most 7 days away."))
    if waits_for not in rules_claims.HOLD_WAITS:
        raise Unclear(_("Say what it waits for, from the list."))
    check_note(note)
    if Task.objects.filter(claimed_by=person, state=TaskState.HELD).count() >= rules_claims.MOST_HOLDS:
        raise TooManyHolds(
            _(
                "You hold %(most)d items, which is as many as one may. Take one up again, or hand this one over."
            )
            % {"most": rules_claims.MOST_HOLDS}
        )


def _receiver(to: UUID, person: Person, seat: Task) -> Person:
    receiver = Person.objects.filter(pk=to, is_active=True).first()
    if receiver is None or receiver.pk == person.pk or not may(receiver.roles, "queue.work"):
        raise Missing(_("This person cannot take items. Choose somebody else from the list."))
    check_another(task=seat, person=receiver)
    return receiver


def _queue(queue: UUID) -> Queue:
    found = Queue.objects.filter(pk=queue).first()
    if found is None:
        raise Missing(_("There is no such queue. Choose one from the list."))
    return found


def _waiting(receiver: Person | None) -> dict[str, object]:
    """Column values of a task that waits: for anybody, or for a while for `receiver` alone."""
    return {
        "state": TaskState.WAITING.value, "claimed_by": None, "claimed_at": None, "reserved": False, "lease_until": None,
        "hold_until": None, "assigned_to": receiver,
        "assigned_until": Now() + rules_claims.ASSIGNED if receiver else None,
    }  # fmt: skip


def _pass_draft(task: UUID, person: Person, receiver: Person) -> None:
    """Who gets the item gets the words; behind their own, if they had typed some before and both fit."""
    drafts = {
        each.person_id: each for each in Draft.objects.filter(task_id=task, person__in=[person, receiver])
    }
    given, own = drafts.get(person.pk), drafts.get(receiver.pk)
    if given is None:
        return
    if own is None or not own.reason:
        Draft.objects.filter(task_id=task, person=receiver).delete()
        Draft.objects.filter(pk=given.pk).update(person=receiver)
    elif given.reason and len(joined := f"{own.reason}\n\n{given.reason}") <= MOST_REASON:
        Draft.objects.filter(pk=own.pk).update(reason=joined)
        given.delete()


def _in_other_hands(item: UUID, person: Person) -> Task:
    """The open task of an item that somebody else has claimed, holds, or was handed; locked."""
    seat = (
        Task.objects.select_for_update().filter(item_id=item, state__in=rules.OPEN_TASK_STATES, item__restricted=False)
        .exclude(claimed_by=person).filter(Q(claimed_by__isnull=False) | Q(assigned_to__isnull=False)).first()
    )  # fmt: skip
    if seat is None:
        raise ClaimLost(_("Nobody else has this item any more. Claim it instead."), item=str(item))
    return seat


def _tell(verb: str, person: Person, seat: Task, **data: object) -> None:
    record(
        verb=verb, actor=Actor.person(person.pk), subjects=[seat.item_id], data={"task": str(seat.pk), **data}
    )
