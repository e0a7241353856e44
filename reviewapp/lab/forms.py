"""What the lab's forms send, read into what its actions take."""

from datetime import datetime, time
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from reviewapp.lab.selection import Wish
from reviewapp.ui.errors import ProductError


class Unreadable(ProductError):
    """A number or a day of the form cannot be read."""

    status = 422
    code = "unreadable"


def wish_of(sent: Any) -> Wish:
    """The choice of past items. Raises Unreadable with the field."""
    return Wish(
        last=_number(sent, "last", 500), since=_day(sent, "since"), until=_day(sent, "until"),
        section=sent.get("section", "").strip(), source=sent.get("source", "").strip(),
        stratified=bool(sent.get("stratified")), passed=_number(sent, "passed", 50), closed=_number(sent, "closed", 50),
        waiting=_number(sent, "waiting", 50),
    )  # fmt: skip


def _number(sent: Any, name: str, default: int) -> int:
    typed = sent.get(name, "").strip()
    if not typed:
        return default
    if not typed.isdecimal() or len(typed) > 9:
        raise Unreadable(
            _("“%(typed)s” is not a whole number from 0 to 999,999,999. Correct the field and look again.")
            % {"typed": typed[:20]}
        )
    return int(typed)


def _day(sent: Any, name: str) -> datetime | None:
    """The start of a day in the person's zone."""
    typed = sent.get(name, "").strip()
    if not typed:
        return None
    try:
        day = parse_date(typed)
    except ValueError:
        day = None
    if day is None:
        raise Unreadable(_("“%(typed)s” is not a day. Write it as 2026-01-31.") % {"typed": typed[:20]})
    return timezone.make_aware(datetime.combine(day, time.min))
