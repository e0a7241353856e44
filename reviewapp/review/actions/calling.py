"""Calls before the verdict is shown: recorded once, then decided at once where both agree, else shown and decided again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.review import rules, rules_blind
from reviewapp.review.actions.claims import Unclear, alone
from reviewapp.review.actions.consequences import Wish, consequence
from reviewapp.review.actions.deciding import AS_USUAL, check_call, decide_own
from reviewapp.review.actions.seating import Decided, seat_for
from reviewapp.review.models import BlindCall, Draft, Task, VerdictsSeen
from reviewapp.review.reads_blind import is_blind
from reviewapp.screening import reads as screening


@dataclass(frozen=True, slots=True)
class Called:
    """What came of a blind call: a decision where both agree (or no verdict does), else None: both are shown."""

    decided: Decided | None


def call_blind(
    *, task: UUID, epoch: int, nonce: UUID, label: str, person: Person,
    sections: Sequence[tuple[UUID, str]] = (), action: str = "", reason_code: str = "", reason: str = "",
    wish: Wish = AS_USUAL,
) -> Called:  # fmt: skip
    """Record what the person says before they see a verdict; sent twice, the first call stands.

    The same label with a section in common, or no verdict to compare with, decides at once. Raises ClaimLost,
    AlreadyDecided, Unclear with what is missing, Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        seat = seat_for(task, epoch, nonce, person)
        if isinstance(seat, Decided):
            return Called(seat)
        if BlindCall.objects.filter(task=seat, person=person).exists():
            return Called(None)
        if not is_blind(seat, person):
            raise Unclear(
                _(
                    "You were shown the verdict of this item already. Read it, then confirm it or save your call."
                )
            )
        wish = replace(wish, action=action)
        weighed = check_call(label, sections, reason_code, reason)
        # Before both are compared: a refusal after that would say that they agree.
        consequence(wish=wish, label=label, sections=weighed, reason=reason, person=person)
        panel = screening.verdict_panel(seat.item_id)
        lead = panel[0] if panel and rules.can_confirm(panel[0].label) else None
        made = BlindCall.objects.create(
            task=seat, person=person, **_call(lead, label, sections, wish, reason_code, reason)
        )
        _tell(made, seat, person)
        # The call has the words now; left there, they would open the form over the verdict.
        Draft.objects.filter(task=seat, person=person).delete()
        if lead is not None and not (made.same_label and made.same_section):
            return Called(None)
        return Called(
            decide_own(
                seat=seat, nonce=nonce, person=person, label=label, sections=sections, action=action,
                reason_code=reason_code, reason=reason, shown=(), blind=True, wish=wish,
            )
        )  # fmt: skip


@transaction.atomic
def mark_seen(*, tasks: Sequence[UUID], person: Person) -> None:
    """The person saw these tasks' verdicts in a list: their calls on them are not blind. A viewing trace, so no event."""
    rows = [VerdictsSeen(task_id=task, person=person) for task in tasks]
    VerdictsSeen.objects.bulk_create(rows, ignore_conflicts=True)


def _call(
    lead: Any, label: str, sections: Sequence[tuple[UUID, str]], wish: Wish, reason_code: str, reason: str
) -> dict[str, Any]:  # fmt: skip
    said: dict[str, Any] = {
        "label": label, "findings": [f"{version}:{code}" for version, code in sections], **asdict(wish),
        "reason_code": reason_code, "reason": reason.strip(),
    }  # fmt: skip
    if lead is None:
        return said
    cited = [(lead.version_id, each.code) for each in lead.sections if each.cited]
    return said | {
        "verdict_id": lead.verdict_id, "verdict_label": lead.label, "policy": lead.slug, "confidence": lead.confidence,
        "same_label": rules_blind.same_label(label, lead.label),
        "same_section": rules_blind.same_section(label, sections, cited),
    }  # fmt: skip


def _tell(made: BlindCall, seat: Task, person: Person) -> None:
    record(
        verb="decision.called_blind", actor=Actor.person(person.pk), subjects=[seat.item_id],
        data={
            "call": str(made.pk), "task": str(seat.pk), "label": made.label, "findings": made.findings,
            "verdict": str(made.verdict_id) if made.verdict_id else None, "same_label": made.same_label,
            "same_section": made.same_section,
        },
    )  # fmt: skip
