"""The read door of routing: the rules in force, what would move, and which rule takes one item and why."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from reviewapp.intake.models import Item
from reviewapp.review import rules
from reviewapp.review.actions.admission import facts_of, route_of
from reviewapp.review.actions.routing import wrongly_placed
from reviewapp.review.models import Queue, RoutingRule, RoutingVersion, Task
from reviewapp.ui.errors import Missing
from reviewapp.ui.languages import name_of, words_of


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule: its place, its row, and its conditions in words (none: takes everything)."""

    number: int
    rule: RoutingRule
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Routing:
    """The rules in force. `moves`: how many waiting items would go from one queue to another."""

    version: int
    lines: tuple[RuleLine, ...]
    queues: tuple[tuple[UUID, str], ...]
    moves: tuple[tuple[str, str, int], ...]


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
    moved = wrongly_placed()
    stands = dict(Task.objects.filter(pk__in=list(moved)).values_list("pk", "queue_id"))
    counts = Counter((queues[stands[task]], queues[goes]) for task, goes in moved.items() if task in stands)
    latest = RoutingVersion.objects.order_by("-number").values_list("number", flat=True).first() or 0
    moves = tuple((before, after, count) for (before, after), count in counts.most_common())
    return Routing(latest, _lines(), tuple(queues.items()), moves)


def tried(item: UUID) -> Tried:
    """Which rule takes an item, and why the ones above do not. Raises Missing."""
    known = facts_of([item]).get(item) if Item.objects.filter(pk=item, restricted=False).exists() else None
    if known is None:
        raise Missing("There is no such item. Give the id from its address.")
    steps = []
    for line in _lines():
        lacking = tuple(rules.misses(route_of(line.rule), known))
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
        ("source", facts.source), ("policies", ", ".join(sorted(facts.policies)) or "none"),
        ("flags", ", ".join(facts.flag_kinds) or "none"), ("label", facts.label or "no verdict"),
        ("severity", str(facts.severity)), ("confidence", facts.confidence or "–"), ("language", words_of("und" if facts.detected else facts.language, facts.language)),
        ("country", facts.country or "–"), ("author", facts.author or "–"),
    )  # fmt: skip


def _lines() -> tuple[RuleLine, ...]:
    rows = RoutingRule.objects.select_related("queue")
    return tuple(RuleLine(number, row, _conditions(row)) for number, row in enumerate(rows, start=1))


def _conditions(row: RoutingRule) -> tuple[str, ...]:
    named = (
        ("policy", row.policies), ("source", row.sources), ("flag", row.flag_kinds), ("language", [name_of(each) for each in row.languages]),
        ("country", row.countries), ("author", row.authors), ("confidence", row.confidences),
    )  # fmt: skip
    words = [f"{name} is {' or '.join(values)}" for name, values in named if values]
    if row.severity_from:
        words.append(f"severity is {row.severity_from} or more")
    if row.without_verdict:
        words.append("no verdict says violates or allowed")
    return tuple(words)
