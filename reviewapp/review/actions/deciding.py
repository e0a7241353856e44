"""Confirm and override: a decision, the item's state, the audit event and the outbox row in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.audit.clock import database_time
from reviewapp.intake import actions as intake
from reviewapp.policies import reads as policies
from reviewapp.review import rules
from reviewapp.review.actions.authors import check_protected, count_strike, withdraw_strike
from reviewapp.review.actions.claims import Claim, ClaimLost, Unclear, alone, promote
from reviewapp.review.actions.closing import close_escalations
from reviewapp.review.actions.consequences import FAR, Consequence, Wish, ask_second, consequence
from reviewapp.review.actions.telling import tell_replaced
from reviewapp.review.models import BlindCall, Decision, Draft, Escalation, Finding, Task, VerdictCall
from reviewapp.review.reads_blind import is_blind
from reviewapp.review.rules import DecisionKind, Label, TaskKind, TaskState
from reviewapp.review.rules_escalation import KINDS
from reviewapp.screening import reads as screening
from reviewapp.screening.models import Verdict
from reviewapp.ui.errors import Stale
from reviewapp.webhooks import actions as webhooks
from reviewapp.webhooks.rules import Announced

MOST_REASON = 4_000
AS_USUAL: Final = Wish()


class AlreadyDecided(Stale):
    """Somebody else decided the item first; details name their decision."""


class VerdictChanged(Stale):
    """The verdict that was on the screen is no longer the lead; nothing was decided."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that stands, and the claim on the reserved task that took its place, if there was one."""

    decision: UUID
    item: UUID
    queue: UUID
    following: Claim | None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class _Call:
    """What a person says, checked: findings are (version, section) pairs."""

    label: str
    findings: tuple[tuple[UUID, str], ...]
    does: Consequence
    calls: dict[UUID, str]
    lead: UUID | None
    severity: int = 0
    blind: bool = False
    automation: str = "not"
    reason_code: str = ""
    reason: str = ""


def confirm(
    *, task: UUID, epoch: int, nonce: UUID, verdict: UUID, person: Person, shown: Sequence[UUID] = (),
    wish: Wish = AS_USUAL,
) -> Decided:  # fmt: skip
    """Accept the lead verdict, with the default action of its gravest section.

    `nonce` names the rendered form: sent again, it answers with the first decision. `shown`: ids of the verdicts that
    stood on the screen. Raises ClaimLost, AlreadyDecided, VerdictChanged when `verdict` does not lead any more,
    Unclear for a verdict that cannot be confirmed, Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        seat = seat_for(task, epoch, nonce, person)
        if isinstance(seat, Decided):
            return seat
        _check_called(seat, person)
        panel = screening.verdict_panel(seat.item_id)
        if not panel or panel[0].verdict_id != verdict:
            raise VerdictChanged(
                _("Another verdict leads now. Read it, then confirm or override."), item=str(seat.item_id)
            )
        lead = panel[0]
        if not rules.can_confirm(lead.label):
            raise Unclear(
                _(
                    "Only a verdict that says violates or allowed can be confirmed. Override records your call."
                )
            )
        verdicts = _shown(seat.item_id, {verdict, *shown})
        cited = [each for each in lead.sections if each.cited] if lead.label == Label.VIOLATES.value else []
        call = _Call(
            label=lead.label, findings=tuple((lead.version_id, each.code) for each in cited),
            does=consequence(
                wish=wish, label=lead.label, sections=[(lead.version_id, each.code, each.severity) for each in cited],
                reason="", person=person,
            ),
            calls=rules.calls_of_confirm([_facts(each) for each in verdicts], verdict), lead=verdict,
            automation="partially", severity=max((each.severity for each in cited), default=0),
        )  # fmt: skip
        return _decide(seat, nonce, person, call, verdicts)


def confirm_first(*, task: UUID, epoch: int, nonce: UUID, person: Person) -> Decided:
    """As the second person, confirm a severe decision: it leaves at once, and this one stands in its place.

    To lift it, `override` makes another decision. Raises ClaimLost, AlreadyDecided, Unclear for another kind of task.
    """
    check_may(person, "queue.work")
    with alone(person):
        seat = seat_for(task, epoch, nonce, person)
        if isinstance(seat, Decided):
            return seat
        first = seat.answers
        if first is None or first.label is None:
            raise Unclear(_("Nobody decided this item before. Confirm the verdict, or override."))
        shown = _shown(seat.item_id, set(first.calls.values_list("verdict_id", flat=True)))
        findings = tuple(first.findings.values_list("version_id", "section"))
        does = Consequence(
            first.actions[0]["code"], first.actions[0]["parameters"], first.exception, first.review_on
        )
        calls = rules.calls_of_override(
            [_facts(each) for each in shown], first.lead_id, first.label, frozenset(findings)
        )
        severity = gravest(check_call(first.label, findings, "", ""))
        call = _Call(first.label, findings, does, calls, first.lead_id, severity, automation=first.automation)
        return _decide(seat, nonce, person, call, shown)


def override(
    *, task: UUID, epoch: int, nonce: UUID, label: str, person: Person,
    sections: Sequence[tuple[UUID, str]] = (), action: str = "", reason_code: str = "", reason: str = "",
    shown: Sequence[UUID] = (), wish: Wish = AS_USUAL,
) -> Decided:  # fmt: skip
    """Record the person's own call; without a verdict to answer it is simply the decision, not an override.

    `sections`: (version, code) pairs, needed for `violates`, none for `allowed`. `action`: empty means the default of
    the gravest section. A reason (code or text) is needed where a verdict is overridden. Raises ClaimLost,
    AlreadyDecided, Unclear with what is missing, Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        seat = seat_for(task, epoch, nonce, person)
        if isinstance(seat, Decided):
            return seat
        _check_called(seat, person)
        return decide_own(
            seat=seat, nonce=nonce, person=person, label=label, sections=sections, action=action,
            reason_code=reason_code, reason=reason, shown=shown, wish=wish,
        )  # fmt: skip


