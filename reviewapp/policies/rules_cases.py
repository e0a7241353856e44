"""Cases, the tests of a policy: where they come from, their hash, and how lists of them are read from files. Pure."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from reviewapp.policies.rules_file import CASE_CODE, SURROGATE
from reviewapp.policies.rules_front import Problem
from reviewapp.ui.words import Words

EXPECTATIONS: Final = ("violates", "allowed")
MOST_CASE_TEXT: Final = 20_000
MOST_CASE_NOTE: Final = 500
MOST_IMPORTED: Final = 10_000
MOST_IMPORT_BYTES: Final = 16_000_000
COLUMNS: Final = ("id", "section", "text", "expect", "note")
LABEL_WORDS: Final[dict[str, Words]] = {
    "violates": pgettext_lazy("label", "violates"),
    "allowed": pgettext_lazy("label", "allowed"),
    "unsure": pgettext_lazy("label", "unsure"),
}
"""What a person or the reasoner says of a text, in the middle of a line."""
_NEEDED: Final = ("section", "text", "expect")


class Way(StrEnum):
    """How a case came in; only those of the file are written back into it on export."""

    FILE = "file"
    PAGE = "page"
    ITEM = "item"
    IMPORT = "import"


WAY_WORDS: Final[dict[str, Words]] = {
    "file": pgettext_lazy("where a case came from", "file"),
    "page": pgettext_lazy("where a case came from", "page"),
    "item": pgettext_lazy("where a case came from", "item"),
    "import": pgettext_lazy("where a case came from", "import"),
}


class Standing(StrEnum):
    """Whether a case is in the lists of versions, or still waits to get in."""

    TAKEN = "taken"
    WAITING = "waiting"
    SUGGESTED = "suggested"
    DECLINED = "declined"


STANDING_WORDS: Final[dict[str, Words]] = {
    "taken": pgettext_lazy("case", "taken"),
    "waiting": pgettext_lazy("case", "waiting"),
    "suggested": pgettext_lazy("case", "suggested"),
    "declined": pgettext_lazy("case", "declined"),
}


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case of an imported list; `code` is empty where the list gave none, `line` counts from 1."""

    code: str
    section: str
    text: str
    expect: str
    note: str
    line: int


