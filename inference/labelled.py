"""Labelled rows for training and measuring the prefilter, and the licences under which sets may be used."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.types import FAMILIES

DATASETS_FILE = Path(__file__).resolve().parent / "datasets.json"
TEST_SHARE = 8
"""One cluster in so many of the train split is never trained on, so there is an own test split."""


class LabelledRowError(Exception):
    """A labelled file cannot be used as it is. Names the file and line, and says what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text. A family absent from `labels` is unknown, not 0. `split`: train, dev or test."""

    id: str
    source: str
    text: str
    labels: dict[str, bool]
    split: str

    @property
    def violating(self) -> bool:
        """True when any family is marked."""
        return any(self.labels.values())

    @property
    def ordinary(self) -> bool:
        """True when every family is known to be absent: benign, or presumed so by the set."""
        return len(self.labels) == len(FAMILIES) and not self.violating


@dataclass(frozen=True, slots=True)
class Dataset:
    """Where a set comes from and whether weights learned from it may be shipped (`train`)."""

    licence: str
    attribution: str
    train: bool
    note: str


def datasets(more: Path | None = None) -> dict[str, Dataset]:
    """Known sets by source name, with those of the JSON file `more` added. Raises LabelledRowError."""
    known: dict[str, Dataset] = {}
    for path in (DATASETS_FILE, more) if more else (DATASETS_FILE,):
        try:
            entries = json.loads(path.read_text("utf-8"))
            known |= {name: Dataset(**entry) for name, entry in entries.items()}
        except (OSError, ValueError, TypeError, AttributeError) as damage:
            raise LabelledRowError(
                f'{path}: expected {{"SOURCE": {{"licence", "attribution", "train", "note"}}}} ({damage}).'
            ) from damage
    return known


def read_rows(paths: Iterable[Path]) -> list[Row]:
    """All rows of JSONL files, `.gz` or plain. Train rows of held-out clusters come back as `test`.

    Raises LabelledRowError at the first line that is no labelled row.
    """
    return [_row(path, number, value) for path in paths for number, value in json_lines(path)]


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """(line number, parsed value) of a JSONL file, `.gz` or plain, blank lines left out.

    Raises LabelledRowError with the line number of the first that is not JSON.
    """
    number = 0
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as lines
        ):
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, json.loads(line)
    except (OSError, EOFError) as damage:
        raise LabelledRowError(f"{path} cannot be read ({damage}). Check the name and the file.") from damage
    except ValueError as damage:
        raise LabelledRowError(
            f"{path} line {max(number, 1)} is not JSON in UTF-8. Mend that line."
        ) from damage


def _row(path: Path, number: int, value: Any) -> Row:
    def refuse(what: str) -> LabelledRowError:
        return LabelledRowError(f"{path} line {number}: {what}. Mend that line.")

    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise refuse('"text" is missing or no string')
    labels = value.get("labels")
    if not isinstance(labels, dict) or not labels:
        raise refuse('"labels" is missing or empty')
    for family, mark in labels.items():
        if family not in FAMILIES or mark not in (0, 1):
            raise refuse(f"label {family!r} must be one of {', '.join(FAMILIES)} with 0 or 1")
    split = value.get("split", "test")
    cluster = str(value.get("cluster", value.get("id", number)))
    if split == "train" and held_out(cluster):
        split = "test"
    identity = str(value.get("id", f"{path.name}:{number}"))
    marks = {family: bool(mark) for family, mark in labels.items()}
    return Row(identity, str(value.get("source", path.name)), value["text"], marks, split)


def held_out(cluster: str) -> bool:
    """Whether a near-duplicate cluster belongs to the own test split; fixed by its name alone."""
    return hashlib.sha256(cluster.encode()).digest()[0] % TEST_SHARE == 0