def decide_own(
    *, seat: Task, nonce: UUID, person: Person, label: str, sections: Sequence[tuple[UUID, str]], action: str,
    reason_code: str, reason: str, shown: Sequence[UUID], blind: bool = False, wish: Wish = AS_USUAL,
) -> Decided:  # fmt: skip
    """Within the open transaction: the person's own call becomes the decision; `blind`: before they saw a verdict.

    Who called blind first and keeps that call need not say again why they disagree. Raises Unclear.
    """
    weighed = check_call(label, sections, reason_code, reason)
    panel = screening.verdict_panel(seat.item_id)
    lead = panel[0].verdict_id if panel and rules.can_confirm(panel[0].label) else None
    verdicts = _shown(seat.item_id, {*shown, *([lead] if lead else [])})
    calls = rules.calls_of_override([_facts(each) for each in verdicts], lead, label, frozenset(sections))
    if blind and lead:
        calls[lead] = rules.Call.AGREED.value
    disagrees = rules.Call.OVERRIDDEN.value in calls.values() and not (reason_code or reason.strip())
    excepted = wish.exception and label == Label.VIOLATES.value
    if excepted and lead and panel[0].label == label:
        calls[lead] = rules.Call.AGREED.value
        disagrees = False
    if disagrees and not BlindCall.objects.filter(task=seat, person=person, label=label).exists():
        raise Unclear(_("Say why you disagree: choose a reason or write one."))
    call = _Call(
        label=label, findings=tuple(dict.fromkeys(sections)),
        does=consequence(wish=replace(wish, action=action), label=label, sections=weighed, reason=reason, person=person),
        calls=calls, lead=lead, reason_code=reason_code, reason=reason.strip(), severity=gravest(weighed), blind=blind,
    )  # fmt: skip
    return _decide(seat, nonce, person, call, verdicts)


def _check_called(seat: Task, person: Person) -> None:
    if is_blind(seat, person):
        raise Unclear(_("Your call comes first on this item. Choose a section, or allowed, and save."))


def check_call(
    label: str, sections: Sequence[tuple[UUID, str]], reason_code: str, reason: str
) -> tuple[tuple[UUID, str, int], ...]:  # fmt: skip
    """Raise Unclear unless the form makes sense; returns version, id and severity of each section."""
    if label not in set(Label):
        raise Unclear(_("Choose a section, or allowed."))
    if reason_code and reason_code not in rules.REASONS:
        raise Unclear(_("Choose one of the reasons in the list."))
    if len(reason) > MOST_REASON:
        raise Unclear(_("The note is longer than %(most)d characters; shorten it.") % {"most": MOST_REASON})
    if label == Label.ALLOWED.value:
        if sections:
            raise Unclear(_("Allowed takes no section. Choose allowed, or a section it violates."))
        return ()
    if not sections:
        raise Unclear(_("Choose the section that it violates."))
    severities: dict[tuple[UUID, str], int] = {}
    for version in {each[0] for each in sections}:
        severities |= {(version, each.code): each.severity for each in policies.version_sections(version)}
    if any(pair not in severities for pair in sections):
        raise Unclear(
            _("That section is not in this version of the policy. Reload the page and choose again.")
        )
    return tuple((version, code, severities[version, code]) for version, code in sections)