@dataclass(slots=True)
class CaseFile:
    """A list that was read: the rows that can be cases, what is wrong with the others, by line; `cut` at the most."""

    rows: list[CaseRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    cut: bool = False


def cases_hash(cases: Iterable[tuple[str, str, str, str]]) -> str:
    """SHA-256 (64 hex digits) over (code, section, text, expect) of each case, in the order of their codes."""
    canonical = json.dumps(sorted(map(list, cases)), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()


def case_problem(section: str, text: str, expect: str, note: str, code: str = "") -> str:
    """What keeps this from being a case, as a sentence; empty when nothing does."""
    if any("\x00" in part or SURROGATE.search(part) for part in (section, text, expect, note, code)):
        return _("It holds a NUL character or half of a surrogate pair. Save the text as UTF-8 without it.")
    if code and not CASE_CODE.match(code):
        return _("Its id must be 1 to 40 letters, digits, dots, hyphens, or be left out.")
    if not text.strip():
        return _("Its text is empty. Write what somebody could have posted.")
    if len(text) > MOST_CASE_TEXT:
        return _("Its text has %(count)s characters; %(most)s are allowed.") % {
            "count": f"{len(text):,}",
            "most": f"{MOST_CASE_TEXT:,}",
        }
    if expect not in EXPECTATIONS:
        return _("Its label is %(label)s. Use violates or allowed.") % {"label": repr(expect[:40])}
    if len(note) > MOST_CASE_NOTE:
        return _("Its note has %(count)s characters; %(most)s are allowed.") % {
            "count": f"{len(note):,}",
            "most": MOST_CASE_NOTE,
        }
    return "" if section else _("It names no section. Give the id of the section it tests.")


def read_cases(data: bytes, name: str) -> CaseFile:
    """Read a CSV or JSONL list; `name` decides which, by its ending. What cannot be read stands in `problems`."""
    found = CaseFile()
    if len(data) > MOST_IMPORT_BYTES:
        found.problems.append(
            (
                1,
                _("The file has %(count)s bytes; %(most)s are allowed. Split it.")
                % {"count": f"{len(data):,}", "most": f"{MOST_IMPORT_BYTES:,}"},
            )
        )
        return found
    text = _decoded(data, found)
    if text is None:
        return found
    if not text.strip():
        found.problems.append((1, _("The file is empty.")))
    elif name.lower().endswith((".jsonl", ".ndjson", ".json")):
        _read_lines(text, found)
    else:
        _read_table(text, found)
    return found


def _decoded(data: bytes, found: CaseFile) -> str | None:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found.problems.append(
            (
                line,
                _("Byte %(place)s is not UTF-8. Save the file as UTF-8 and send it again.")
                % {"place": error.start},
            )
        )
        return None


def _read_lines(text: str, found: CaseFile) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            found.problems.append(
                (number, _("This line is not a JSON object with section, text and expect."))
            )
            continue
        unknown = sorted(set(row) - set(COLUMNS))
        if unknown:
            found.problems.append(
                (
                    number,
                    _("Unknown key %(unknown)s. Known are %(columns)s.")
                    % {"unknown": repr(unknown[0][:40]), "columns": ", ".join(COLUMNS)},
                )
            )
        elif any(not isinstance(value, str) for value in row.values()):
            found.problems.append((number, _("Every value of a case is text in quotes.")))
        elif _fits(found, number):
            _add(found, row, number)


def _read_table(text: str, found: CaseFile) -> None:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    number = 1
    try:
        columns = [name.strip().lower() for name in next(rows)]
        if not _check_columns(columns, found):
            return
        number = rows.line_num + 1
        for row in rows:
            if any(cell.strip() for cell in row):
                if len(row) != len(columns):
                    found.problems.append(
                        (
                            number,
                            _("This line has %(cells)s cells; the first line names %(columns)s columns.")
                            % {"cells": len(row), "columns": len(columns)},
                        )
                    )
                elif _fits(found, number):
                    _add(found, dict(zip(columns, row, strict=True)), number)
            number = rows.line_num + 1
    except csv.Error as error:
        found.problems.append(
            (number, _("The table cannot be read from here on: %(error)s.") % {"error": error})
        )


def delimiter_of(text: str) -> str:
    """The separator that the first line uses most: comma, semicolon or tab."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _check_columns(columns: list[str], found: CaseFile) -> bool:
    missing = [name for name in _NEEDED if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing:
        found.problems.append(
            (
                1,
                _("The first line must name the columns %(columns)s; %(missing)s is missing.")
                % {"columns": ", ".join(COLUMNS), "missing": ", ".join(missing)},
            )
        )
    elif unknown:
        found.problems.append(
            (
                1,
                _("Unknown column %(unknown)s. Known are %(columns)s.")
                % {"unknown": repr(unknown[0][:40]), "columns": ", ".join(COLUMNS)},
            )
        )
    elif len(set(columns)) < len(columns):
        found.problems.append((1, _("A column stands in the first line twice. Keep one.")))
    else:
        return True
    return False


def _fits(found: CaseFile, number: int) -> bool:
    if len(found.rows) < MOST_IMPORTED:
        return True
    if not found.cut:
        found.cut = True
        found.problems.append(
            (
                number,
                _("%(most)s cases are taken in at a time; the rest was left out.")
                % {"most": f"{MOST_IMPORTED:,}"},
            )
        )
    return False


def _add(found: CaseFile, row: Mapping[str, Any], number: int) -> None:
    values = {name: str(row.get(name, "")) for name in COLUMNS}
    for name in ("id", "section", "expect"):
        values[name] = values[name].strip()
    values["expect"] = values["expect"].lower()
    problem = case_problem(values["section"], values["text"], values["expect"], values["note"], values["id"])
    if problem:
        found.problems.append((number, problem))
        return
    found.rows.append(
        CaseRow(values["id"], values["section"], values["text"], values["expect"], values["note"], number)
    )
