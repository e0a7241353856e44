"""The way of a version from its first word into force, as its page shows it: what is done, what comes next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

NAMED: Final = 3
"""People that the last step names."""
_LOOK: Final = 1
"""The place of the step that is never asked for: looking at what flips."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step in the reader's language: its word, what it takes, where on the page it is done; `now` comes next."""

    word: str
    hint: str
    href: str
    done: bool
    now: bool = False


def path_of(
    *,
    state: str,
    changed: bool,
    readable: bool,
    gate: str,
    opens: bool,
    others: Sequence[str],
    rerun: str = "",
) -> tuple[Stage, ...]:
    """The five steps of a version in the making.

    `changed`: it differs from the one in force; `readable`: its text has no problems; `gate`: where it stands before
    the gate, in words; `others`: who may approve it; `rerun`: where a re-run starts, empty where there is nothing to
    compare with. Looking at what flips is never asked for, so it is never next.
    """
    drafting = state == "draft"
    look = (
        _("Re-run the draft on past items, or try a single text below.")
        if rerun
        else _("Try a text with it below.")
    )
    stages = (
        Stage(_("Write"), _("Type in the text; it is saved by itself. Findings beside it say what to mend."),
              "#source" if drafting else "", not drafting or (changed and readable)),
        Stage(_("See what flips"), look, (rerun or "#try") if drafting else rerun, False),
        Stage(_("Run the gate"), gate if changed or not drafting else _("It judges every case with the new text."),
              "#draft-gate", opens),
        Stage(_("Propose"), _("Say in the change note what changes and why. The text is frozen then."),
              "#note" if drafting else "", not drafting),
        Stage(_("Second person"), _asked(others, state), "" if drafting else "#gate", False),
    )  # fmt: skip
    following = next(place for place, each in enumerate(stages) if not each.done and place != _LOOK)
    return tuple(replace(each, now=place == following) for place, each in enumerate(stages))


def listed(names: Sequence[str], *, most: int) -> str:
    """The first `most` names, and how many more there are."""
    first, more = ", ".join(names[:most]), len(names) - most
    if more <= 0:
        return first
    return ngettext("%(names)s and %(n)d more", "%(names)s and %(n)d more", more) % {
        "names": first,
        "n": more,
    }


def _asked(others: Sequence[str], state: str) -> str:
    if not others:
        return _("Nobody but its writers may approve it here. An admin can give somebody the role.")
    named = listed(others, most=NAMED)
    if state == "approved":
        return _("Somebody who did not write it publishes it: %(names)s.") % {"names": named}
    return _("Somebody who did not write it approves and publishes it: %(names)s.") % {"names": named}
