"""The catalogue of actions: what each restricts, for how long and where, what it asks for, and which section has it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from reviewapp.policies.rules_sections import responses_in
from reviewapp.ui.words import Words

RESTRICTIONS: Final[dict[str, Words]] = {
    "none": _("None"), "visibility": _("Less visible"), "removal": _("Removed"),
    "warning": _("Author warned"), "account": _("Account"),
}  # fmt: skip
REQUIRABLE: Final[dict[str, Words]] = {
    "days": _("How long"),
    "territories": _("Where"),
    "reason": _("A typed reason"),
}
EXCEPTIONS: Final[dict[str, Words]] = {
    "public_interest": _("Public interest"), "art": _("Art"),
    "counter_speech": _("Counter-speech"), "regional_law": _("Regional law"),
}  # fmt: skip
"""Why what violates stays up; it counts as agreement with the verdict."""

SECOND_FROM: Final = 4
"""From this severity a second person confirms; meanwhile the item is limited, which can be lifted."""
_CODE: Final = re.compile(r"[a-z][a-z_]{1,38}\Z")
_COUNTRY: Final = re.compile(r"[A-Z]{2}\Z")


@dataclass(frozen=True, slots=True)
class ActionChoice:
    """One action. `days`: its usual duration, 0 for no end; `second`: waits for a second person, whatever the severity."""

    code: str
    label: str
    restriction: str
    days: int = 0
    territories: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    second: bool = False

    @property
    def words(self) -> str:
        """Its name on a page: translated as long as it is the supplied one, which no house renamed."""
        return gettext(self.label) if _SUPPLIED_LABELS.get(self.code) == self.label else self.label

    @property
    def restricts(self) -> Words:
        """What it restricts, as screens call it."""
        return RESTRICTIONS[self.restriction]

    @property
    def asks_for(self) -> list[str]:
        """What it asks for, as screens call it."""
        return [str(REQUIRABLE[each]) for each in self.requires]


SUPPLIED: Final = (
    ActionChoice("remove", gettext_noop("Remove"), "removal", severities=(2, 3, 4)),
    ActionChoice("limit", gettext_noop("Limit"), "visibility", severities=(1,)),
    ActionChoice("warn", gettext_noop("Warn"), "warning"),
    ActionChoice("none", gettext_noop("None: stays up"), "none"),
    ActionChoice(
        "suspend_author",
        gettext_noop("Suspend author"),
        "account",
        days=7,
        requires=("days", "reason"),
        second=True,
    ),
)
"""What a house starts with, in the order of the digits in the dialog."""
_SUPPLIED_LABELS: Final = {each.code: each.label for each in SUPPLIED}


def default_for(catalogue: Sequence[ActionChoice], label: str, severity: int) -> str:
    """The action of a section of `severity` unless somebody chooses another; `none` for allowed."""
    if label != "violates":
        return "none"
    return next((each.code for each in catalogue if (severity or 1) in each.severities), "remove")


@dataclass(frozen=True, slots=True)
class Cited:
    """A section that a call cites: its severity, the response that its policy asks for, its own usual action or nothing."""

    severity: int
    response: str = ""
    action: str = ""


def usual_for(catalogue: Sequence[ActionChoice], label: str, cited: Sequence[Cited]) -> str:
    """What a call does unless somebody chooses.

    The first of the gravest sections that has an action of its own says it, else their severity does; a call for help
    stays up.
    """
    gravest = _gravest(cited)
    known = {each.code for each in catalogue}
    own = [each.action for each in gravest if each.action in known]
    if label == "violates" and own:
        return own[0]
    return (
        "none"
        if asks_for_help(cited)
        else default_for(catalogue, label, gravest[0].severity if gravest else 0)
    )


def asks_for_help(cited: Sequence[Cited]) -> bool:
    """Whether a call finds somebody who needs support, and no fault as grave: it stays up and counts no strike."""
    gravest = _gravest(cited)
    return bool(gravest) and all("support" in responses_in(each.response) for each in gravest)


def needs_second(choice: ActionChoice, label: str, severity: int) -> bool:
    """Whether the action waits for a second person; what restricts nothing does so only where the catalogue says it."""
    return choice.second or (label == "violates" and severity >= SECOND_FROM and choice.restriction != "none")


def _gravest(cited: Sequence[Cited]) -> list[Cited]:
    most = max((each.severity for each in cited), default=0)
    return [each for each in cited if each.severity == most]


def may_be_usual(choice: ActionChoice) -> bool:
    """Whether an action may be what a section does by itself: not what touches an account, nor what asks for words."""
    given = {"days": choice.days, "territories": choice.territories}
    return choice.restriction != "account" and all(given.get(each) for each in choice.requires)


def parameters_of(choice: ActionChoice, days: str, territories: str) -> dict[str, Any]:
    """Duration and territories as they are stored; the usual ones where nothing was said. ValueError says what is wrong."""
    if days and not (days.isascii() and days.isdigit() and 0 < int(days) <= 3_650):
        raise ValueError(gettext("How long is a number of days from 1 to 3650, or empty for no end."))
    where = tuple(territories.replace(",", " ").upper().split())
    if not all(_COUNTRY.match(each) for each in where):
        raise ValueError(gettext("Where is a list of country codes such as DE FR, or empty for everywhere."))
    chosen: dict[str, Any] = {}
    if days or choice.days:
        chosen["days"] = int(days) if days else choice.days
    if where or choice.territories:
        chosen["territories"] = list(where or choice.territories)
    return chosen


def missing(choice: ActionChoice, chosen: Mapping[str, Any], reason: str) -> list[str]:
    """The words of what the action asks for and did not get."""
    got = {**chosen, "reason": reason.strip()}
    return [str(REQUIRABLE[each]) for each in choice.requires if not got.get(each)]


def check_review_day(day: date | None, today: date) -> str:
    """What is wrong with the day on which an exception is looked at again; empty for nothing."""
    if day is None or not today < day <= today + timedelta(days=730):
        return gettext("An exception needs a day, within two years, on which it is looked at again.")
    return ""


def words(action: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """An action as people read it: `Limit, 7 days, in DE FR`."""
    given = action.get("parameters") or {}
    parts = [labels.get(action["code"], action["code"])]
    if given.get("days"):
        parts.append(ngettext("%(days)d day", "%(days)d days", given["days"]) % {"days": given["days"]})
    if given.get("territories"):
        parts.append(gettext("in %(territories)s") % {"territories": " ".join(given["territories"])})
    return ", ".join(parts)


def check_choice(choice: ActionChoice) -> str:
    """What is wrong with an action of the catalogue; empty for nothing."""
    if not _CODE.match(choice.code):
        return gettext("A code has 2 to 39 small letters or underscores.")
    if not choice.label.strip() or len(choice.label) > 60:
        return gettext("Give it a name of at most 60 characters.")
    if choice.restriction not in RESTRICTIONS or not set(choice.requires) <= set(REQUIRABLE):
        return gettext("Choose from the lists.")
    if not set(choice.severities) <= {1, 2, 3, 4} or not 0 <= choice.days <= 3_650:
        return gettext("Severities are 1 to 4, and a duration is 0 to 3650 days.")
    if not all(_COUNTRY.match(each) for each in choice.territories):
        return gettext("Territories are country codes such as DE FR.")
    if choice.restriction == "account" and (choice.severities or not choice.second):
        return gettext("What touches an account is never a default and always waits for a second person.")
    return ""
