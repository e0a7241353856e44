"""What the policy pages send back, read with limits and without trust."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reviewapp.policies.reads import VersionPage
from reviewapp.policies.rules import Problem

SPARE_LINES: Final = 12
MOST_SAVES: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Typed:
    """The editor's fields: the file's text with plain line ends, the note, and the save that the page was made from."""

    source: str
    note: str
    saves: int

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "Typed":
        """Read them; a browser sends every line end as CR LF."""
        source = sent.get("source", "").replace("\r\n", "\n")
        return cls(source, sent.get("note", ""), _whole(sent.get("saves", "")))

    def saved_now(self, row: VersionPage | None) -> "Typed":
        """The same fields after they were stored as `row`."""
        return replace(self, saves=row.saves) if row and row.source == self.source else self


@dataclass(frozen=True, slots=True)
class Seen:
    """Which text the page showed to the person who approves or publishes."""

    hash: str
    saves: int
    cases: str
    gaps_signed: bool

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "Seen":
        """Read them; what is missing matches no version."""
        gaps_signed = sent.get("gaps_signed", "") == "yes"
        return cls(sent.get("hash", ""), _whole(sent.get("saves", "")), sent.get("cases", ""), gaps_signed)


def gutter(source: str, problems: Sequence[Problem]) -> list[tuple[int, bool]]:
    """Line numbers beside the editor, with room to type on, and whether a problem stands on each."""
    bad = {line for line, _ in problems}
    return [(line, line in bad) for line in range(1, source.count("\n") + 2 + SPARE_LINES)]


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else MOST_SAVES
