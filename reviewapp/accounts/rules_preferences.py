"""A person's own settings: what may stand in them, and what holds where they say nothing. Pure."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reviewapp.accounts.rules_notices import GROUPS
from reviewapp.ui.errors import ProductError
from reviewapp.ui.languages import NAMES, UNKNOWN
from reviewapp.ui.words import Words

LEVELS: Final[dict[str, Words]] = {
    "native": gettext_lazy("first language"),
    "fluent": gettext_lazy("fluent"),
    "basic": gettext_lazy("enough to decide"),
}
MASKING: Final[dict[str, Words]] = {
    "words": gettext_lazy("severe words, and the worst passages"),
    "whole": gettext_lazy("the whole text of severe items, and of those that nobody has judged"),
    "off": gettext_lazy("nothing"),
}
MOST_EXPOSURE: Final = 200
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")
_KEY: Final = re.compile(r"[^\s\d?]\Z")


class BadPreference(ProductError):
    """A setting that cannot be; the message says what can."""

    status = 422
    code = "invalid"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What somebody set for themselves. `languages`: base to level; empty reads everything.

    `keys`: action name to the key of their own. `exposure_cap`: severity-weighted points a shift, 0 for none of their
    own. `break_minutes`: 0 reminds never. `shift_ends`: a time of day in their own zone, empty for none. `masking`: what of
    severe text is hidden until they reveal it. `language`: of the interface, such as `pt-br`; empty as the browser asks.
    """

    keys: dict[str, str] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    quiet: tuple[str, ...] = ()
    shift_ends: str = ""
    exposure_cap: int = 60
    break_minutes: int = 60
    masking: str = "words"
    language: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form in which they are stored."""
        return asdict(self) | {"quiet": list(self.quiet)}


def preferences_of(stored: Mapping[str, Any]) -> Preferences:
    """Stored settings with the supplied value for each that is missing or no longer known."""
    known = {name: value for name, value in stored.items() if name in Preferences.__dataclass_fields__}
    return Preferences(**known | {"quiet": tuple(known.get("quiet", ()))})


def read_by(languages: Mapping[str, str], language: str) -> bool:
    """Whether somebody with these reading languages gets items of a base; `und` and, without any set, all are for everybody."""
    return not languages or language == UNKNOWN or language in languages


def checked_preferences(wanted: Mapping[str, Any]) -> Preferences:
    """The settings, if every one of them can be. Raises BadPreference."""
    got = preferences_of(wanted)
    if got.shift_ends and not _CLOCK.match(got.shift_ends):
        raise BadPreference(_("The end of your shift is a time of day such as 18:00, or empty."))
    if not 0 <= got.exposure_cap <= MOST_EXPOSURE:
        raise BadPreference(_("The exposure limit is a number from 0 to %(most)d.") % {"most": MOST_EXPOSURE})
    if not 0 <= got.break_minutes <= 240:
        raise BadPreference(_("A break reminder comes after 0 (never) to 240 minutes."))
    if got.masking not in MASKING:
        raise BadPreference(_("Choose from the list what of severe text is masked."))
    if not set(got.quiet) <= set(GROUPS):
        raise BadPreference(_("Choose notices from the list."))
    for language, level in got.languages.items():
        if language not in NAMES or level not in LEVELS:
            raise BadPreference(
                _("%(language)s is no language known here, or has no level. Choose both from the lists.")
                % {"language": language}
            )
    if not all(_KEY.match(key) for key in got.keys.values()):
        raise BadPreference(_("A key is one character that is no digit, space or question mark."))
    return got
