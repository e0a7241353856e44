"""Taking a call back while its window is open and nothing has left."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.audit.clock import database_time
from reviewapp.ids import new_id
from reviewapp.intake import actions as intake
from reviewapp.review import reads_form, rules
from reviewapp.review.actions.authors import give_back_strikes
from reviewapp.review.actions.claims import Claim, alone, send_back
from reviewapp.review.actions.consequences import drop_second
from reviewapp.review.models import Decision, Draft, Escalation, Task
from reviewapp.review.rules import DecisionKind, TaskState
from reviewapp.ui.errors import Missing, Stale
from reviewapp.webhooks import actions as webhooks


class TooLate(Stale):
    """The window is over, the announcement has left, or the item has moved on."""


@dataclass(frozen=True, slots=True)
class Undone:
    """The call that was taken back, and the claim on its task that the person holds again."""

    decision: UUID
    claim: Claim


def undo(*, decision: UUID, person: Person) -> Undone:
    """Take back one's own decision: a row of kind `undone` replaces it and its task is the person's again.

    The item in hand becomes the reserved one; a task reserved before goes back to its queue. Sent twice, it answers
    the same. What they wrote with it is in the form again. Raises TooLate, Missing for somebody else's decision, Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        made = Decision.objects.filter(pk=decision, person=person).exclude(kind=DecisionKind.UNDONE).first()
        if made is None:
            raise Missing(_("You made no such decision."))
        task = Task.objects.select_for_update(of=("self",)).select_related("item").get(pk=made.task_id)
        repeated = _held_again(made, task, person)
        if repeated is not None:
            return repeated
        # First, because the second person may be deciding: tasks are locked before their item.
        drop_second(decision=made, person=person)
        _check_window(made, task)
        if min(made.undo_until or made.release_at, made.release_at) <= database_time() or not webhooks.cancel(
            decision=made.pk
        ):
            raise TooLate(_("The time to undo is over; the decision has left. A senior can reopen the item."))
        if not intake.advance(items=[made.item_id], expected="decided", following="awaiting_review"):
            raise TooLate(_("The item has moved on since: it was replaced or erased."))
        intake.mark_admitted(items=[made.item_id])
        undone = Decision.objects.create(
            item_id=made.item_id, task=task, person=person, kind=DecisionKind.UNDONE.value, label=None,
            nonce=new_id(), replaces=made, release_at=database_time(),
        )  # fmt: skip
        give_back_strikes(undone=made)
        _reopen_escalation(task, made)
        _back_in_the_form(made)
        claim = _take_again(task, person)
        record(
            verb="decision.undone", actor=Actor.person(person.pk), subjects=[made.item_id],
            data={"decision": str(undone.pk), "replaces": str(made.pk), "task": str(task.pk)},
        )  # fmt: skip
        return Undone(made.pk, claim)


def _held_again(made: Decision, task: Task, person: Person) -> Undone | None:
    """The answer to an undo that was done before, if its task is still in the person's hand."""
    mine = task.state == TaskState.CLAIMED and task.claimed_by_id == person.pk and not task.reserved
    if (
        not mine
        or not task.lease_until
        or not Decision.objects.filter(replaces=made, kind=DecisionKind.UNDONE).exists()
    ):
        return None
    claim = Claim(task.pk, task.item_id, task.queue_id, task.lease_epoch, False, task.lease_until)
    return Undone(made.pk, claim)


def _back_in_the_form(made: Decision) -> None:
    """What was written with the call can be sent again with the next one."""
    if made.reason and made.label:
        Draft.objects.get_or_create(
            task_id=made.task_id, person_id=made.person_id, defaults=reads_form.as_saved(made)
        )


def _reopen_escalation(task: Task, made: Decision) -> None:
    """What the decision ended is open again."""
    ended = Escalation.objects.filter(task=task, closed_at__gte=made.at).order_by("-closed_at").first()
    if ended is not None and not Escalation.objects.filter(task=task, closed_at=None).exists():
        Escalation.objects.filter(pk=ended.pk).update(closed_at=None)


def _check_window(made: Decision, task: Task) -> None:
    if task.item.restricted:
        raise TooLate(
            _("The item was restricted since; only cleared people may open it, and the call stands.")
        )
    if task.state != TaskState.DONE or Decision.objects.filter(replaces=made).exists():
        raise TooLate(_("This call was taken back or replaced already."))


def _take_again(task: Task, person: Person) -> Claim:
    claimed = Task.objects.select_for_update().filter(claimed_by=person, state=TaskState.CLAIMED)
    for each in claimed.filter(reserved=True):
        send_back(each, person, why="given_back")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE review_task SET reserved = true, lease_until = clock_timestamp() + make_interval(secs => %s)
            WHERE claimed_by_id = %s AND state = 'claimed'
            """,
            [rules.RESERVE_SECONDS, person.pk],
        )
        cursor.execute(
            """
            UPDATE review_task SET state = 'claimed', claimed_by_id = %s, claimed_at = clock_timestamp(),
                reserved = false, done_at = NULL, lease_epoch = lease_epoch + 1,
                lease_until = clock_timestamp() + make_interval(secs => %s)
            WHERE id = %s RETURNING id, item_id, queue_id, lease_epoch, reserved, lease_until
            """,
            [person.pk, rules.LEASE_SECONDS, task.pk],
        )
        return Claim(*cursor.fetchone())
