"""A labelled file as somebody uploads it: its rows, and what is wrong with the others, by line. Pure."""

import csv
import io
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from reviewapp.lab.rules_labelled import LabelledText, UnfitRow, labelled_text
from reviewapp.policies.rules_cases import delimiter_of

MOST_BYTES: Final = 32_000_000
MOST_ROWS: Final = 20_000
"""Rows of an upload; the command takes more."""
COLUMNS: Final = ("id", "text", "expect", "section")
EXAMPLES: Final = (
    (
        "CSV",
        'id,text,expect,section\na1,Cheap followers at example.com,violates,SP-1.1\na2,"Thanks, that helped",allowed,\n',
    ),
    (
        "JSONL",
        '{"id": "a1", "text": "Cheap followers at example.com", "expect": "violates", "section": "SP-1.1"}\n'
        '{"id": "a2", "text": "Thanks, that helped", "expect": "allowed"}\n',
    ),
)
"""A file in each form, as the page shows it."""


@dataclass(slots=True)
class LabelledFile:
    """What was read; `silent` counts rows that say nothing about the policy."""

    rows: list[LabelledText] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    silent: int = 0


def read_labelled(
    data: bytes, name: str, *, families: Collection[str], sections: Collection[str]
) -> LabelledFile:
    """Read a CSV or JSONL file; `name` decides which, by its ending. Lines count from 1."""
    found = LabelledFile()
    if len(data) > MOST_BYTES:
        found.problems.append(
            (1, _("The file has more than %(most)s MB. Split it.") % {"most": MOST_BYTES // 1_000_000})
        )
        return found
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        found.problems.append((line, _("This line is not UTF-8. Save the file as UTF-8 and send it again.")))
        return found
    jsonl = name.lower().endswith((".jsonl", ".ndjson", ".json"))
    for number, value in _lines(text, found) if jsonl else _table(text, found):
        try:
            row = labelled_text(value, place=number, families=families, sections=sections)
        except UnfitRow as wrong:
            found.problems.append((number, capfirst(f"{wrong}.")))
            continue
        if row is None:
            found.silent += 1
        elif len(found.rows) == MOST_ROWS:
            found.problems.append(
                (
                    number,
                    _("More than %(most_rows)s rows. Split the file, or use the command.")
                    % {"most_rows": f"{MOST_ROWS:,}"},
                )
            )
            break
        else:
            found.rows.append(row)
    if not found.rows and not found.problems:
        found.problems.append(
            (
                1,
                _("No row says whether it violates this policy.")
                if text.strip()
                else _("The file is empty."),
            )
        )
    return found


def _lines(text: str, found: LabelledFile) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError):
            found.problems.append((number, _("This line is not JSON. One object a line, as in the example.")))


def _table(text: str, found: LabelledFile) -> Iterator[tuple[int, Any]]:
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    number = 1
    try:
        names = [name.strip().lower() for name in next(table, [])]
        told = _wrong_columns(names)
        if told:
            found.problems.append((1, told))
            return
        number = table.line_num + 1
        for cells in table:
            if len(cells) == len(names):
                yield number, _values(dict(zip(names, cells, strict=True)))
            elif any(cell.strip() for cell in cells):
                found.problems.append(
                    (
                        number,
                        _("%(cells)s cells, but the first line names %(columns)s columns.")
                        % {"cells": len(cells), "columns": len(names)},
                    )
                )
            number = table.line_num + 1
    except csv.Error as wrong:
        found.problems.append(
            (number, _("The table cannot be read from here on: %(wrong)s.") % {"wrong": wrong})
        )


def _values(row: dict[str, str]) -> dict[str, str]:
    """What a line of JSON would hold: labels without blanks around them, and no id where the cell is empty."""
    row |= {name: row[name].strip() for name in ("id", "expect", "section") if name in row}
    row["expect"] = row["expect"].lower()
    return {name: value for name, value in row.items() if name != "id" or value}


def _wrong_columns(names: list[str]) -> str:
    missing = [name for name in ("text", "expect") if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing:
        return _("The first line must name the columns text and expect; %(missing)s is missing.") % {
            "missing": f" {_('and')} ".join(missing)
        }
    if unknown:
        return _("Unknown column %(unknown)s. Known are %(columns)s.") % {
            "unknown": repr(unknown[0][:40]),
            "columns": ", ".join(COLUMNS),
        }
    return _("A column stands in the first line twice. Keep one.") if len(set(names)) < len(names) else ""
