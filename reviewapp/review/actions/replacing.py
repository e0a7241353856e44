"""Replacing one's own call later, with a reason: the old one stays on record and is named by the new one."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.audit.clock import database_time
from reviewapp.ids import new_id
from reviewapp.intake import reads as intake
from reviewapp.review.actions.authors import check_protected, count_strike, withdraw_strike
from reviewapp.review.actions.claims import Unclear, alone
from reviewapp.review.actions.consequences import FAR, Wish, ask_second, consequence, drop_second
from reviewapp.review.actions.deciding import check_call
from reviewapp.review.actions.telling import announce_decision
from reviewapp.review.actions.undoing import TooLate
from reviewapp.review.models import Decision, Finding
from reviewapp.review.rules import DecisionKind
from reviewapp.ui.errors import Missing
from reviewapp.webhooks import actions as webhooks
from reviewapp.webhooks.rules import Announced


def replace_own(
    *, decision: UUID, label: str, reason: str, person: Person, sections: Sequence[tuple[UUID, str]] = (), action: str = ""
) -> UUID:  # fmt: skip
    """Replace one's own standing decision by another one; it leaves as `decision.replaced`. Returns the new decision.

    Raises Missing for somebody else's, TooLate when it was replaced or its item moved on, NeedsSenior, Unclear without a reason, Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        made = _locked(decision, person)
        if Decision.objects.filter(replaces=made).exists() or made.item.state != "decided":
            raise TooLate(_("This call does not stand any more: it was replaced, or its item moved on."))
        check_protected(item=made.item, person=person)
        if not reason.strip():
            raise Unclear(_("Say why you replace your call."))
        weighed = check_call(label, sections, "", reason)
        does = consequence(
            wish=Wish(action=action), label=label, sections=weighed, reason=reason, person=person
        )
        now = database_time()
        unsent = webhooks.cancel(decision=made.pk)
        new = Decision.objects.create(
            item=made.item, task=made.task, person=person, kind=DecisionKind.REPLACED.value, label=label,
            replaces=made, nonce=new_id(), actions=[{"code": does.action, "parameters": does.parameters}],
            detection=made.detection, automation="not", reason=reason.strip(), lead_id=made.lead_id, shown=made.shown,
            at=now, undo_until=now, awaits_second=does.second, release_at=now + FAR if does.second else now,
        )  # fmt: skip
        Finding.objects.bulk_create(
            Finding(decision=new, version_id=v, section=code) for v, code in dict.fromkeys(sections)
        )
        withdraw_strike(decision=made.pk)
        count_strike(decision=new, item=made.item, sections=weighed)
        # What had not left yet leaves as made; what had is replaced. A severe one waits for its second person.
        event = Announced.DECISION_MADE if unsent else Announced.DECISION_REPLACED
        announce_decision(decision=new, event=event)
        _tell(new, made, sections)
        if new.awaits_second:
            ask_second(decision=new, seat=made.task)
        return new.pk


def _locked(decision: UUID, person: Person) -> Decision:
    """One's own decision, locked after the task that waits for it and its item, as everywhere. Raises Missing, TooLate."""
    own = Decision.objects.filter(pk=decision, person=person, label__isnull=False)
    made = own.first()
    if made is None:
        raise Missing(_("You made no such decision."))
    drop_second(decision=made, person=person)
    if not intake.stands(made.item_id):
        raise TooLate(_("The item was erased or restricted since; the call stays as it is."))
    return own.select_for_update(of=("self",)).select_related("item", "task__queue").get()


def _tell(new: Decision, made: Decision, sections: Sequence[tuple[UUID, str]]) -> None:
    record(
        verb="decision.made", actor=Actor.person(new.person_id), subjects=[new.item_id],
        data={
            "decision": str(new.pk), "task": str(new.task_id), "label": new.label, "kind": new.kind,
            "findings": [f"{version}:{code}" for version, code in sections], "actions": [new.actions[0]["code"]],
            "replaces": str(made.pk), "versions": sorted({str(version) for version, _ in sections}), "calls": {},
            "verdicts": [], "exception": "", "awaits_second": new.awaits_second,
        },
    )  # fmt: skip
