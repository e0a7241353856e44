"""A policy file line by line: which part each line belongs to, also while the file is not a policy yet. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reviewapp.policies.rules_front import LINE_END
from reviewapp.policies.rules_sections import LISTS, SECTION_KEYS


class Part(StrEnum):
    """What a line is."""

    FRONT = "front"
    PREAMBLE = "preamble"
    HEADING = "heading"
    KEY = "key"
    RULE = "rule"
    EXAMPLE = "example"
    GUIDANCE = "guidance"
    PUBLIC = "public"
    CASES = "cases"


SENT: Final = frozenset({Part.PREAMBLE, Part.HEADING, Part.RULE, Part.EXAMPLE})
"""The parts that the model reads."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number from 1, its text, its part, the id of its section; `list` is violating or allowed."""

    number: int
    text: str
    part: Part
    section: str = ""
    list: str = ""


def walk(source: str) -> Iterator[Line]:
    """Every line of the file with its part."""
    part, section, listed = Part.FRONT, "", ""
    marks = 0
    for number, text in enumerate(LINE_END.split(source.removeprefix("\ufeff")), start=1):
        line = text.rstrip()
        if part is Part.FRONT:
            marks += line == "---"
            yield Line(number, text, Part.FRONT)
            part = Part.PREAMBLE if marks == 2 else part
            continue
        if part is Part.CASES or line == "```cases":
            part = Part.CASES
        elif line.startswith("## "):
            section, listed = line[3:].strip().partition(" ")[0], ""
            yield Line(number, text, Part.HEADING, section)
            part = Part.KEY
            continue
        elif line.startswith("### "):
            part, listed = (Part.PUBLIC if line.startswith("### Public") else Part.GUIDANCE), ""
        elif part is Part.KEY and line.partition(":")[0] not in SECTION_KEYS:
            part = Part.RULE
        if part in (Part.RULE, Part.EXAMPLE) and line.strip() in LISTS:
            part, listed = Part.EXAMPLE, LISTS[line.strip()]
        yield Line(number, text, part, section, listed)


def without_cases(source: str) -> tuple[str, str]:
    """The file cut in two: the text, and its cases block with everything after."""
    at = 0
    for piece in source.splitlines(keepends=True):
        if piece.rstrip() == "```cases":
            return source[:at], source[at:]
        at += len(piece)
    return source, ""


def with_block_of(text: str, stored: str) -> str:
    """What was typed, with the cases block of the stored file behind it, unless a block was typed too."""
    block = without_cases(stored)[1]
    if not block or without_cases(text)[1]:
        return text
    return (text if text.endswith("\n") else f"{text}\n") + block
