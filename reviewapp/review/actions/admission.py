"""Items that wait for a person get a task in a queue; the queues themselves."""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from reviewapp.audit.actions import SWEEPER, Actor, record
from reviewapp.intake import actions as intake
from reviewapp.policies.rules_sections import responses_in
from reviewapp.review import rules
from reviewapp.review.actions.telling import tell_reopened
from reviewapp.review.models import Queue, RoutingRule, Task
from reviewapp.screening import reads as screening
from reviewapp.ui.languages import NAMES, UNKNOWN, base_of, language_of

_FACTS: Final = """
    WITH picked AS (
        SELECT id, source_id, policies, changed_at, received_at, language, detected, country, author_id FROM intake_item
        {picked}
    )
    SELECT i.id, s.name, i.policies,
           CASE WHEN d.made THEN i.changed_at ELSE i.received_at END,
           f.kinds, f.deadline, f.reasons,
           (SELECT array_agg(DISTINCT sec.response) FROM screening_currentverdict cv
            JOIN screening_verdict v ON v.id = cv.verdict_id AND v.label = 'violates'
            JOIN policies_section sec ON sec.version_id = v.version_id AND sec.code = ANY(v.sections)
            WHERE cv.item_id = i.id AND sec.response <> ''),
           clock_timestamp(), i.language, i.detected, i.country, coalesce(a.external_id, ''), d.made
    FROM picked i LEFT JOIN intake_author a ON a.id = i.author_id JOIN intake_source s ON s.id = i.source_id
    LEFT JOIN LATERAL (
        SELECT array_agg(kind) AS kinds, min(deadline) AS deadline, array_agg(DISTINCT reason) AS reasons
        FROM intake_flag WHERE item_id = i.id
    ) f ON true
    LEFT JOIN LATERAL (SELECT true AS made FROM review_decision WHERE item_id = i.id LIMIT 1) d ON true
    ORDER BY i.changed_at
"""


_NEW: Final = """
    WHERE state = 'awaiting_review' AND NOT admitted AND NOT restricted
    ORDER BY changed_at LIMIT %s FOR UPDATE SKIP LOCKED"""
_THESE: Final = "WHERE id = ANY(%s)"


@transaction.atomic
def admit(*, limit: int = 500) -> int:
    """Give up to `limit` items (at most 1,000) that await review a task in the queue of the first matching rule.

    An item that already has an open task keeps it in its queue, ranked by what is known now. One whose task somebody
    has locked comes next time. Returns how many items were taken note of.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FACTS.format(picked=_NEW), [min(limit, 1_000)])
        rows = cursor.fetchall()
    if not rows:
        return 0
    leads = screening.lead_facts([row[0] for row in rows])
    queued = _queued([row[0] for row in rows])
    fresh = [row for row in rows if row[0] not in queued]
    if fresh:
        _line_up(fresh, leads)
    known = [row for row in rows if queued.get(row[0])]
    _rank_again(known, leads, queued)
    noted = [row[0] for row in (*fresh, *known)]
    intake.mark_admitted(items=noted)
    return len(noted)


def _line_up(rows: list[tuple[Any, ...]], leads: Mapping[UUID, Any]) -> None:
    queues, routes = _ways()
    items = [row[0] for row in rows]
    tasks = [_task(row, leads.get(row[0]), queues, routes) for row in rows]
    Task.objects.bulk_create(tasks, ignore_conflicts=True)
    back = [row[0] for row in rows if row[-1]]
    if back:
        tell_reopened(items=back)
    slugs = {queue.pk: queue.slug for queue in queues.values()}
    counts = Counter(slugs[task.queue_id] for task in tasks)
    record(
        verb="task.admitted", actor=SWEEPER, subjects=items, data={"queues": dict(counts), "kind": "first"}
    )


def _queued(items: list[UUID]) -> dict[UUID, Task | None]:
    """The open first task of each item that has one, locked; None for one that somebody else has locked.

    Nobody is waited for: who decides has the task, and waits for the item.
    """
    tasks = Task.objects.filter(item__in=items, kind=rules.TaskKind.FIRST, state__in=rules.OPEN_TASK_STATES)
    found: dict[UUID, Task | None] = dict.fromkeys(tasks.values_list("item_id", flat=True))
    if found:
        free = tasks.select_for_update(of=("self",), skip_locked=True).select_related("queue")
        found |= {task.item_id: task for task in free}
    return found


def _rank_again(
    rows: list[tuple[Any, ...]], leads: Mapping[UUID, Any], queued: Mapping[UUID, Task | None]
) -> None:
    """What is escalated keeps its place. Nothing changes hands or queues, so no event is left."""
    moved = []
    for row in rows:
        task, lead = queued[row[0]], leads.get(row[0])
        if task is None or task.queue.escalation:
            continue
        facts = _facts_of(row, lead)
        place = rules.rank_again(facts, due=task.due_at)
        task.tier, task.rank_at, task.due_at, task.terms = (
            place.tier,
            place.rank_at,
            place.due_at,
            place.terms,
        )
        task.policy, task.severity = lead.policy if lead and lead.policy else "", facts.severity
        moved.append(task)
    if moved:
        Task.objects.bulk_update(moved, ["tier", "rank_at", "due_at", "terms", "policy", "severity"])


def facts_of(items: list[UUID]) -> dict[UUID, rules.Facts]:
    """What routing knows of these items now."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS.format(picked=_THESE), [items])
        rows = cursor.fetchall()
    leads = screening.lead_facts(items)
    return {row[0]: _facts_of(row, leads.get(row[0])) for row in rows}


