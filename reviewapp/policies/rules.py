"""How a policy file is read as a whole: front matter, sections, cases, model text, hash. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from django.utils.translation import gettext as _

from reviewapp.policies.rules_file import CASE_CODE, SURROGATE
from reviewapp.policies.rules_front import LINE_END, front_matter
from reviewapp.policies.rules_front import PolicyFileError as PolicyFileError
from reviewapp.policies.rules_front import Problem as Problem
from reviewapp.policies.rules_sections import LISTS, check_sections, read_section, split_sections
from reviewapp.policies.rules_sections import SectionText as SectionText
from reviewapp.policies.rules_sections import normalise as normalise
from reviewapp.policies.rules_states import STATE_WORDS as STATE_WORDS
from reviewapp.policies.rules_states import VERSION_STATES as VERSION_STATES
from reviewapp.policies.rules_states import VersionState as VersionState

MOST_BYTES: Final = 200_000

_CASE_KEYS: Final = ("id", "section", "text", "expect", "note")


@dataclass(frozen=True, slots=True)
class CaseText:
    """One test of the policy: the label (`violates` or `allowed`) that `text` must get under `section`."""

    code: str
    section: str
    text: str
    expect: str
    note: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """A whole policy file. `applies` holds lists, empty meaning everywhere, and `dates` with ISO `from` and `until`."""

    slug: str
    title: str
    family: str | None
    language: str
    effort: str
    applies: dict[str, Any]
    preamble: str
    sections: tuple[SectionText, ...]
    cases: tuple[CaseText, ...]


def parse(source: str) -> Document:
    """Read a policy file. Raises PolicyFileError with every problem found and its line."""
    problems = _unreadable(source)
    if problems:
        raise PolicyFileError(problems)
    lines = LINE_END.split(source.removeprefix("\ufeff"))
    front, start = front_matter(lines, problems)
    end, cases = _cases_block(lines, start, problems)
    preamble, blocks = split_sections(lines[:end], start)
    sections = tuple(read_section(block, problems) for block in blocks)
    check_sections(sections, start, problems)
    _check_cases(cases, sections, problems)
    if problems:
        raise PolicyFileError(problems)
    return Document(**front, preamble=preamble, sections=sections, cases=cases)


def model_text(document: Document) -> str:
    """What the reasoner reads of a policy: title, preamble, and each section's heading, rule and examples."""
    parts = [f"# {document.title}"]
    if document.preamble:
        parts.append(document.preamble)
    parts += [section_text(section) for section in document.sections]
    return "\n\n".join(parts) + "\n"


