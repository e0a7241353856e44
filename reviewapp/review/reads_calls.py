"""The read door of “My last 50”: one's own calls, newest first, and whether they still stand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.audit.clock import database_time
from reviewapp.review import reads_actions, rules_actions
from reviewapp.review.models import Decision
from reviewapp.review.reads_previews import previews_of

MOST: Final = 50


@dataclass(frozen=True, slots=True)
class CallLine:
    """One of one's own calls. `left`: seconds in which it can be undone. `replaceable`: it stands and can be replaced."""

    decision: UUID
    preview: str
    at: datetime
    label: str
    sections: str
    does: str
    how: str
    left: int
    state: str
    replaceable: bool


def last_calls(person: Person) -> tuple[CallLine, ...]:
    """The latest fifty decisions of one person."""
    made = list(
        Decision.objects.select_related("item", "replaced_by").prefetch_related("findings", "calls")
        .filter(person=person, label__isnull=False).order_by("-at", "-id")[:MOST]
    )  # fmt: skip
    previews = previews_of([each.item_id for each in made], person)
    labels = reads_actions.labels()
    now = database_time()
    return tuple(_line(each, previews.get(each.item_id, ""), labels, now) for each in made)


def _line(made: Decision, words: str, labels: dict[str, str], now: datetime) -> CallLine:
    later = getattr(made, "replaced_by", None)
    left = (
        max(0, int((min(made.undo_until or made.release_at, made.release_at) - now).total_seconds() + 0.999))
        if later is None
        else 0
    )
    return CallLine(
        decision=made.pk, preview=words, at=made.at, label=str(made.label),
        sections=", ".join(sorted(each.section for each in made.findings.all())),
        does=", ".join(rules_actions.words(each, labels) for each in made.actions), how=_how(made), left=left,
        state=_state(made, later, left, now), replaceable=later is None and left == 0 and made.item.state == "decided",
    )  # fmt: skip


def _how(made: Decision) -> str:
    if made.kind == "second":
        return _("As second person")
    if made.shown.get("blind"):
        same = any(each.call == "agreed" for each in made.calls.all())
        return _("Blind, same call") if same else _("Blind, no verdict")
    if made.automation == "partially":
        return _("Confirmed")
    overridden = any(each.call == "overridden" for each in made.calls.all())
    return _("Override") if overridden else _("Own call")


def _state(made: Decision, later: Decision | None, left: int, now: datetime) -> str:
    if later is not None:
        return _("taken back") if later.kind == "undone" else _("replaced")
    if left:
        return _("undo open, %(seconds)d s") % {"seconds": left}
    return _("waits for a second person") if made.awaits_second and made.release_at > now else _("sent")