def gravest(sections: Sequence[tuple[UUID, str, int]]) -> int:
    """The highest severity of the sections of a call; 0 for none."""
    return max((severity for _, _, severity in sections), default=0)


def seat_for(task: UUID, epoch: int, nonce: UUID, person: Person) -> Task | Decided:
    """The task, locked, if the person may decide it now; the first decision if this form was sent before."""
    seat = (
        Task.objects.select_for_update(of=("self",))
        .select_related("item", "queue", "answers")
        .annotate(alive=ExpressionWrapper(Q(lease_until__gt=Now()), output_field=BooleanField()))
        .filter(pk=task)
        .first()
    )
    if seat is None:
        raise ClaimLost(_("This task is not there any more."), task=str(task))
    before = Decision.objects.filter(nonce=nonce, task=task, person=person).first()
    if before is not None:
        return Decided(before.pk, before.item_id, seat.queue_id, None, repeated=True)
    mine = seat.state == TaskState.CLAIMED and seat.claimed_by_id == person.pk and not seat.reserved
    if mine and seat.lease_epoch == epoch and seat.alive:
        return seat
    item = str(seat.item_id)
    if seat.state == TaskState.DONE:
        latest = Decision.objects.filter(task=task).order_by("-at").values_list("pk", flat=True).first()
        raise AlreadyDecided(
            _("This item is already decided. Nothing was sent from this screen."),
            item=item,
            decision=str(latest),
        )
    if seat.state == TaskState.WITHDRAWN:
        raise ClaimLost(_("This item left the queue: it was replaced, erased or restricted."), item=item)
    raise ClaimLost(
        _("Your time on this item ended. What you typed is still here; claim it again to go on."), item=item
    )


def _decide(seat: Task, nonce: UUID, person: Person, call: _Call, verdicts: Sequence[Verdict]) -> Decided:
    if seat.item.restricted:
        raise ClaimLost(
            _("This item was restricted; only cleared people may open it."), item=str(seat.item_id)
        )
    check_protected(item=seat.item, person=person)
    if seat.queue.escalation:
        _check_answered(seat)
    if seat.kind in rules.CHANGES_THE_ITEM and not intake.advance(
        items=[seat.item_id], expected="awaiting_review", following="decided"
    ):
        raise ClaimLost(_("This item left the queue: it was replaced or erased."), item=str(seat.item_id))
    decision = _write(seat, nonce, person, call, verdicts)
    Task.objects.filter(pk=seat.pk).update(
        state=TaskState.DONE.value, done_at=decision.at, claimed_by=None, lease_until=None
    )
    if seat.item.purpose == "live":
        replaced = decision.kind == DecisionKind.REPLACED
        event = Announced.DECISION_REPLACED if replaced else Announced.DECISION_MADE
        webhooks.announce(
            event=event, item=seat.item_id, decision=decision.pk, release_at=decision.release_at
        )
    _tell(decision, seat, call, verdicts)
    tell_replaced(new=decision, findings=call.findings)
    if decision.awaits_second:
        ask_second(decision=decision, seat=seat)
    if seat.queue.escalation:
        close_escalations(task=seat.pk, item=seat.item_id, person=person, why="decided")
    return Decided(decision.pk, seat.item_id, seat.queue_id, promote(queue=seat.queue_id, person=person))


