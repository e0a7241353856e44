"""How long things are held, handed and kept: holds, hand-overs, take-overs and active time. Pure."""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _

from reviewapp.ui.words import Words

MOST_HOLDS: Final = 5
LONGEST_HOLD: Final = timedelta(days=7)
ASSIGNED: Final = timedelta(hours=4)
"""So long an item that was handed over waits for its person alone."""
RETURN_SECONDS: Final = 1_800
"""So long an item that comes back from a hold waits for who held it."""
LEAVE_SECONDS: Final = 30
"""A page that was left gives its claim back after this; coming back within it keeps the claim."""
STAY_KEPT: Final = timedelta(days=90)
DRAFT_KEPT: Final = timedelta(days=14)
MOST_NOTE: Final = 2_000

HOLD_UNTIL: Final[dict[str, Words]] = {
    "hour": _("1 hour"),
    "shift": _("End of my shift"),
    "tomorrow": _("Tomorrow 09:00"),
    "answer": _("Until the author or reporter answers, 7 days at most"),
    "other": _("Other time"),
}
"""When a held item returns: code to words, in the order of the digits in the dialog."""

HOLD_WAITS: Final[dict[str, Words]] = {
    "answer": _("An answer of author or reporter"),
    "translation": _("A translation"),
    "policy": _("An answer on the policy"),
    "colleague": _("A colleague"),
    "other": _("Something else"),
}

HAND_WHY: Final[dict[str, Words]] = {
    "language": _("Language I do not read"),
    "acquainted": _("I know the author"),
    "heavy": _("Too heavy for me today"),
    "expertise": _("Somebody knows this better"),
    "other": _("Other"),
}

TAKE_OVER_WHY: Final[dict[str, Words]] = {
    "urgent": _("It is urgent"),
    "away": _("Its holder is away"),
    "expertise": _("It needs another person"),
    "other": _("Other"),
}


def hold_end(
    choice: str, *, now: datetime, shift_ends: str = "", other: datetime | None = None
) -> datetime | None:
    """When a hold of `choice` ends; None where that cannot be told. `now` is in the person's own zone.

    `shift_ends` is a time of day such as 18:00, today or, when it has passed, tomorrow.
    """
    if choice == "hour":
        return _after(now, timedelta(hours=1))
    if choice == "tomorrow":
        return now.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if choice == "answer":
        return _after(now, LONGEST_HOLD)
    if choice == "shift" and shift_ends:
        at = time.fromisoformat(shift_ends)
        end = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
        return end if end > now else end + timedelta(days=1)
    return other if choice == "other" else None


def _after(now: datetime, wait: timedelta) -> datetime:
    """So long after `now`, where clocks change too: in a zone, a sum of times follows the clock on the wall."""
    return (now.astimezone(UTC) + wait).astimezone(now.tzinfo)