class Sent(Protocol):
    """What of a section is sent."""

    @property
    def code(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def model_text(self) -> str: ...
    @property
    def violating(self) -> tuple[str, ...]: ...
    @property
    def allowed(self) -> tuple[str, ...]: ...


def section_text(section: Sent) -> str:
    """One section as the reasoner reads it."""
    parts = [f"## {section.code} {section.title}\n{section.model_text}".rstrip()]
    for heading, examples in zip(LISTS, (section.violating, section.allowed), strict=True):
        if examples:
            parts.append("\n".join([heading, *(f"- {example}" for example in examples)]))
    return "\n\n".join(parts)


def text_hash(document: Document) -> str:
    """SHA-256 (64 hex digits) over the model text and each section's id and severity, as canonical JSON."""
    bound = [model_text(document), [[section.code, section.severity] for section in document.sections]]
    return hashlib.sha256(json.dumps(bound, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def check_storable(source: str) -> None:
    """Raise PolicyFileError for text that cannot be kept at all: over 200 kB, NUL, half of a surrogate pair."""
    problems = _unreadable(source)
    if problems:
        raise PolicyFileError(problems)


def check_slug(source: str, document: Document, slug: str) -> None:
    """Raise PolicyFileError when a version's file names another policy than its own."""
    if document.slug != slug:
        lines = enumerate(LINE_END.split(source), start=1)
        line = next((number for number, text in lines if text.startswith("slug:")), 1)
        raise PolicyFileError(
            [
                (
                    line,
                    _("`slug` must stay %(slug)s: a policy keeps its name. Make a new policy instead.")
                    % {"slug": slug},
                )
            ]
        )


def with_cases(document: Document, more: tuple[CaseText, ...]) -> Document:
    """The document with the cases of a file beside it. Raises PolicyFileError where they do not fit."""
    problems: list[Problem] = []
    cases = (*document.cases, *more)
    _check_cases(cases, document.sections, problems)
    if problems:
        raise PolicyFileError(problems)
    return replace(document, cases=cases)


def with_case_lines(source: str, cases: Sequence[CaseText]) -> str:
    """The file with the lines of its cases block as `cases` has them; a line that says the same keeps its bytes.

    Cases that the block has and `cases` has not are dropped; cases that only `cases` has are left out.
    """
    wanted = {case.code: case for case in cases}
    lines = source.splitlines(keepends=True) if "\r" not in source.replace("\r\n", "") else [source]
    first = next((at for at, line in enumerate(lines) if line.rstrip() == "```cases"), len(lines))
    kept = lines[: first + 1]
    for at in range(first + 1, len(lines)):
        if lines[at].rstrip() == "```":
            return "".join([*kept, *lines[at:]])
        kept += _case_line(lines[at], wanted)
    return source


def _case_line(line: str, wanted: Mapping[str, CaseText]) -> list[str]:
    if not line.strip():
        return [line]
    old = _case(json.loads(line), 0)
    new = wanted.get(old.code)
    if new is None:
        return []
    if replace(new, line=0) == old:
        return [line]
    values = dict(zip(_CASE_KEYS, (new.code, new.section, new.text, new.expect, new.note), strict=True))
    return [json.dumps(values, ensure_ascii=False) + line[len(line.rstrip("\r\n")) :]]


def problems_of(source: str, slug: str | None) -> list[Problem]:
    """Everything that keeps this text from being proposed as a version of the policy `slug`; empty when nothing does."""
    try:
        document = parse(source)
        if slug is not None:
            check_slug(source, document, slug)
    except PolicyFileError as error:
        return error.problems
    return []


def _unreadable(source: str) -> list[Problem]:
    """Problems that make reading on pointless."""
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        return [
            (
                1,
                _("The file has %(size)s bytes; %(most)s are allowed. Split the policy or shorten it.")
                % {"size": f"{size:,}", "most": f"{MOST_BYTES:,}"},
            )
        ]
    lines = enumerate(LINE_END.split(source), start=1)
    return [
        (
            number,
            _(
                "A NUL character or half of a surrogate pair stands here. Save the file as UTF-8 text without it."
            ),
        )
        for number, line in lines
        if "\x00" in line or SURROGATE.search(line)
    ]


def _cases_block(lines: list[str], start: int, problems: list[Problem]) -> tuple[int, tuple[CaseText, ...]]:
    """The index where the sections end, and the cases of the fenced block."""
    fences = [index for index in range(start, len(lines)) if lines[index].rstrip() == "```cases"]
    if not fences:
        return len(lines), ()
    first = fences[0]
    last = next((index for index in range(first + 1, len(lines)) if lines[index].rstrip() == "```"), None)
    if last is None:
        problems.append((first + 1, _("The cases block is not closed. End it with a line ```.")))
        return first, ()
    after = next((index for index in range(last + 1, len(lines)) if lines[index].strip()), None)
    if after is not None:
        problems.append((after + 1, _("The cases block must be the last thing in the file.")))
    return first, parse_cases(lines[first + 1 : last], problems, first_line=first + 2)


def parse_cases(
    lines: Sequence[str], problems: list[Problem], *, first_line: int = 1
) -> tuple[CaseText, ...]:
    """Cases from JSON lines; what cannot be read is added to `problems`."""
    cases = []
    for number, line in enumerate(lines, start=first_line):
        if line.strip():
            try:
                cases.append(_case(json.loads(line), number))
            except (ValueError, RecursionError) as error:
                why = str(error) if type(error) is ValueError else _("it is not a JSON object")
                problems.append((number, _("This case cannot be read: %(why)s.") % {"why": why}))
    return tuple(cases)


def _case(row: Any, line: int) -> CaseText:
    if not isinstance(row, dict) or set(row) - set(_CASE_KEYS):
        raise ValueError(_("a case is a JSON object with %(keys)s") % {"keys": ", ".join(_CASE_KEYS)})
    values = {key: row.get(key, "") for key in _CASE_KEYS}
    for key, value in values.items():
        if not isinstance(value, str) or "\x00" in value or SURROGATE.search(value):
            raise ValueError(_("%(key)s must be text without NUL or half surrogate pairs") % {"key": key})
    if not CASE_CODE.match(values["id"]):
        raise ValueError(_("id must be 1 to 40 letters, digits, dots, hyphens"))
    if not values["text"] or values["expect"] not in ("violates", "allowed"):
        raise ValueError(_("text must not be empty, and expect is violates or allowed"))
    return CaseText(values["id"], values["section"], values["text"], values["expect"], values["note"], line)


def _check_cases(
    cases: tuple[CaseText, ...], sections: tuple[SectionText, ...], problems: list[Problem]
) -> None:
    codes = {section.code for section in sections}
    seen: dict[str, int] = {}
    for case in cases:
        if case.section not in codes:
            problems.append(
                (
                    case.line,
                    _("Case %(code)s names section %(section)s, which is not in this file.")
                    % {"code": case.code, "section": repr(case.section[:40])},
                )
            )
        if case.code in seen:
            problems.append(
                (
                    case.line,
                    _("Case id %(code)s is already used on line %(line)s.")
                    % {"code": case.code, "line": seen[case.code]},
                )
            )
        seen.setdefault(case.code, case.line)