def _write(seat: Task, nonce: UUID, person: Person, call: _Call, verdicts: Sequence[Verdict]) -> Decision:
    now = database_time()
    last = Decision.objects.filter(item_id=seat.item_id, replaced_by=None).order_by("-at").first()
    kind = _kind(seat, last)
    if kind == DecisionKind.SECOND and last is not None:
        webhooks.cancel(decision=last.pk)
    awaits = call.does.second and kind != DecisionKind.SECOND
    undo_until = now + timedelta(seconds=0 if kind == DecisionKind.SECOND else seat.queue.undo_seconds)
    decision = Decision.objects.create(
        item_id=seat.item_id, task=seat, person=person, nonce=nonce, label=call.label, kind=kind.value, replaces=last,
        actions=[{"code": call.does.action, "parameters": call.does.parameters}],
        detection=rules.detection(_flags(seat.item_id)), automation=call.automation, reason_code=call.reason_code,
        reason=call.reason, lead_id=call.lead, exception=call.does.exception, review_on=call.does.review_on,
        shown={"verdicts": [_as_shown(each) for each in verdicts], "blind": call.blind},
        at=now, undo_until=undo_until, awaits_second=awaits, release_at=now + FAR if awaits else undo_until,
    )  # fmt: skip
    _drop_sent(seat, person, call.reason)
    if seat.blind:
        BlindCall.objects.filter(task=seat, person=person).update(decision=decision)
    if decision.replaces_id:
        withdraw_strike(decision=decision.replaces_id)
    count_strike(decision=decision, item=seat.item, severity=call.severity)
    Finding.objects.bulk_create(
        Finding(decision=decision, version_id=v, section=code) for v, code in call.findings
    )
    VerdictCall.objects.bulk_create(
        VerdictCall(decision=decision, verdict_id=v, call=c) for v, c in call.calls.items()
    )
    return decision


def _drop_sent(seat: Task, person: Person, reason: str) -> None:
    """The draft went out with the decision. Words that a confirm left unsent stay, and are back after an undo."""
    drafts = Draft.objects.filter(task=seat, person=person)
    (drafts if reason else drafts.filter(reason="")).delete()


def _check_answered(seat: Task) -> None:
    """Raise Unclear while a checklist that must be filled in is not."""
    opened = Escalation.objects.filter(task=seat, closed_at=None, answered_at=None).first()
    if opened is not None and KINDS[opened.kind].answers:
        raise Unclear(
            _("Fill in the checklist of this escalation first: help sent, authority told, reference.")
        )


def _kind(seat: Task, last: Decision | None) -> DecisionKind:
    if seat.kind == TaskKind.SECOND:
        return DecisionKind.SECOND
    if last is None:
        return DecisionKind.FIRST
    made = Decision.objects.filter(item_id=seat.item_id).exclude(kind=DecisionKind.UNDONE)
    stands = made.exclude(replaced_by__kind=DecisionKind.UNDONE).exists()
    return DecisionKind.REPLACED if stands else DecisionKind.FIRST


def _tell(decision: Decision, seat: Task, call: _Call, verdicts: Sequence[Verdict]) -> None:
    data: dict[str, Any] = {
        "decision": str(decision.pk), "task": str(seat.pk), "label": call.label, "kind": decision.kind,
        "findings": [f"{version}:{section}" for version, section in call.findings], "actions": [call.does.action],
        "calls": {str(verdict): word for verdict, word in call.calls.items()},
        "replaces": str(decision.replaces_id) if decision.replaces_id else None,
        "versions": sorted({str(version) for version, _ in call.findings} | {str(each.version_id) for each in verdicts}),
        "verdicts": [str(each.pk) for each in verdicts], "exception": call.does.exception,
        "awaits_second": decision.awaits_second,
    }  # fmt: skip
    record(
        verb="decision.made", actor=Actor.person(decision.person_id), subjects=[seat.item_id], data=data,
        at=decision.at,
    )  # fmt: skip


def _shown(item: UUID, ids: set[UUID]) -> list[Verdict]:
    """The verdicts with these ids that are of this item; others that a form may name are ignored."""
    return list(
        Verdict.objects.filter(pk__in=ids, item_id=item).select_related("engine").order_by("at", "pk")
    )


def _facts(verdict: Verdict) -> rules.ShownVerdict:
    return rules.ShownVerdict(verdict.pk, verdict.version_id, verdict.label, frozenset(verdict.sections))


def _as_shown(verdict: Verdict) -> dict[str, Any]:
    """What a decision keeps of a verdict it was based on: identities and hashes, no text."""
    return {
        "verdict": str(verdict.pk), "version": str(verdict.version_id), "policy_hash": verdict.policy_hash,
        "label": verdict.label, "confidence": verdict.confidence, "sections": list(verdict.sections),
        "model": verdict.model, "engine": verdict.engine.signature, "practice": verdict.engine.practice,
        "prompt_hash": verdict.prompt_hash,
    }  # fmt: skip


def _flags(item: UUID) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT kind FROM intake_flag WHERE item_id = %s", [item])
        return [row[0] for row in cursor.fetchall()]
