"""Checks an exported audit log without a database. Pure but for reading the file."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from reviewapp.audit import rules
from reviewapp.audit.reads import Fault


class Unreadable(Exception):
    """The file is no export of the audit log; says which line."""


def first_fault_in(path: Path) -> tuple[int, Fault | None]:
    """Check every row of an export as CSV or JSONL: no gap in the positions, each leaf hash.

    Returns how many rows were checked and the first fault, if any. Raises Unreadable, OSError.
    """
    checked, expected = 0, None
    for number, row in enumerate(_rows(path), start=1):
        try:
            position, wrong = int(row["position"]), _wrong_with(row)
        except (KeyError, ValueError, TypeError) as error:
            raise Unreadable(f"Row {number} of {path.name} is no audit event.") from error
        if expected is not None and position != expected:
            return checked, Fault(expected, f"position {expected} is missing")
        if wrong:
            return checked, Fault(position, wrong)
        checked, expected = checked + 1, position + 1
    return checked, None


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        if file.read(1) == "{":
            file.seek(0)
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise Unreadable(f"{path.name} has a line that is no JSON.") from error
        else:
            file.seek(0)
            for row in csv.DictReader(file):
                yield row | {"subjects": json.loads(row["subjects"]), "data": json.loads(row["data"])}


def _wrong_with(row: Mapping[str, Any]) -> str:
    found = rules.leaf(
        event=UUID(row["id"]),
        at=datetime.fromisoformat(row["at"]),
        verb=row["verb"],
        actor_kind=row["actor_kind"],
        actor=row["actor"],
        subjects=[UUID(subject) for subject in row["subjects"]],
        data=row["data"],
    )
    return "" if found.hex() == row["leaf"] else f"event {row['id']} is not as it was written"
