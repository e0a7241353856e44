"""What the forms of the review screen may send."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from reviewapp.review.actions import Unclear, Wish
from reviewapp.review.reads_queue import Sought


class SeatForm(forms.Form):
    """The claim a form writes under, the form's own nonce, and the verdicts that stood beside it."""

    task = forms.UUIDField()
    epoch = forms.IntegerField(min_value=0)
    nonce = forms.UUIDField(required=False)
    verdict = forms.UUIDField(required=False)
    second = forms.UUIDField(required=False)
    shown = forms.CharField(required=False, max_length=4_000)
    active = forms.IntegerField(required=False, min_value=0, max_value=86_400)


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody put into the override form, as it goes back to them when it could not be saved."""

    section: str = ""
    other: str = ""
    action: str = ""
    days: str = ""
    territories: str = ""
    exception: str = ""
    review_on: str = ""
    reason_code: str = ""
    reason: str = ""

    @property
    def chosen(self) -> str:
        """The section that counts: the second list where the first says so."""
        return self.other if self.section == "other" else self.section


def seat_of(data: QueryDict) -> dict[str, Any]:
    """The cleaned seat: task, epoch, nonce, verdict, and `shown` as ids. Raises Unclear for a form that is not whole."""
    form = SeatForm(data)
    if not form.is_valid():
        raise Unclear(
            _(
                "This form is not whole, so nothing was sent. Copy what you typed, reload the page and send it again."
            )
        )
    shown = []
    for part in form.cleaned_data["shown"].split(","):
        try:
            shown.append(UUID(part))
        except ValueError:
            continue
    return form.cleaned_data | {"shown": shown}


def wish_of(data: QueryDict) -> Wish:
    """What should happen, as the form says it; a day that is none counts as not said."""
    try:
        day = date.fromisoformat(data.get("review_on", ""))
    except ValueError:
        day = None
    return Wish(
        data.get("action", "")[:40], data.get("days", "")[:10], data.get("territories", "")[:400],
        data.get("exception", "")[:40], day,
    )  # fmt: skip


def id_of(data: QueryDict, name: str, missing: str) -> UUID:
    """The id that a field holds. Raises Unclear with the words of `missing` for anything else."""
    try:
        return UUID(data.get(name, ""))
    except ValueError:
        raise Unclear(missing) from None


def ids_of(data: QueryDict, name: str) -> list[UUID]:
    """The ids that a field holds, in their order, without what is none."""
    found = []
    for said in data.getlist(name)[:100]:
        try:
            found.append(UUID(said))
        except ValueError:
            continue
    return found


def typed_of(data: QueryDict) -> Typed:
    """The words and choices of the override form; NUL, which no text column takes, is dropped."""
    return Typed(
        **{each.name: data.get(each.name, "").replace("\x00", "")[:20_000] for each in fields(Typed)}
    )


def sought_of(data: QueryDict) -> Sought:
    """What somebody looks for in a queue."""
    return Sought(
        **{each.name: data.get(each.name, "").replace("\x00", "").strip()[:200] for each in fields(Sought)}
    )


def finding_of(typed: Typed) -> tuple[str, list[tuple[UUID, str]]]:
    """Label and findings that a choice means: `allowed`, or one `version:code`. Raises Unclear for neither."""
    if typed.chosen == "allowed":
        return "allowed", []
    version, _colon, code = typed.chosen.partition(":")
    try:
        return "violates", [(UUID(version), code)]
    except ValueError:
        raise Unclear(_("Choose a section, or allowed.")) from None
