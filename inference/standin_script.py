"""Faults on demand for the stand-in server, read from a script file.

A script is a JSON list of rules, or one rule a line. Blank lines and lines that start with # are skipped.
A rule has a `do` and may have conditions; the first rule whose conditions all hold is applied.

    {"calls": [1, 2], "do": "status", "status": 500}
    {"from_call": 10, "to_call": 20, "do": "delay", "seconds": 2}
    {"contains": "word in the item", "do": "cut_off", "where": "reasoning"}
    {"probability": 0.1, "seed": 7, "do": "reset"}

Conditions: `calls` (numbers of chat calls, from 1), `from_call`, `to_call`, `contains` (text in the user
message), `probability` (0 to 1, drawn from `seed` and the call's number, so a run repeats).

`do` is one of: `delay` (`seconds`; then answers as usual) · `status` (`status`, optional `body` text) ·
`garbage` (prose instead of JSON in the answer) · `html` (a web page with 200) · `cut_off` (`where`:
`reasoning`, `header` or `final`) · `empty` (content null) · `both_null` (content and reasoning null) ·
`wrong_ids` (cites sections that do not exist) · `wrong_model` (another model answers) · `leak` (raw control
words as content) · `truncated` (half a body, then the connection closes) · `reset` (the connection closes
without an answer) · `hang` (never answers) · `die` (the server process exits at once).
"""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NAMES = (
    "delay status garbage html cut_off empty both_null wrong_ids wrong_model leak truncated reset hang die"
)
ACTIONS = frozenset(_NAMES.split())
PLACES = ("reasoning", "header", "final")
_NUMBERS = ("from_call", "to_call", "seed", "status")
_KEYS = frozenset(("do", "calls", "contains", "probability", "seconds", "body", "where", *_NUMBERS))


class ScriptError(Exception):
    """The script file cannot be used; the message names the file, the line and what to change."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One scripted fault with its conditions."""

    do: str
    calls: frozenset[int] = frozenset()
    from_call: int = 1
    to_call: int = 0
    contains: str = ""
    probability: float = 1.0
    seed: int = 0
    seconds: float = 0.0
    status: int = 500
    body: str = ""
    where: str = "final"

    def applies(self, call: int, text: str) -> bool:
        """Whether this rule holds for the chat call with this number (from 1) and user message."""
        if self.calls and call not in self.calls:
            return False
        if call < self.from_call or (self.to_call and call > self.to_call):
            return False
        if self.contains and self.contains not in text:
            return False
        return zlib.crc32(f"{self.seed}:{call}".encode()) / 2**32 < self.probability


def read_script(path: Path) -> tuple[Rule, ...]:
    """The rules of a script file. Raises ScriptError with the line (JSON lines) or rule number (JSON list)."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path}: cannot be read as UTF-8 text ({error}). Check the path.") from None
    if text.lstrip().startswith("["):
        return _listed(path, text)
    lines = enumerate(text.splitlines(), start=1)
    return tuple(
        _rule(_decoded(line, f"{path} line {number}"), f"{path} line {number}")
        for number, line in lines
        if line.strip() and not line.lstrip().startswith("#")
    )


def first_rule(rules: tuple[Rule, ...], call: int, text: str) -> Rule | None:
    """The rule to apply to this call, if any."""
    return next((rule for rule in rules if rule.applies(call, text)), None)


def _listed(path: Path, text: str) -> tuple[Rule, ...]:
    try:
        listed = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise ScriptError(f"{path} line {line}: not JSON ({error}).") from None
    return tuple(_rule(value, f"{path} rule {number}") for number, value in enumerate(listed, start=1))


def _decoded(line: str, where: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise ScriptError(f"{where}: not JSON ({error}).") from None


def _rule(value: Any, where: str) -> Rule:
    if not isinstance(value, dict):
        raise ScriptError(f'{where}: a rule is an object such as {{"do": "delay", "seconds": 2}}.')
    if unknown := sorted(value.keys() - _KEYS):
        raise ScriptError(f"{where}: unknown key {unknown[0]!r}. Known keys: {', '.join(sorted(_KEYS))}.")
    if value.get("do") not in ACTIONS:
        raise ScriptError(f'{where}: "do" must be one of {", ".join(sorted(ACTIONS))}.')
    for key in _NUMBERS:
        _check(isinstance(value.get(key, 1), int), where, key, "a whole number")
    _check(100 <= value.get("status", 500) <= 599, where, "status", "from 100 to 599")
    _check(_is_number(value.get("seconds", 0.0)), where, "seconds", "a number of at least 0")
    _check(_is_number(value.get("probability", 1.0)), where, "probability", "a number from 0 to 1")
    _check(value.get("where", "final") in PLACES, where, "where", f"one of {', '.join(PLACES)}")
    for key in ("contains", "body"):
        _check(isinstance(value.get(key, ""), str), where, key, "a text")
    calls = value.get("calls", [])
    _check(
        isinstance(calls, list) and all(isinstance(n, int) for n in calls),
        where,
        "calls",
        "a list of numbers",
    )
    return Rule(**{**value, "calls": frozenset(calls)})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and value >= 0


def _check(holds: bool, where: str, key: str, expected: str) -> None:
    if not holds:
        raise ScriptError(f"{where}: {key!r} must be {expected}.")
