"""The way of a version from its first word into force, as its page shows it: what is done, what comes next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

NAMED: Final = 3
"""People that the last step names."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: its word, what it takes, and where on the page it is done; `now` is the one that comes next."""

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
        "Re-run the draft on past items, or try a single text below."
        if rerun
        else "Try a text with it below."
    )
    stages = (
        Stage("Write", "Type in the text; it is saved by itself. Findings beside it say what to mend.",
              "#source" if drafting else "", not drafting or (changed and readable)),
        Stage("See what flips", look, (rerun or "#try") if drafting else rerun, False),
        Stage("Run the gate", gate if changed or not drafting else "It judges every case with the new text.",
              "#draft-gate", opens),
        Stage("Propose", "Say in the change note what changes and why. The text is frozen then.",
              "#note" if drafting else "", not drafting),
        Stage("Second person", _asked(others, state), "" if drafting else "#gate", False),
    )  # fmt: skip
    following = next(each.word for each in stages if not each.done and each.word != "See what flips")
    return tuple(replace(each, now=each.word == following) for each in stages)


def _asked(others: Sequence[str], state: str) -> str:
    if not others:
        return "Nobody but its writers may approve it here. An admin can give somebody the role."
    named = ", ".join(others[:NAMED]) + (f" and {len(others) - NAMED} more" if len(others) > NAMED else "")
    doing = "publishes" if state == "approved" else "approves and publishes"
    return f"Somebody who did not write it {doing} it: {named}."
