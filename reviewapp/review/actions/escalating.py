"""Escalations: out of the queue to who is on call, a clock that tells the next one, a checklist, an offer of support."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.actions import notify, notify_roles
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.audit.actions import SWEEPER, Actor, record
from reviewapp.audit.clock import database_time
from reviewapp.intake import actions as intake
from reviewapp.intake.models import Hold
from reviewapp.intake.rules import is_plain
from reviewapp.review import rules
from reviewapp.review.actions.claims import Claim, Unclear, alone, promote, take_first
from reviewapp.review.actions.closing import close_escalations
from reviewapp.review.actions.holding import check_note, seat_of, write_note
from reviewapp.review.models import Escalation, Queue, QueueMember, Task
from reviewapp.review.rules import NoteKind, TaskState
from reviewapp.review.rules_escalation import KINDS, Kind
from reviewapp.ui.errors import Missing
from reviewapp.webhooks import actions as webhooks
from reviewapp.webhooks.rules import Announced


def escalate(*, task: UUID, epoch: int, person: Person, kind: str, note: str = "") -> Claim | None:
    """Send the item to the queue of its kind, first in line there, and tell who is on call.

    Threats to life and child safety are limited at once; what may be evidence is held against erasure. Returns the
    claim on what comes next. Raises ClaimLost, Unclear for a kind that does not exist, Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        seat = seat_of(task, epoch, person)
        if kind not in KINDS:
            raise Unclear(_("Choose the kind of escalation from the list."))
        check_note(note)
        goes = KINDS[kind]
        queue = _queue_of(kind, goes)
        now = database_time()
        close_escalations(tasks=[seat.pk], actor=Actor.person(person.pk), why="escalated_again")
        Task.objects.filter(pk=task).update(
            queue=queue, state=TaskState.WAITING.value, claimed_by=None, claimed_at=None, lease_until=None,
            tier=rules.URGENT_TIER if goes.urgent else rules.USUAL_TIER, rank_at=now,
            due_at=now + timedelta(minutes=goes.target_minutes), assigned_to=None, assigned_until=None, blind=False,
        )  # fmt: skip
        write_note(item=seat.item_id, person=person, kind=NoteKind.ESCALATION, text=note)
        opened = Escalation.objects.create(
            item_id=seat.item_id,
            task=seat,
            kind=kind,
            person=person,
            rings_at=now + timedelta(minutes=queue.clock_minutes),
        )
        told = _tell_on_call(queue, 0, "escalated", seat.item_id, person)
        _secure(seat.item_id, goes, person)
        record(
            verb="escalation.opened", actor=Actor.person(person.pk), subjects=[seat.item_id],
            data={"escalation": str(opened.pk), "kind": kind, "queue": str(queue.pk), "told": told},
        )  # fmt: skip
        return promote(queue=seat.queue_id, person=person) or take_first(
            seat.queue_id, person, reserved=False
        )


def answer_checklist(
    *, item: UUID, person: Person, help_sent: bool, authority_told: bool, reference: str = ""
) -> None:
    """Record what was done about an open escalation; a later answer replaces it.

    Raises Missing where none is open, Unclear for a reference the log cannot keep or a person who has no part in it.
    """
    check_may(person, "queue.work")
    with alone(person):
        opened = (
            Escalation.objects.select_for_update()
            .select_related("task")
            .filter(item=item, closed_at=None)
            .first()
        )
        if opened is None:
            raise Missing(_("Nothing is escalated about this item any more. Reload the page."))
        if opened.task.claimed_by_id != person.pk and not may(person.roles, "claim.take_over"):
            raise Unclear(_("Claim the item first; who works on it answers the checklist."))
        plain = reference.strip()
        if not is_plain(plain):
            raise Unclear(_("A reference has up to 200 letters (a to z), digits, spaces and _ . : @ / + -."))
        opened.help_sent, opened.authority_told, opened.reference = help_sent, authority_told, plain
        opened.answered_at = database_time()
        opened.save(update_fields=["help_sent", "authority_told", "reference", "answered_at"])
        record(
            verb="escalation.answered", actor=Actor.person(person.pk), subjects=[item],
            data={
                "escalation": str(opened.pk), "help_sent": help_sent, "authority_told": authority_told, "reference": plain,
            },
        )  # fmt: skip


