"""The read door of routing: the rules in force, what would move, and which rule takes one item and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.intake import reads as intake
from reviewapp.intake.models import Source
from reviewapp.intake.rules import FlagKind
from reviewapp.policies.models import Policy
from reviewapp.review import rules, rules_routing
from reviewapp.review.actions.admission import facts_of, route_of
from reviewapp.review.actions.routing import Sampled, changed_rules, misplaced, sampled
from reviewapp.review.models import Queue, RoutingRule, RoutingVersion, Task
from reviewapp.ui.errors import Missing
from reviewapp.ui.languages import name_of, words_of


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule: its place, its row, its conditions in words (none: takes everything), what it takes, what is wrong."""

    number: int
    rule: RoutingRule
    words: tuple[str, ...]
    taken: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Routing:
    """The rules in force. `moves`: how many of the `sample` would go from one queue to another."""

    version: int
    lines: tuple[RuleLine, ...]
    queues: tuple[tuple[UUID, str], ...]
    moves: tuple[tuple[str, str, int], ...]
    sample: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would do before it is saved. `taken` of the `sample` items due next, of `waiting` (`capped`: or more)."""

    line: RuleLine
    moves: tuple[tuple[str, str, int], ...]
    sample: int
    waiting: int
    capped: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """One item against the rules: each rule reached, with what it misses; the one that fires misses nothing."""

    item: UUID
    steps: tuple[tuple[RuleLine, tuple[str, ...]], ...]
    facts: tuple[tuple[str, str], ...]
    queue: str
    terms: str


def routing() -> Routing:
    """The page of rules."""
    queues = dict(Queue.objects.values_list("pk", "name"))
    latest = RoutingVersion.objects.order_by("-number").values_list("number", flat=True).first() or 0
    rows = list(RoutingRule.objects.select_related("queue"))
    sample = sampled()
    return Routing(
        latest, _judged(rows, sample), tuple(queues.items()), _moves(rows, sample, queues), len(sample)
    )


def preview(*, rule: UUID | None, conditions: Mapping[str, Any], queue: UUID) -> Preview:
    """What saving this rule would do to what waits; nothing is stored. Raises Missing, Unclear as saving would."""
    rows = changed_rules(rule=rule, conditions=conditions, queue=queue)
    place = next(number for number, row in enumerate(rows) if row.pk == rule or row._state.adding)
    sample = sampled()
    queues = dict(Queue.objects.values_list("pk", "name"))
    few = Task.objects.filter(state="waiting", kind="first").values("pk")[: rules.COUNT_CAP + 1].count()
    moves = _moves(rows, sample, queues)
    return Preview(
        _judged(rows, sample)[place], moves, len(sample), min(few, rules.COUNT_CAP), few > rules.COUNT_CAP
    )


def _moves(
    rows: Sequence[RoutingRule], sample: Sequence[Sampled], queues: Mapping[UUID, str]
) -> tuple[tuple[str, str, int], ...]:
    stands = {each.task: each.queue for each in sample}
    moved = misplaced([route_of(row) for row in rows], sample)
    counts = Counter((queues[stands[task]], queues[goes]) for task, goes in moved.items())
    return tuple((before, after, count) for (before, after), count in counts.most_common())


def _judged(rows: Sequence[RoutingRule], sample: Sequence[Sampled]) -> tuple[RuleLine, ...]:
    """The rules with what each takes of the sample, and what is wrong with it."""
    routes = [route_of(row) for row in rows]
    taken = Counter(rules_routing.firing(routes, each.facts) for each in sample)
    there = {
        "policies": set(Policy.objects.values_list("slug", flat=True)),
        "sources": set(Source.objects.values_list("name", flat=True)),
        "flag_kinds": {kind.value for kind in FlagKind},
    }
    lines = []
    for place, row in enumerate(rows):
        wrong = rules_routing.impossible(routes[place], **there)
        above = next((n for n in range(place) if rules_routing.shadows(routes[n], routes[place])), None)
        if above is not None:
            wrong.append(
                _("Never reached: rule %(number)d takes everything that it would.") % {"number": above + 1}
            )
        elif not wrong and sample and not taken[place]:
            wrong.append(_("Takes none of the %(count)d items that are due next.") % {"count": len(sample)})
        lines.append(RuleLine(place + 1, row, _conditions(row), taken[place], tuple(wrong)))
    return tuple(lines)


def tried(typed: str) -> Tried:
    """Which rule takes the item of this id, here or on its source, and why the ones above do not. Raises Missing."""
    item = intake.named(typed)
    known = facts_of([item]).get(item) if item else None
    if item is None or known is None:
        raise Missing(
            _(
                "There is no such item that you may see. Give the id from its address, or its id on its source."
            )
        )
    steps = []
    for line in _lines():
        lacking = tuple(_(each) for each in rules.misses(route_of(line.rule), known))
        steps.append((line, lacking))
        if not lacking:
            break
    queue = steps[-1][0].rule.queue if steps else None
    place = (
        rules.rank(known, target_minutes=queue.target_minutes if queue else 240, now=known.since)
        if known.since
        else None
    )
    reports = sum(kind != "automated" for kind in known.flag_kinds)
    terms = rules.why_here(place.terms, severity=known.severity, reports=reports) if place else ""
    return Tried(item, tuple(steps), _words_of(known), queue.name if queue else "", terms)


def _words_of(facts: Any) -> tuple[tuple[str, str], ...]:
    return (
        (_("source"), facts.source), (_("policies"), ", ".join(sorted(facts.policies)) or _("none")),
        (_("flags"), ", ".join(facts.flag_kinds) or _("none")), (_("label"), facts.label or _("no verdict")),
        (_("severity"), str(facts.severity)), (_("confidence"), facts.confidence or "–"), (_("language"), words_of("und" if facts.detected else facts.language, facts.language)),
        (_("country"), facts.country or "–"), (_("author"), facts.author or "–"),
    )  # fmt: skip


def _lines() -> tuple[RuleLine, ...]:
    rows = RoutingRule.objects.select_related("queue")
    return tuple(RuleLine(number, row, _conditions(row)) for number, row in enumerate(rows, start=1))


def _conditions(row: RoutingRule) -> tuple[str, ...]:
    named = (
        (_("policy is %(names)s"), row.policies), (_("source is %(names)s"), row.sources), (_("flag is %(names)s"), row.flag_kinds),
        (_("language is %(names)s"), [name_of(each) for each in row.languages]), (_("country is %(names)s"), row.countries),
        (_("author is %(names)s"), row.authors), (_("label is %(names)s"), row.labels), (_("confidence is %(names)s"), row.confidences),
    )  # fmt: skip
    either = f" {_('or')} "
    words = [told % {"names": either.join(values)} for told, values in named if values]
    if row.severity_from:
        words.append(_("severity is %(severity)d or more") % {"severity": row.severity_from})
    return tuple(words)
