"""The one list of what a person can do on the review screen: name, key, and a sentence on what it does. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from reviewapp.ui.words import Words


@dataclass(frozen=True, slots=True)
class KeyAction:
    """One action: `name` in code, `key` as printed on a cap, `label` its accessible name, `explains` one sentence.

    `when` says in words what has to be on the screen for it (empty: nothing), `permission` who it is there for. The page
    acts through the control that carries the supplied key as `data-key`, or through `static/review.js`.
    """

    name: str
    key: str
    label: Words
    explains: Words
    group: Words
    when: Words = ""
    permission: str = "queue.work"


_DECIDE: Final = _("Decide")
_FORM: Final = _("In the override form")
_LOOK: Final = _("Look closer")
_MOVE: Final = _("Move on")
_SEES: Final = "queues.see"

KEYS: Final[tuple[KeyAction, ...]] = (
    KeyAction(
        "confirm",
        "c",
        _("Confirm"),
        _("Accepts the lead verdict and does what the line above the button says."),
        _DECIDE,
        _("a verdict that says violates or allowed"),
    ),
    KeyAction(
        "override",
        "o",
        _("Override"),
        _("Opens the form for your own call; closes nothing, sends nothing."),
        _DECIDE,
    ),
    KeyAction(
        "section",
        "1–9",
        _("Override with that section"),
        _("Opens the form with that section chosen."),
        _DECIDE,
    ),
    KeyAction("allowed", "0", _("Override with allowed"), _("Opens the form with Allowed chosen."), _DECIDE),
    KeyAction(
        "undo",
        "u",
        _("Undo"),
        _("Takes your last call back while its window is open; again steps further back."),
        _DECIDE,
        _("a call whose window is open"),
    ),
    KeyAction("save", "↵", _("Save override"), _("Saves the open form."), _FORM),
    KeyAction("reason", "⇧1–5", _("Reason"), _("Chooses a reason."), _FORM),
    KeyAction(
        "action",
        "x",
        _("Change the action"),
        _("What happens, for how long and where; the label stays, and it is no override."),
        _FORM,
    ),
    KeyAction("note", "n", _("Note"), _("Goes to the note: of the open form, else of the item."), _FORM),
    KeyAction("cancel", "esc", _("Cancel"), _("Brings the verdict back and keeps what you typed."), _FORM),
    KeyAction(
        "evidence",
        "v",
        _("Evidence marks"),
        _("Shows or hides what the reasoner quoted."),
        _LOOK,
        _("quotations"),
        _SEES,
    ),
    KeyAction(
        "reveal",
        "w",
        _("Reveal next"),
        _("Shows the next masked word; with ⇧ all of them. Nothing is remembered after the item."),
        _LOOK,
        _("masked text"),
        _SEES,
    ),
    KeyAction(
        "attachments",
        "p",
        _("Attachments"),
        _("Opens what is known of them, as text: type, host, address. Nothing is ever fetched."),
        _LOOK,
        _("an attachment"),
        _SEES,
    ),
    KeyAction(
        "previous_citation",
        "[",
        _("Previous citation"),
        _("Lights up the section cited before this one."),
        _LOOK,
        _("cited sections"),
        _SEES,
    ),
    KeyAction(
        "next_citation",
        "]",
        _("Next citation"),
        _("Lights up the next cited section."),
        _LOOK,
        _("cited sections"),
        _SEES,
    ),
    KeyAction(
        "author",
        "i",
        _("Author history"),
        _("Opens what the author wrote before, and what became of it."),
        _LOOK,
        _("a known author"),
        "author.see",
    ),
    KeyAction(
        "focus",
        "z",
        _("Focus"),
        _("Shows the item alone; again brings the rest back."),
        _LOOK,
        permission=_SEES,
    ),
    KeyAction(
        "translate",
        "t",
        _("Translate"),
        _("Shows a machine translation below the original, in the language that you read best."),
        _LOOK,
        _("a translation engine, and a text in another language"),
    ),
    KeyAction(
        "make_case",
        "m",
        _("Make case"),
        _("Opens a form that turns this item into a test of its policy; nothing is decided by it."),
        _LOOK,
        permission="case.add",
    ),
    KeyAction(
        "skip", "s", _("Skip"), _("Passes over this item; it is logged and goes back to the queue."), _MOVE
    ),
    KeyAction(
        "escalate",
        "e",
        _("Escalate"),
        _(
            "With a digit: to who is on call for threat to life, child safety, authority, legal, press or a policy question."
        ),
        _MOVE,
    ),
    KeyAction(
        "hold",
        "h",
        _("Hold"),
        _("Puts the item aside until a time that you choose; it returns by itself."),
        _MOVE,
    ),
    KeyAction(
        "hand_over",
        "a",
        _("Hand over"),
        _("Gives the item to somebody, or to another queue, with a note."),
        _MOVE,
    ),
    KeyAction(
        "restrict",
        "r",
        _("Restrict"),
        _("Asks for a reference, then takes the item out of everything at once."),
        _MOVE,
        permission="item.restrict",
    ),
    KeyAction("help", "?", _("Keyboard help"), _("Opens this list."), _MOVE, permission="help.read"),
)

BY_NAME: Final[dict[str, KeyAction]] = {each.name: each for each in KEYS}


def spoken() -> dict[str, KeyAction]:
    """The same with labels and sentences in the language of the moment; a screen shows some sixty of them."""
    return _spoken_in(get_language())


@cache
def _spoken_in(_language: str | None) -> dict[str, KeyAction]:
    return {
        name: replace(each, label=str(each.label), explains=str(each.explains))
        for name, each in BY_NAME.items()
    }


REMAPPABLE: Final = tuple(
    each for each in KEYS if len(each.key) == 1 and each.key.isalpha() and each.key.isascii()
)
"""The keys that a person may move; digits, brackets, Enter, Esc and ? stay."""


def clashes(own: Mapping[str, str]) -> list[tuple[KeyAction, KeyAction, str]]:
    """Every two actions that would share a key under `own` (action name to key), with that key."""
    keys = [(each, own.get(each.name, each.key)) for each in REMAPPABLE]
    keys += [(each, each.key) for each in KEYS if each not in REMAPPABLE]
    return [
        (one, two, key)
        for place, (one, key) in enumerate(keys)
        for two, other in keys[place + 1 :]
        if key == other
    ]


def moved(own: Mapping[str, str]) -> dict[str, str]:
    """What the screen says the first time that a moved key is pressed, by that key."""
    return {
        own[each.name]: gettext("%(key)s is %(control)s for you. Press it again.")
        % {"key": own[each.name], "control": each.label}
        for each in REMAPPABLE
        if own.get(each.name, each.key) != each.key
    }


def fixed() -> dict[str, str]:
    """The label of each key that stays, by the name that a press of it has."""
    digits = {str(digit): str(BY_NAME["section"].label) for digit in range(1, 10)}
    stays = {each.key: str(each.label) for each in KEYS if len(each.key) == 1 and each not in REMAPPABLE}
    return digits | stays | {"Enter": str(BY_NAME["save"].label), "Escape": str(BY_NAME["cancel"].label)}


def keymap(own: Mapping[str, str]) -> dict[str, str]:
    """What a pressed key stands for: the supplied key of the action on it, or nothing where its action moved away."""
    moved = {each.name: own[each.name] for each in REMAPPABLE if own.get(each.name, each.key) != each.key}
    supplied = {each.name: each.key for each in REMAPPABLE}
    left = {supplied[name]: "" for name in moved}
    return left | {key: supplied[name] for name, key in moved.items()}