@transaction.atomic
def ring_escalations(*, limit: int = 100) -> int:
    """Tell the next person on call of each escalation that nobody took before its clock ran out; returns how many."""
    late = (
        Escalation.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("task__queue")
        .filter(closed_at=None, rings_at__lte=Now(), task__state=TaskState.WAITING)
        .order_by("rings_at")[:limit]
    )
    count = 0
    for each in late:
        rung = each.rung + 1
        told = _tell_on_call(each.task.queue, rung, "escalation_waits", each.item_id, None)
        minutes = max(each.task.queue.clock_minutes, 1)
        Escalation.objects.filter(pk=each.pk).update(rung=rung, rings_at=Now() + timedelta(minutes=minutes))
        record(
            verb="escalation.rung", actor=SWEEPER, subjects=[each.item_id],
            data={"escalation": str(each.pk), "told": told, "rung": rung},
        )  # fmt: skip
        count += 1
    return count


def ask_for_support(*, person: Person) -> int:
    """Tell every senior, in no words but that, that the person would like to talk; returns how many were told."""
    return notify_roles(roles=["senior"], kind="support_asked", by=person.pk, but=person.pk)


def set_member(*, queue: UUID, member: UUID, ordinal: int, person: Person) -> None:
    """Make somebody a member of a queue, or change their place on call. Raises Missing, Unclear, Forbidden."""
    check_may(person, "queue.manage")
    somebody = Person.objects.filter(pk=member, is_active=True).first()
    if (
        somebody is None
        or not may(somebody.roles, "queue.work")
        or not Queue.objects.filter(pk=queue).exists()
    ):
        raise Missing(_("This person cannot work queues, or the queue is gone. Reload the page."))
    if not 1 <= ordinal <= 99:
        raise Unclear(_("The place on call is a number from 1 to 99."))
    with alone(person):
        QueueMember.objects.update_or_create(queue_id=queue, person=somebody, defaults={"ordinal": ordinal})
        record(
            verb="queue.joined", actor=Actor.person(person.pk), subjects=[queue],
            data={"person": str(member), "ordinal": ordinal},
        )  # fmt: skip


def drop_member(*, queue: UUID, member: UUID, person: Person) -> None:
    """Somebody no longer works this queue; who was no member stays none. Raises Forbidden."""
    check_may(person, "queue.manage")
    with alone(person):
        if QueueMember.objects.filter(queue_id=queue, person_id=member).delete()[0]:
            record(
                verb="queue.left",
                actor=Actor.person(person.pk),
                subjects=[queue],
                data={"person": str(member)},
            )


def _queue_of(kind: str, goes: Kind) -> Queue:
    """The queue of a kind, made at its first use."""
    queue, is_new = Queue.objects.get_or_create(
        slug=goes.slug,
        defaults={
            "name": f"Escalated: {goes.words.lower()}", "description": "Who is on call takes these", "escalation": kind,
            "ordinal": 1, "target_minutes": goes.target_minutes, "clock_minutes": goes.clock_minutes, "members_only": True, "blind_percent": 0,
        },
    )  # fmt: skip
    if is_new:
        record(verb="queue.created", actor=SWEEPER, subjects=[queue.pk], data={"slug": goes.slug})
    return queue


def _tell_on_call(queue: Queue, place: int, notice: str, item: UUID, by: Person | None) -> str | None:
    """Notify the member whose turn it is; without members every senior, and None is returned."""
    members = list(
        QueueMember.objects.filter(queue=queue, person__is_active=True).values_list("person", flat=True)
    )
    if not members:
        notify_roles(roles=["senior", "admin"], kind=notice, about=item, by=by.pk if by else None)
        return None
    turn = members[place % len(members)]
    notify(person=turn, kind=notice, about=item, by=by.pk if by else None)
    return str(turn)


def _secure(item: UUID, goes: Kind, person: Person) -> None:
    if goes.keeps and not Hold.objects.filter(item_id=item, lifted_at=None).exists():
        intake.place_hold(item=item, why=f"Escalated: {goes.words}", person=person, reference="escalation")
    if goes.limits:
        webhooks.announce(
            events=[Announced.ITEM_LIMITED], item=item, decision=None, release_at=database_time()
        )
    if goes.heavy:
        notify(person=person.pk, kind="support_offered", about=item)
