"""Confirm and override: a decision, the item's state, the audit event and the outbox row in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.ids import new_ids
from reviewapp.intake import actions as intake
from reviewapp.policies import reads as policies
from reviewapp.review import rules
from reviewapp.review.actions.authors import check_protected, count_strike, withdraw_earlier
from reviewapp.review.actions.claims import ClaimLost, Unclear, alone, promote
from reviewapp.review.actions.closing import close_escalations
from reviewapp.review.actions.consequences import (
    FAR,
    Consequence,
    Wish,
    ask_second,
    check_another,
    check_by_two,
    consequence,
    drop_second,
)
from reviewapp.review.actions.seating import Decided, seat_for
from reviewapp.review.actions.telling import announce_decision, tell_replaced
from reviewapp.review.models import BlindCall, Decision, Escalation, Task
from reviewapp.review.reads_blind import is_blind
from reviewapp.review.rules import DecisionKind, Label, TaskKind
from reviewapp.review.rules_escalation import KINDS
from reviewapp.screening import reads as screening
from reviewapp.screening.models import Verdict
from reviewapp.ui.errors import Stale
from reviewapp.webhooks import actions as webhooks
from reviewapp.webhooks import reads as outbox
from reviewapp.webhooks.rules import Announced

MOST_REASON = 4_000
AS_USUAL: Final = Wish()
_KNOWN: Final = """
    SELECT clock_timestamp(), (SELECT array_agg(DISTINCT kind) FROM intake_flag WHERE item_id = %(item)s), (
        SELECT d.id FROM review_decision d WHERE d.item_id = %(item)s
            AND NOT EXISTS (SELECT FROM review_decision later WHERE later.replaces_id = d.id)
        ORDER BY d.at DESC LIMIT 1
    )
"""
_FOLLOW: Final = """
    WITH found AS (
        INSERT INTO review_finding (id, decision_id, version_id, section)
        SELECT id, %(decision)s, version, section
        FROM unnest(%(finding_ids)s::uuid[], %(versions)s::uuid[], %(sections)s::text[]) AS each(id, version, section)
    ), called AS (
        INSERT INTO review_verdictcall (id, decision_id, verdict_id, call)
        SELECT id, %(decision)s, verdict, word
        FROM unnest(%(call_ids)s::uuid[], %(verdicts)s::uuid[], %(words)s::text[]) AS each(id, verdict, word)
    ), sent AS (
        DELETE FROM review_draft
        WHERE task_id = %(task)s AND person_id = %(person)s AND (%(said)s OR reason = '')
    )
    UPDATE review_task SET state = 'done', done_at = %(at)s, claimed_by_id = NULL, lease_until = NULL
    WHERE id = %(task)s
