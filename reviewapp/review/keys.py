"""The one list of what a person can do on the review screen: name, key, and a sentence on what it does. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KeyAction:
    """One action: `name` in code, `key` as printed on a cap, `label` its accessible name, `explains` one sentence.

    `when` says in words what has to be on the screen for it (empty: nothing), `permission` who it is there for. The page
    acts through the control that carries the supplied key as `data-key`, or through `static/review.js`.
    """

    name: str
    key: str
    label: str
    explains: str
    group: str
    when: str = ""
    permission: str = "queue.work"


_DECIDE: Final = "Decide"
_FORM: Final = "In the override form"
_LOOK: Final = "Look closer"
_MOVE: Final = "Move on"
_SEES: Final = "queues.see"

KEYS: Final[tuple[KeyAction, ...]] = (
    KeyAction(
        "confirm",
        "c",
        "Confirm",
        "Accepts the lead verdict and does what the line above the button says.",
        _DECIDE,
        "a verdict that says violates or allowed",
    ),
    KeyAction(
        "override",
        "o",
        "Override",
        "Opens the form for your own call; closes nothing, sends nothing.",
        _DECIDE,
    ),
    KeyAction(
        "section", "1–9", "Override with that section", "Opens the form with that section chosen.", _DECIDE
    ),
    KeyAction("allowed", "0", "Override with allowed", "Opens the form with Allowed chosen.", _DECIDE),
    KeyAction(
        "undo",
        "u",
        "Undo",
        "Takes your last call back while its window is open; again steps further back.",
        _DECIDE,
        "a call whose window is open",
    ),
    KeyAction("save", "↵", "Save override", "Saves the open form.", _FORM),
    KeyAction("reason", "⇧1–5", "Reason", "Chooses a reason.", _FORM),
    KeyAction(
        "action",
        "x",
        "Change the action",
        "What happens, for how long and where; the label stays, and it is no override.",
        _FORM,
    ),
    KeyAction("note", "n", "Note", "Goes to the note: of the open form, else of the item.", _FORM),
    KeyAction("cancel", "esc", "Cancel", "Brings the verdict back and keeps what you typed.", _FORM),
    KeyAction(
        "evidence",
        "v",
        "Evidence marks",
        "Shows or hides what the reasoner quoted.",
        _LOOK,
        "quotations",
        _SEES,
    ),
    KeyAction(
        "reveal",
        "w",
        "Reveal next",
        "Shows the next masked word; with ⇧ all of them. Nothing is remembered after the item.",
        _LOOK,
        "masked text",
        _SEES,
    ),
    KeyAction(
        "attachments",
        "p",
        "Attachments",
        "Opens what is known of them, as text: type, host, address. Nothing is ever fetched.",
        _LOOK,
        "an attachment",
        _SEES,
    ),
    KeyAction(
        "previous_citation",
        "[",
        "Previous citation",
        "Lights up the section cited before this one.",
        _LOOK,
        "cited sections",
        _SEES,
    ),
    KeyAction(
        "next_citation",
        "]",
        "Next citation",
        "Lights up the next cited section.",
        _LOOK,
        "cited sections",
        _SEES,
    ),
    KeyAction(
        "author",
        "i",
        "Author history",
        "Opens what the author wrote before, and what became of it.",
        _LOOK,
        "a known author",
        "author.see",
    ),
    KeyAction(
        "focus", "z", "Focus", "Shows the item alone; again brings the rest back.", _LOOK, permission=_SEES
    ),
    KeyAction(
        "translate",
        "t",
        "Translate",
        "Shows a machine translation below the original, in the language that you read best.",
        _LOOK,
        "a translation engine, and a text in another language",
    ),
    KeyAction(
        "make_case",
        "m",
        "Make case",
        "Opens a form that turns this item into a test of its policy; nothing is decided by it.",
        _LOOK,
        permission="case.add",
    ),
    KeyAction("skip", "s", "Skip", "Passes over this item; it is logged and goes back to the queue.", _MOVE),
    KeyAction(
        "escalate",
        "e",
        "Escalate",
        "With a digit: to who is on call for threat to life, child safety, authority, legal, press or a policy question.",
        _MOVE,
    ),
    KeyAction(
        "hold", "h", "Hold", "Puts the item aside until a time that you choose; it returns by itself.", _MOVE
    ),
    KeyAction(
        "hand_over", "a", "Hand over", "Gives the item to somebody, or to another queue, with a note.", _MOVE
    ),
    KeyAction(
        "restrict",
        "r",
        "Restrict",
        "Asks for a reference, then takes the item out of everything at once.",
        _MOVE,
        permission="item.restrict",
    ),
    KeyAction("help", "?", "Keyboard help", "Opens this list.", _MOVE, permission="help.read"),
)

BY_NAME: Final[dict[str, KeyAction]] = {each.name: each for each in KEYS}

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


def keymap(own: Mapping[str, str]) -> dict[str, str]:
    """What a pressed key stands for: the supplied key of the action on it, or nothing where its action moved away."""
    moved = {each.name: own[each.name] for each in REMAPPABLE if own.get(each.name, each.key) != each.key}
    supplied = {each.name: each.key for each in REMAPPABLE}
    left = {supplied[name]: "" for name in moved}
    return left | {key: supplied[name] for name, key in moved.items()}
