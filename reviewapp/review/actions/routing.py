"""The rules that choose a queue: changed by admins, every change a version; waiting items moved when asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.policies.models import Policy
from reviewapp.review import rules, rules_routing
from reviewapp.review.actions.admission import facts_of, route_of
from reviewapp.review.actions.claims import Unclear, alone
from reviewapp.review.models import Queue, RoutingRule, RoutingVersion, Task
from reviewapp.ui.errors import Missing
from reviewapp.ui.languages import UNKNOWN, code_of, name_of

LISTS: Final = (
    "policies", "sources", "flag_kinds", "languages", "countries", "authors", "labels", "confidences",
)  # fmt: skip
_CLOSED: Final = ("flag_kinds", "labels", "confidences", "countries")
MOST_MOVED: Final = 1_000
_RULES_LOCK: Final = 7_214_003
_DUE_NEXT: Final = """
    SELECT t.id, t.item_id, q.id FROM review_queue q, LATERAL (
        SELECT id, item_id, due_at FROM review_task
        WHERE queue_id = q.id AND state = 'waiting' AND kind = 'first' AND assigned_to_id IS NULL
        ORDER BY due_at LIMIT %s
    ) t WHERE q.escalation = '' ORDER BY t.due_at, t.id LIMIT %s
"""


def save_rule(*, rule: UUID | None, conditions: Mapping[str, Any], queue: UUID, person: Person) -> int:
    """Change a rule, or add one above the last; returns the number of the new version.

    Only the last rule may have no condition, and names of policies are those there are or rules name already. Raises
    Missing for a rule or queue that is gone, Unclear for a condition that cannot be, Forbidden.
    """
    check_may(person, "routing.manage")
    columns = _checked(conditions)
    with alone(person):
        _lock()
        if not Queue.objects.filter(pk=queue).exists():
            raise Missing(_("There is no such queue. Choose one from the list."))
        _check_policies(columns["policies"])
        _check_narrows(rule, columns)
        if rule is None:
            ordinals = list(RoutingRule.objects.order_by("ordinal").values_list("ordinal", flat=True))
            RoutingRule.objects.create(
                ordinal=ordinals[-1] + 10 if ordinals else 10, queue_id=queue, **columns
            )
            _order([*_keys()[:-2], *reversed(_keys()[-2:])] if len(ordinals) else _keys())
        elif not RoutingRule.objects.filter(pk=rule).update(queue_id=queue, **columns):
            raise Missing(_("This rule is gone. Reload the page."))
        return _keep(person)


def move_rule(*, rule: UUID, person: Person) -> int:
    """Put a rule before the one above it; the first stays first. Raises Missing, Forbidden."""
    check_may(person, "routing.manage")
    with alone(person):
        _lock()
        keys = _keys()
        if rule not in keys:
            raise Missing(_("This rule is gone. Reload the page."))
        place = keys.index(rule)
        if place:
            keys[place - 1], keys[place] = keys[place], keys[place - 1]
            _order(keys)
        return _keep(person)


def drop_rule(*, rule: UUID, person: Person) -> int:
    """Take a rule out; the last one stays, because what no rule takes must go somewhere. Raises Unclear, Forbidden."""
    check_may(person, "routing.manage")
    with alone(person):
        _lock()
        if _keys()[-1:] == [rule]:
            raise Unclear(_("The last rule takes what no other does. Change its queue instead."))
        RoutingRule.objects.filter(pk=rule).delete()
        return _keep(person)


def reroute(*, person: Person) -> int:
    """Move up to a thousand waiting first tasks to the queue that the rules name now; returns how many moved.

    Handed over, escalated and claimed ones stay where they are. Raises Forbidden.
    """
    check_may(person, "routing.manage")
    with alone(person):
        _lock()
        moved = misplaced([route_of(each) for each in RoutingRule.objects.all()], sampled())
        for queue in set(moved.values()):
            tasks = [task for task, goes in moved.items() if goes == queue]
            Task.objects.filter(pk__in=tasks, state="waiting").update(queue_id=queue)
        if moved:
            items = list(Task.objects.filter(pk__in=list(moved)).values_list("item_id", flat=True))
            latest = RoutingVersion.objects.order_by("-number").values_list("number", flat=True).first() or 0
            record(
                verb="task.rerouted", actor=Actor.person(person.pk), subjects=items,
                data={"version": latest, "tasks": [str(task) for task in moved]},
            )  # fmt: skip
    return len(moved)


@dataclass(frozen=True, slots=True)
class Sampled:
    """A waiting first task that may move: the queue it stands in, and what routing knows of its item."""

    task: UUID
    queue: UUID
    facts: rules.Facts


def sampled() -> tuple[Sampled, ...]:
    """The thousand waiting first tasks that are due next, without what was handed over or escalated."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE_NEXT, [MOST_MOVED, MOST_MOVED])
        rows = cursor.fetchall()
    facts = facts_of([row[1] for row in rows])
    return tuple(Sampled(task, queue, facts[item]) for task, item, queue in rows if item in facts)


def misplaced(routes: Sequence[rules.Route], sample: Sequence[Sampled]) -> dict[UUID, UUID]:
    """The tasks of `sample` that `routes` would put elsewhere, and where they would go."""
    if not routes:
        return {}
    goes = {each.task: rules.route(routes, each.facts, routes[-1].queue) for each in sample}
    return {each.task: goes[each.task] for each in sample if goes[each.task] != each.queue}


