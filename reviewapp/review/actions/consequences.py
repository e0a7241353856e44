"""What a decision does: the chosen action checked, exceptions, the catalogue, and a second person for the severe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.actions import notify
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.audit.actions import SWEEPER, Actor, record
from reviewapp.audit.clock import database_time
from reviewapp.review import reads_actions, rules, rules_actions
from reviewapp.review.actions.claims import Unclear, alone
from reviewapp.review.actions.closing import take_out
from reviewapp.review.models import ActionKind, Decision, SectionUsual, Task
from reviewapp.review.rules import TaskKind
from reviewapp.review.rules_actions import ActionChoice
from reviewapp.webhooks import actions as webhooks
from reviewapp.webhooks.rules import Announced

FAR: Final = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form says should happen; empty means as usual for the section."""

    action: str = ""
    days: str = ""
    territories: str = ""
    exception: str = ""
    review_on: date | None = None


@dataclass(frozen=True, slots=True)
class Consequence:
    """A checked action, and whether it waits for a second person; `by_two`: it does whatever the severity, as for accounts."""

    action: str
    parameters: dict[str, Any] = field(default_factory=dict)
    exception: str = ""
    review_on: date | None = None
    second: bool = False
    by_two: bool = False


def consequence(
    *, wish: Wish, label: str, sections: Sequence[tuple[UUID, str, int]], reason: str, person: Person
) -> Consequence:
    """What happens under `wish`; `sections` are version, id and severity. Raises Unclear with what is missing or cannot be."""
    usual = reads_actions.usuals([version for version, _, _ in sections])
    catalogue = {each.code: each for each in usual.catalogue}
    severity = max((severity for _, _, severity in sections), default=0)
    if wish.exception:
        return _excepted(wish, label, person)
    code = wish.action or usual.action(label, sections)
    choice = catalogue.get(code)
    if choice is None:
        raise Unclear(_("Choose one of the actions in the list."))
    if label == "allowed" and choice.restriction != "none":
        raise Unclear(
            _(
                "Allowed and “%(action)s” contradict each other: leave the action as usual, or choose a section."
            )
            % {"action": choice.words}
        )
    try:
        parameters = rules_actions.parameters_of(choice, wish.days, wish.territories)
    except ValueError as wrong:
        raise Unclear(str(wrong)) from None
    lacking = rules_actions.missing(choice, parameters, reason)
    if lacking:
        raise Unclear(
            _("“%(action)s” also needs: %(lacking)s.")
            % {"action": choice.words, "lacking": ", ".join(lacking).lower()}
        )
    second = rules_actions.needs_second(choice, label, severity)
    return Consequence(code, parameters, second=second, by_two=choice.second)


def _excepted(wish: Wish, label: str, person: Person) -> Consequence:
    if not may(person.roles, "exception.grant"):
        raise Unclear(_("Only a senior grants an exception. Hand the item over, with a note."))
    if (
        wish.exception not in rules_actions.EXCEPTIONS
        or label != "violates"
        or wish.action not in {"", "none"}
    ):
        raise Unclear(
            _("An exception says that the item violates and stays up: choose a section, and no action.")
        )
    wrong = rules_actions.check_review_day(wish.review_on, database_time().date())
    if wrong:
        raise Unclear(wrong)
    return Consequence("none", exception=wish.exception, review_on=wish.review_on)


def ask_second(*, decision: Decision, seat: Task) -> None:
    """Within the decision's transaction: limit the item at once, and let a second person confirm or lift it."""
    now = database_time()
    Task.objects.create(
        item_id=seat.item_id, kind=TaskKind.SECOND.value, queue_id=seat.queue_id, tier=rules.URGENT_TIER, rank_at=now,
        due_at=now + timedelta(minutes=seat.queue.target_minutes), policy=seat.policy, severity=seat.severity,
        language=seat.language, answers=decision,
    )  # fmt: skip
    record(
        verb="task.admitted", actor=Actor.person(decision.person_id), subjects=[seat.item_id],
        data={"queues": {seat.queue.slug: 1}, "kind": "second"},
    )  # fmt: skip
    webhooks.announce(events=[Announced.ITEM_LIMITED], item=seat.item_id, decision=None, release_at=now)


def check_another(*, task: Task, person: Person) -> None:
    """Raise Unclear where the task asks a second person, and the person made the decision that it asks of."""
    if task.kind == TaskKind.SECOND and task.answers is not None and task.answers.person_id == person.pk:
        raise Unclear(
            _(
                "%(name)s made the decision that waits for a second person here; leave it to somebody else to confirm."
            )
            % {"name": person.name or person.email}
        )


