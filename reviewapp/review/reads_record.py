"""One decision for its page: what was decided, on what grounds, what happened around it, and where the audit log has it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviewapp.audit import reads as audit
from reviewapp.audit.clock import database_time
from reviewapp.policies.models import Section, Version
from reviewapp.review import reads_actions, rules, rules_actions
from reviewapp.review.models import BlindCall, Decision, VerdictCall
from reviewapp.ui.errors import Missing
from reviewapp.webhooks import reads as outbox
from reviewapp.webhooks.rules import DELIVERY_STATES


@dataclass(frozen=True, slots=True)
class FoundSection:
    """A section that the decision rests on, in the version that was on the screen."""

    code: str
    title: str
    version: Version


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
class Moment:
    """Something that happened around the decision; `endpoint` and `delivery` where it was a webhook."""

    at: datetime
    words: str
    endpoint: UUID | None = None
    delivery: UUID | None = None


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """Everything a decision was based on, for its page."""

    decision: Decision
    kind: str
    source: str
    final: bool
    state: str
    findings: tuple[FoundSection, ...]
    actions: tuple[str, ...]
    reason_code: str
    exception: str
    verdicts: tuple[AnsweredVerdict, ...]
    shown: Sequence[Mapping[str, Any]]
    moments: tuple[Moment, ...]
    proof: audit.EventRow | None
    replaced_by: UUID | None

    @property
    def content_hash(self) -> str:
        """SHA-256 of the item as it was sent, in hex; empty once it was erased."""
        return bytes(self.decision.item.content_hash).hex()

    @property
    def can_reopen(self) -> bool:
        """Whether it is what stands of a decided item."""
        return self.final and self.replaced_by is None and self.decision.item.state == "decided"


def decision_record(decision: UUID) -> DecisionRecord:
    """One decision with its findings, the verdicts it answers and the hashes it rests on. Raises Missing."""
    made = (
        Decision.objects.select_related("item__source", "person", "task__queue", "replaced_by")
        .filter(pk=decision)
        .first()
    )
    if made is None or made.item.restricted:
        raise Missing(_("There is no such decision, or its item is restricted."))
    later = getattr(made, "replaced_by", None)
    answered = made.calls.select_related("verdict__version", "verdict__engine").order_by("verdict__at")
    calls = sorted(answered, key=lambda call: call.verdict_id != made.lead_id)
    undone = later is not None and later.kind == rules.DecisionKind.UNDONE.value
    labels = reads_actions.labels()
    final = made.release_at <= database_time() and not undone and made.kind != rules.DecisionKind.UNDONE.value
    return DecisionRecord(
        decision=made, kind=str(rules.DECISION_WORDS[made.kind]), source=made.item.source.name, final=final,
        state=_decision_state(made, final, undone), findings=_findings(made),
        actions=tuple(rules_actions.words(each, labels) for each in made.actions),
        reason_code=str(rules.REASONS.get(made.reason_code, "")), exception=str(rules_actions.EXCEPTIONS.get(made.exception, "")),
        verdicts=tuple(_answered(each) for each in calls), shown=made.shown.get("verdicts", []),
        moments=tuple(sorted(_moments(made, calls, final, later), key=lambda moment: moment.at)),
        proof=_proof(made), replaced_by=later.pk if later else None,
    )  # fmt: skip


def _findings(made: Decision) -> tuple[FoundSection, ...]:
    found = list(made.findings.select_related("version__policy").order_by("version__title", "section"))
    sections = Section.objects.filter(version__in=[each.version_id for each in found])
    titles = {(each.version_id, each.code): each.title for each in sections}
    return tuple(
        FoundSection(each.section, titles.get((each.version_id, each.section), ""), each.version)
        for each in found
    )


def _answered(call: VerdictCall) -> AnsweredVerdict:
    verdict = call.verdict
    return AnsweredVerdict(
        policy=str(verdict.version), label=verdict.label, sections=tuple(verdict.sections),
        confidence=verdict.confidence, practice=verdict.engine.practice, call=call.call,
    )  # fmt: skip


def _moments(
    made: Decision, calls: Sequence[VerdictCall], final: bool, later: Decision | None
) -> Iterator[Moment]:
    for call in calls:
        yield Moment(
            call.verdict.at, _("The reasoner judged by %(policy)s") % {"policy": call.verdict.version}
        )
    blind = BlindCall.objects.filter(decision=made).first()
    if blind is not None:
        called = str(rules.LABEL_WORDS[blind.label])
        yield Moment(blind.at, _("Called before any verdict was shown: %(label)s") % {"label": called})
    yield Moment(made.at, _decided(made, len(calls)))
    if final and made.kind != rules.DecisionKind.UNDONE.value:
        yield Moment(made.release_at, _("Could be undone until now; final"))
    for told in outbox.told_of(decision=made.pk):
        state = str(DELIVERY_STATES[told.state].label)
        met = (
            _("%(state)s, answered %(status)d") % {"state": state, "status": told.status}
            if told.status
            else state
        )
        yield Moment(
            told.at, _("%(event)s to “%(name)s”: %(met)s") % {"event": told.event, "name": told.name, "met": met}, told.endpoint, told.delivery
        )  # fmt: skip
    if later is not None:
        undone = later.kind == rules.DecisionKind.UNDONE.value
        yield Moment(later.at, _("Taken back") if undone else _("Replaced by another decision"))


def _decided(made: Decision, shown: int) -> str:
    if made.kind == rules.DecisionKind.UNDONE.value:
        return _("The earlier call was taken back")
    if made.shown.get("blind") or not shown:
        return _("Decided without a verdict on the screen")
    return ngettext(
        "Decided with %(count)d verdict on the screen", "Decided with %(count)d verdicts on the screen", shown
    ) % {"count": shown}


def _proof(made: Decision) -> audit.EventRow | None:
    """The event that recorded it, of the same moment; none until it has its place in the log, seconds after."""
    told = audit.Filters(subject=made.item_id, since=made.at, until=made.at + timedelta(seconds=1))
    rows = audit.event_page(told).rows
    return next((row for row in rows if row.data.get("decision") == str(made.pk)), None)


def _decision_state(made: Decision, final: bool, undone: bool) -> str:
    if made.kind == rules.DecisionKind.UNDONE.value:
        return _("takes an earlier call back")
    if undone:
        return _("taken back")
    if made.awaits_second and not final:
        return _("waits for a second person; the item is limited meanwhile")
    return _("final") if final else _("can still be undone")