def _facts_of(row: tuple[Any, ...], lead: Any) -> rules.Facts:
    _, source, policies, since, kinds, deadline, reasons, responses, _, *rest = row
    known = _facts(source, policies, since, kinds, deadline, reasons, responses, lead)
    language, detected, country, author, _ = rest
    return replace(
        known, language=language_of(language, detected), detected=base_of(language) == UNKNOWN, country=country,
        author=author,
    )  # fmt: skip


def route_of(each: RoutingRule) -> rules.Route:
    """A rule as routing applies it."""
    return rules.Route(
        queue=each.queue_id, policies=frozenset(each.policies), sources=frozenset(each.sources),
        flag_kinds=frozenset(each.flag_kinds), severity_from=each.severity_from, labels=frozenset(each.labels),
        languages=frozenset(each.languages), countries=frozenset(each.countries), authors=frozenset(each.authors),
        confidences=frozenset(each.confidences),
    )  # fmt: skip


def _ways() -> tuple[dict[UUID, Queue], list[rules.Route]]:
    """All queues in their order and the routing rules; the default queues where there are none."""
    queues = {queue.pk: queue for queue in Queue.objects.all()}
    if not queues:
        seed_queues(actor=SWEEPER)
        queues = {queue.pk: queue for queue in Queue.objects.all()}
    routes = [route_of(each) for each in RoutingRule.objects.all()]
    return queues, routes


def _task(row: tuple[Any, ...], lead: Any, queues: dict[UUID, Queue], routes: list[rules.Route]) -> Task:
    item, now = row[0], row[8]
    facts = _facts_of(row, lead)
    default = routes[-1].queue if routes else next(iter(queues))
    queue = queues[rules.route(routes, facts, default)]
    place = rules.rank(facts, target_minutes=queue.target_minutes, now=now)
    return Task(
        item_id=item, kind=rules.TaskKind.FIRST.value, queue=queue, tier=place.tier, rank_at=place.rank_at,
        due_at=place.due_at, terms=place.terms, policy=lead.policy if lead and lead.policy else "",
        severity=facts.severity, language=facts.language if facts.language in NAMES else UNKNOWN, blind=lead is not None and secrets.randbelow(100) < queue.blind_percent,
    )  # fmt: skip


def _facts(
    source: str, policies: Iterable[str], since: datetime, kinds: list[str] | None, deadline: datetime | None,
    reasons: list[str] | None, responses: list[str] | None, lead: Any,
) -> rules.Facts:  # fmt: skip
    """Without a verdict an item is routed by the policies that it or its flags name."""
    named = {lead.policy} if lead and lead.policy else {*policies, *(reasons or ())}
    violating = bool(lead) and lead.label == rules.Label.VIOLATES.value
    return rules.Facts(
        source=source, policies=frozenset(named), flag_kinds=tuple(kinds or ()),
        label=lead.label if lead and lead.label else "", severity=lead.severity if violating else 0,
        confidence=lead.confidence if lead and lead.confidence else "", responses=frozenset(each for said in responses or () for each in responses_in(said)),
        since=since, deadline=deadline,
    )  # fmt: skip


@transaction.atomic
def seed_queues(*, actor: Actor) -> list[UUID]:
    """Add the default queues and routing rules that are missing; returns the ids of the new queues."""
    made = []
    for ordinal, (slug, name, description, minutes, policies) in enumerate(rules.DEFAULT_QUEUES, start=1):
        queue, is_new = Queue.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "description": description,
                "ordinal": ordinal * 10,
                "target_minutes": minutes,
                "blind_percent": settings.BLIND_PERCENT,
            },
        )
        if is_new:
            RoutingRule.objects.create(ordinal=ordinal * 10, policies=list(policies), queue=queue)
            record(verb="queue.created", actor=actor, subjects=[queue.pk], data={"slug": slug})
            made.append(queue.pk)
    return made