"""


class VerdictChanged(Stale):
    """The verdict that was on the screen is no longer the lead; nothing was decided."""


@dataclass(frozen=True, slots=True)
class _Call:
    """What a person says, checked: findings are (version, section) pairs, `weighed` the same with their severity."""

    label: str
    findings: tuple[tuple[UUID, str], ...]
    does: Consequence
    calls: dict[UUID, str]
    lead: UUID | None
    weighed: Sequence[tuple[UUID, str, int]] = ()
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
        weighed = [(lead.version_id, each.code, each.severity) for each in cited]
        call = _Call(
            label=lead.label, findings=tuple((lead.version_id, each.code) for each in cited),
            does=consequence(
                wish=wish, label=lead.label, sections=weighed,
                reason="", person=person,
            ),
            calls=rules.calls_of_confirm([_facts(each) for each in verdicts], verdict), lead=verdict,
            automation="partially", weighed=weighed,
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
        weighed = check_call(first.label, findings, "", "")
        call = _Call(first.label, findings, does, calls, first.lead_id, weighed, automation=first.automation)
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
        calls=calls, lead=lead, reason_code=reason_code, reason=reason.strip(), weighed=weighed, blind=blind,
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


def _decide(seat: Task, nonce: UUID, person: Person, call: _Call, verdicts: Sequence[Verdict]) -> Decided:
    if seat.item.restricted:
        raise ClaimLost(
            _("This item was restricted; only cleared people may open it."), item=str(seat.item_id)
        )
    check_protected(item=seat.item, person=person)
    check_another(task=seat, person=person)
    check_by_two(task=seat, does=call.does)
    if seat.queue.escalation:
        _check_answered(seat)
    if seat.kind in rules.CHANGES_THE_ITEM and not intake.advance(
        items=[seat.item_id], expected="awaiting_review", following="decided"
    ):
        raise ClaimLost(_("This item left the queue: it was replaced or erased."), item=str(seat.item_id))
    decision = _write(seat, nonce, person, call, verdicts)
    announce_decision(decision=decision, event=_event(decision))
    _tell(decision, seat, call, verdicts)
    tell_replaced(new=decision, findings=call.findings)
    if decision.awaits_second:
        ask_second(decision=decision, seat=seat)
    if seat.queue.escalation:
        close_escalations(tasks=[seat.pk], actor=Actor.person(person.pk), why="decided")
    return Decided(decision.pk, seat.item_id, seat.queue_id, promote(queue=seat.queue_id, person=person))


def _write(seat: Task, nonce: UUID, person: Person, call: _Call, verdicts: Sequence[Verdict]) -> Decision:
    now, flags, last = _known(seat.item_id)
    if last is not None and last.awaits_second and seat.kind != TaskKind.SECOND:
        drop_second(decision=last, person=person)
        # Until their task was locked, the second person may have decided.
        now, flags, last = _known(seat.item_id)
    kind = _kind(seat, last)
    if last is not None and (last.awaits_second or kind == DecisionKind.SECOND):
        webhooks.cancel(decision=last.pk)
    awaits = call.does.second and kind != DecisionKind.SECOND
    undo_until = now + timedelta(seconds=0 if kind == DecisionKind.SECOND else seat.queue.undo_seconds)
    decision = Decision.objects.create(
        item=seat.item, task=seat, person=person, nonce=nonce, label=call.label, kind=kind.value, replaces=last,
        actions=[{"code": call.does.action, "parameters": call.does.parameters}],
        detection=rules.detection(flags), automation=call.automation, reason_code=call.reason_code,
        reason=call.reason, lead_id=call.lead, exception=call.does.exception, review_on=call.does.review_on,
        shown={"verdicts": [_as_shown(each) for each in verdicts], "blind": call.blind},
        at=now, undo_until=undo_until, awaits_second=awaits, release_at=now + FAR if awaits else undo_until,
    )  # fmt: skip
    _follow(decision, seat, call)
    if seat.blind:
        BlindCall.objects.filter(task=seat, person=person).update(decision=decision)
    if decision.replaces_id:
        withdraw_earlier(decision=decision)
    count_strike(decision=decision, item=seat.item, sections=call.weighed)
    return decision


def _event(decision: Decision) -> Announced:
    """In the place of one that never left, such as one that waited for its second person, it leaves as made."""
    if decision.kind != DecisionKind.REPLACED:
        return Announced.DECISION_MADE
    earlier = Decision.objects.filter(item_id=decision.item_id).exclude(pk=decision.pk)
    told = outbox.is_told(decisions=list(earlier.values_list("pk", flat=True)))
    return Announced.DECISION_REPLACED if told else Announced.DECISION_MADE


def _known(item: UUID) -> tuple[datetime, list[str], Decision | None]:
    """Under the seat's lock: the database's time, the kinds of flags on the item, and its decision that nothing replaced."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"item": item})
        now, flags, latest = cursor.fetchone()
    return now, flags or [], Decision.objects.get(pk=latest) if latest else None


def _follow(decision: Decision, seat: Task, call: _Call) -> None:
    """What goes with a decision, in one statement: its findings, its word on each verdict, the task done, the draft sent.

    Words that a confirm left unsent stay in the draft, and are back after an undo.
    """
    findings, calls = list(call.findings), list(call.calls.items())
    with connection.cursor() as cursor:
        cursor.execute(
            _FOLLOW,
            {
                "decision": decision.pk, "task": seat.pk, "person": decision.person_id, "at": decision.at,
                "said": bool(call.reason), "finding_ids": new_ids(len(findings)), "call_ids": new_ids(len(calls)),
                "versions": [each[0] for each in findings], "sections": [each[1] for each in findings],
                "verdicts": [each[0] for each in calls], "words": [each[1] for each in calls],
            },
        )  # fmt: skip


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