def check_by_two(*, task: Task, does: Consequence) -> None:
    """Raise Unclear where the second person wants what takes two people, and the first did not."""
    if not does.by_two or task.kind != TaskKind.SECOND or task.answers is None:
        return
    if task.answers.actions != [{"code": does.action, "parameters": does.parameters}]:
        raise Unclear(
            _(
                "This action takes two people, and the first did not choose it. Choose another one now, "
                "then replace your call under “My last 50”: that asks somebody else to confirm it."
            )
        )


def drop_second(*, decision: Decision, person: Person) -> None:
    """Within the open transaction: the decision is taken back or replaced, so nobody needs to confirm it."""
    waiting = list(
        Task.objects.select_for_update()
        .filter(answers=decision, state__in=rules.OPEN_TASK_STATES)
        .values_list("pk", flat=True)
    )
    if waiting:
        take_out(waiting, [decision.item_id], actor=Actor.person(person.pk), why="undone")


def save_action(*, choice: ActionChoice, active: bool, person: Person, new: bool = False) -> None:
    """Change an action of the catalogue or add one (`new`); the first save takes the supplied ones in.

    What was decided with it before keeps its words and parameters. A retired one may be added again. Raises Unclear,
    also for a new one whose code another has, Forbidden.
    """
    check_may(person, "actions.manage")
    wrong = rules_actions.check_choice(choice)
    if wrong:
        raise Unclear(wrong)
    if not active and choice.code == "none":
        raise Unclear(_("“None” cannot be retired: allowed needs it."))
    with alone(person):
        if new and choice.code in {each.code for each in reads_actions.catalogue()}:
            raise Unclear(
                _("%(code)s exists already. Choose another code, or Change beside it in the list.")
                % {"code": choice.code}
            )
        if not ActionKind.objects.exists():
            for place, each in enumerate(rules_actions.SUPPLIED, start=1):
                ActionKind.objects.create(code=each.code, ordinal=place * 10, **_columns(each))
        ActionKind.objects.update_or_create(code=choice.code, defaults=_columns(choice) | {"active": active})
        record(
            verb="action.saved", actor=Actor.person(person.pk), subjects=[],
            data={
                "code": choice.code, "restriction": choice.restriction, "days": choice.days,
                "severities": list(choice.severities), "requires": list(choice.requires), "second": choice.second,
                "active": active,
            },
        )  # fmt: skip


@transaction.atomic
def remind_of_exceptions(*, limit: int = 100) -> int:
    """Tell who granted an exception that stands that its day has come; each is told once. Returns how many."""
    due = list(
        Decision.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(review_on__lte=database_time().date(), replaced_by=None).exclude(exception="").order_by("review_on")[:limit]
    )  # fmt: skip
    for each in due:
        Decision.objects.filter(pk=each.pk).update(review_on=None)
        notify(person=each.person_id, kind="exception_due", about=each.pk)
        record(verb="exception.due", actor=SWEEPER, subjects=[each.item_id], data={"decision": str(each.pk)})
    return len(due)


def save_usual(*, policy: str, usual: Mapping[str, tuple[str, str]], person: Person) -> int:
    """Set what calls on sections of a policy do and why, by section id: an action and a reason of an override, or nothing.

    Holds at once and across versions. Returns how many sections changed. Raises Unclear for an action that may not be
    usual, a reason or section that is not in the list, Forbidden.
    """
    check_may(person, "actions.manage")
    choices = {each.code: each for each in reads_actions.catalogue()}
    there = next((page for page in reads_actions.usual_pages() if page.slug == policy), None)
    known = {line.code: (line.action, line.reason_code) for line in there.sections} if there else {}
    for section, (action, reason_code) in usual.items():
        if section not in known:
            raise Unclear(_("That section is not in force any more. Reload the page."))
        if action and (action not in choices or not rules_actions.may_be_usual(choices[action])):
            raise Unclear(
                _("%(section)s: what touches an account, or asks for more to be said, is never usual.")
                % {"section": section}
            )
        if reason_code and reason_code not in rules.REASONS:
            raise Unclear(_("%(section)s: choose one of the reasons in the list.") % {"section": section})
    changed = {section: said for section, said in usual.items() if said != known[section]}
    with alone(person):
        for section, (action, reason_code) in changed.items():
            values = {"action": action, "reason_code": reason_code}
            SectionUsual.objects.update_or_create(policy=policy, section=section, defaults=values)
            record(
                verb="action.made_usual", actor=Actor.person(person.pk), subjects=[],
                data={"policy": policy, "section": section, "action": action, "reason": reason_code},
            )  # fmt: skip
    return len(changed)


def _columns(choice: ActionChoice) -> dict[str, Any]:
    return {
        "label": choice.label.strip(), "restriction": choice.restriction, "days": choice.days,
        "territories": list(choice.territories), "requires": list(choice.requires),
        "severities": list(choice.severities), "second": choice.second,
    }  # fmt: skip
