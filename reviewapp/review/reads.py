"""The read door of review: queues in a line, their members, a decision record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.audit.clock import database_time
from reviewapp.review import reads_actions, rules, rules_actions
from reviewapp.review.models import Decision, Queue, QueueMember, Task
from reviewapp.ui.errors import Missing

FEW: Final = 500
"""How far the page of one queue counts, so that it costs the same in a queue of any length."""


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One queue in the list. `waiting` is counted up to the cap; `due` is the earliest due time."""

    slug: str
    name: str
    description: str
    target_minutes: int
    waiting: int
    capped: bool
    oldest: datetime | None
    due: datetime | None
    mine: int
    oldest_first: bool


def queue_line(slug: str) -> tuple[UUID, QueueLine]:
    """A queue by its slug. Raises Missing."""
    queue = Queue.objects.filter(slug=slug).first()
    if queue is None:
        raise Missing(_("There is no queue of this name. The list of queues shows what there is."))
    return queue.pk, line_of(queue, 0, cap=FEW)


def queue_slug(queue: UUID) -> str:
    """The name of a queue in addresses. Raises Missing."""
    slug = Queue.objects.filter(pk=queue).values_list("slug", flat=True).first()
    if slug is None:
        raise Missing(_("There is no such queue any more. The list of queues shows what there is."))
    return slug


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member of a queue and their place on call."""

    id: UUID
    name: str
    ordinal: int


def queue_members(slug: str) -> tuple[Queue, tuple[MemberLine, ...], tuple[tuple[UUID, str], ...]]:
    """A queue, its members in their order, and who else could join. Raises Missing."""
    queue = Queue.objects.filter(slug=slug).first()
    if queue is None:
        raise Missing(_("There is no queue of this name. The list of queues shows what there is."))
    members = tuple(
        MemberLine(each.person_id, str(each.person), each.ordinal)
        for each in QueueMember.objects.select_related("person").filter(queue=queue)
    )
    inside = {each.id for each in members}
    others = Person.objects.filter(is_active=True, roles__overlap=["moderator", "senior", "admin"]).order_by(
        "name"
    )
    return queue, members, tuple((each.pk, str(each)) for each in others if each.pk not in inside)


def in_hand(person: Person) -> UUID | None:
    """The item of the person's live active claim."""
    claimed = Task.objects.filter(claimed_by=person, state="claimed", reserved=False, lease_until__gt=Now())
    return claimed.values_list("item_id", flat=True).first()


def line_of(queue: Queue, mine: int, *, cap: int = rules.COUNT_CAP) -> QueueLine:
    """A queue in the list, counted up to `cap`; `mine` of its tasks are in the person's hands."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM (SELECT FROM review_task WHERE queue_id = %(queue)s AND state = 'waiting'
                                          LIMIT %(cap)s) few),
                   head.due_at, i.received_at
            FROM (SELECT 1) one
            LEFT JOIN LATERAL (SELECT due_at, item_id FROM review_task
                WHERE queue_id = %(queue)s AND state = 'waiting' ORDER BY due_at LIMIT 1) head ON true
            LEFT JOIN intake_item i ON i.id = head.item_id
            """,
            {"queue": queue.pk, "cap": cap + 1},
        )
        waiting, due, oldest = cursor.fetchone()
    return QueueLine(
        slug=queue.slug, name=queue.name, description=queue.description, target_minutes=queue.target_minutes,
        waiting=min(waiting, cap), capped=waiting > cap, oldest=oldest, due=due, mine=mine,
        oldest_first=queue.oldest_first,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AnsweredVerdict:
    """A verdict that stood on the screen, and what the person did with it."""

    policy: str
    label: str
    sections: tuple[str, ...]
    confidence: str
    practice: bool
    call: str


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """Everything a decision was based on, for its page."""

    decision: Decision
    kind: str
    source: str
    final: bool
    state: str
    findings: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    reason_code: str
    exception: str
    verdicts: tuple[AnsweredVerdict, ...]
    shown: Sequence[Mapping[str, Any]]
    replaced_by: UUID | None

    @property
    def can_reopen(self) -> bool:
        """Whether it is what stands of a decided item."""
        return self.final and self.replaced_by is None and self.decision.item.state == "decided"


def decision_record(decision: UUID) -> DecisionRecord:
    """One decision with its findings, the verdicts it answers and the hashes it rests on. Raises Missing."""
    made = (
        Decision.objects.select_related("item__source", "person", "task__queue").filter(pk=decision).first()
    )
    if made is None or made.item.restricted:
        raise Missing(_("There is no such decision, or its item is restricted."))
    later = Decision.objects.filter(replaces=made).values_list("pk", "kind").first()
    findings = made.findings.select_related("version").order_by("version__title", "section")
    calls = made.calls.select_related("verdict__version", "verdict__engine").order_by("verdict__at")
    undone = later is not None and later[1] == rules.DecisionKind.UNDONE.value
    labels = reads_actions.labels()
    final = made.release_at <= database_time() and not undone and made.kind != rules.DecisionKind.UNDONE.value
    return DecisionRecord(
        decision=made, kind=str(rules.DECISION_WORDS[made.kind]), source=made.item.source.name, final=final, state=_decision_state(made, final, undone),
        findings=tuple((each.section, str(each.version)) for each in findings),
        actions=tuple(rules_actions.words(each, labels) for each in made.actions),
        reason_code=str(rules.REASONS.get(made.reason_code, "")), exception=str(rules_actions.EXCEPTIONS.get(made.exception, "")),
        verdicts=tuple(_answered(each, made) for each in sorted(calls, key=lambda c: c.verdict_id != made.lead_id)),
        shown=made.shown.get("verdicts", []), replaced_by=later[0] if later else None,
    )  # fmt: skip


def _answered(call: Any, made: Decision) -> AnsweredVerdict:
    verdict = call.verdict
    return AnsweredVerdict(
        policy=str(verdict.version), label=verdict.label, sections=tuple(verdict.sections),
        confidence=verdict.confidence, practice=verdict.engine.practice, call=call.call,
    )  # fmt: skip


def _decision_state(made: Decision, final: bool, undone: bool) -> str:
    if made.kind == rules.DecisionKind.UNDONE.value:
        return _("takes an earlier call back")
    if undone:
        return _("taken back")
    if made.awaits_second and not final:
        return _("waits for a second person; the item is limited meanwhile")
    return _("final") if final else _("can still be undone")