def changed_rules(*, rule: UUID | None, conditions: Mapping[str, Any], queue: UUID) -> list[RoutingRule]:
    """The rules in their order as `save_rule` would leave them; nothing is stored. Raises as `save_rule`."""
    columns = _checked(conditions)
    if not Queue.objects.filter(pk=queue).exists():
        raise Missing(_("There is no such queue. Choose one from the list."))
    _check_narrows(rule, columns)
    rows = list(RoutingRule.objects.select_related("queue"))
    if rule is None:
        return [*rows[:-1], RoutingRule(queue_id=queue, **columns), *rows[-1:]]
    if rule not in {each.pk for each in rows}:
        raise Missing(_("This rule is gone. Reload the page."))
    return [RoutingRule(pk=each.pk, queue_id=queue, **columns) if each.pk == rule else each for each in rows]


def change_queue(*, queue: UUID, changes: Mapping[str, int | bool], person: Person) -> None:
    """Change the settings of a queue. Raises Unclear for a number that cannot be, Missing, Forbidden."""
    check_may(person, "queue.manage")
    limits = {
        "target_minutes": (1, 43_200, _("Target minutes is a number from %(low)d to %(high)d.")),
        "undo_seconds": (0, 600, _("Undo seconds is a number from %(low)d to %(high)d.")),
        "blind_percent": (0, 100, _("Blind percent is a number from %(low)d to %(high)d.")),
    }
    for name, (low, high, words) in limits.items():
        if name in changes and not low <= int(changes[name]) <= high:
            raise Unclear(words % {"low": low, "high": high})
    with alone(person):
        row = Queue.objects.select_for_update().filter(pk=queue).first()
        if row is None:
            raise Missing(_("There is no such queue."))
        for name, after in changes.items():
            before = getattr(row, name)
            if before != after:
                Queue.objects.filter(pk=queue).update(**{name: after})
                record(
                    verb="queue.changed", actor=Actor.person(person.pk), subjects=[queue],
                    data={"field": name, "before": before, "after": after},
                )  # fmt: skip


def _checked(conditions: Mapping[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {
        name: sorted({str(each) for each in conditions.get(name, ())}) for name in LISTS
    }
    if any(len(each) > 200 or not each.isprintable() for name in LISTS for each in columns[name]):
        raise Unclear(_("A condition is a list of words of at most 200 printable characters each."))
    columns["countries"] = sorted({each.upper() for each in columns["countries"]})
    unknown = rules_routing.unknown_words(**{name: columns[name] for name in _CLOSED})
    if unknown:
        raise Unclear(unknown)
    columns["languages"] = sorted({_language(each) for each in columns["languages"]})
    severity = conditions.get("severity_from", 0)
    if severity not in range(5):
        raise Unclear(_("Severity is a number from 0 to 4."))
    return columns | {"severity_from": severity}


def _check_policies(named: Sequence[str]) -> None:
    """Raise Unclear for a policy that there is not; one that a rule names already may still come."""
    known = {*Policy.objects.values_list("slug", flat=True)}
    known.update(*RoutingRule.objects.values_list("policies", flat=True))
    unknown = sorted(set(named) - known)
    if unknown:
        raise Unclear(
            _("There is no policy called %(names)s. Write the word in its address, such as spam.")
            % {"names": ", ".join(unknown)}
        )


def _check_narrows(rule: UUID | None, columns: Mapping[str, Any]) -> None:
    """Raise Unclear for a rule without a condition above others: nothing would reach them."""
    keys = _keys()
    if keys and rule != keys[-1] and (rule is None or rule in keys) and not any(columns.values()):
        raise Unclear(_("Give the rule a condition. Only the last one takes what no other does."))


def _language(typed: str) -> str:
    if typed.casefold() in {UNKNOWN, name_of(UNKNOWN)}:
        return UNKNOWN
    code = code_of(typed)
    if not code:
        raise Unclear(
            _("%(typed)s is no language known here. Write its code, such as ar, or its English name.")
            % {"typed": typed}
        )
    return code


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_RULES_LOCK])


def _keys() -> list[UUID]:
    return list(RoutingRule.objects.order_by("ordinal").values_list("pk", flat=True))


def _order(keys: list[UUID]) -> None:
    """Number the rules anew; by way of numbers that are free, because no two may share one meanwhile."""
    for base in (20_000, 0):
        for place, key in enumerate(keys, start=1):
            RoutingRule.objects.filter(pk=key).update(ordinal=base + place * 10)


def _keep(person: Person) -> int:
    """Store the whole list as the next version."""
    latest = RoutingVersion.objects.order_by("-number").values_list("number", flat=True).first() or 0
    rows = [
        {"queue": str(each.queue_id), "severity_from": each.severity_from}
        | {name: getattr(each, name) for name in LISTS}
        for each in RoutingRule.objects.all()
    ]
    version = RoutingVersion.objects.create(number=latest + 1, rules=rows, person=person)
    record(
        verb="routing.changed", actor=Actor.person(person.pk), subjects=[version.pk],
        data={"version": version.number, "rules": len(rows)},
    )  # fmt: skip
    return version.number
