"""The states of a version, and how a policy file is read: front matter, sections, cases, model text, hash. Pure."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from reviewapp.policies.rules_front import LINE_END, MOST_TITLE, front_matter
from reviewapp.policies.rules_front import PolicyFileError as PolicyFileError
from reviewapp.policies.rules_front import Problem as Problem
from reviewapp.ui.states import State


class VersionState(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    PUBLISHED = "published"
    RETIRED = "retired"


VERSION_STATES: Final[dict[str, State]] = {
    "draft": State("Draft", "policy author", "is proposed", ("proposed",)),
    "proposed": State("Proposed", "policy approver", "is approved or sent back", ("approved", "draft")),
    "approved": State("Approved", "policy approver", "is published or sent back", ("published", "draft")),
    "published": State("Published", "policy author", "judges items until another version does", ("retired",)),
    "retired": State("Retired", "nobody", "kept for the record"),
}

MOST_BYTES: Final = 200_000

_CODE: Final = re.compile(r"[A-Z]{2,4}-[0-9]{1,4}(\.[0-9]{1,4})*\Z")
_CASE_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}\Z")
_RESPONSE: Final = re.compile(r"(support|escalate:[a-z_]{1,40})\Z")
_KEY_LINE: Final = re.compile(r"([a-z]+):[ \t]*(.*)\Z")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_INVISIBLE: Final = re.compile(
    "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
_LISTS: Final = {"Violating examples:": "violating", "Allowed examples:": "allowed"}
_CASE_KEYS: Final = ("id", "section", "text", "expect", "note")


@dataclass(frozen=True, slots=True)
class SectionText:
    """One section as written. `model_text` is the rule without its example lists; `line` is its heading's."""

    code: str
    title: str
    severity: int
    response: str
    model_text: str
    guidance: str
    public: str
    violating: tuple[str, ...]
    allowed: tuple[str, ...]
    line: int


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
    """A whole policy file. `applies` holds `sources` and `countries`, each a list; empty means everywhere."""

    slug: str
    title: str
    family: str | None
    language: str
    effort: str
    applies: dict[str, list[str]]
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
    preamble, blocks = _split_sections(lines[:end], start)
    sections = tuple(_section(block, problems) for block in blocks)
    _check_sections(sections, start, problems)
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


def section_text(section: SectionText) -> str:
    """One section as the reasoner reads it."""
    parts = [f"## {section.code} {section.title}\n{section.model_text}".rstrip()]
    for heading, examples in zip(_LISTS, (section.violating, section.allowed), strict=True):
        if examples:
            parts.append("\n".join([heading, *(f"- {example}" for example in examples)]))
    return "\n\n".join(parts)


def text_hash(document: Document) -> str:
    """SHA-256 (64 hex digits) over the model text and each section's id and severity, as canonical JSON."""
    bound = [model_text(document), [[section.code, section.severity] for section in document.sections]]
    return hashlib.sha256(json.dumps(bound, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def normalise(text: str) -> str:
    """Text without trailing spaces on its lines, with runs of blank lines folded to one, none at the ends."""
    stripped = "\n".join(line.rstrip(" \t") for line in LINE_END.split(text))
    return re.sub(r"\n{3,}", "\n\n", stripped).strip("\n")


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
            [(line, f"`slug` must stay {slug}: a policy keeps its name. Make a new policy instead.")]
        )


def with_cases(document: Document, more: tuple[CaseText, ...]) -> Document:
    """The document with the cases of a file beside it. Raises PolicyFileError where they do not fit."""
    problems: list[Problem] = []
    cases = (*document.cases, *more)
    _check_cases(cases, document.sections, problems)
    if problems:
        raise PolicyFileError(problems)
    return replace(document, cases=cases)


def problems_of(source: str, slug: str | None) -> list[Problem]:
    """Everything that keeps this text from being proposed as a version of the policy `slug`; empty when nothing does."""
    try:
        document = parse(source)
        if slug is not None:
            check_slug(source, document, slug)
    except PolicyFileError as error:
        return error.problems
    return []


def findings(source: str) -> list[Problem]:
    """What deserves a look but stops nothing: characters that nobody sees, and sections without a public text."""
    found = [
        (number, f"Invisible character U+{ord(match[0]):04X}. Remove it unless the rule is about it.")
        for number, line in enumerate(LINE_END.split(source.removeprefix("\ufeff")), start=1)
        if (match := _INVISIBLE.search(line))
    ]
    try:
        document = parse(source)
    except PolicyFileError:
        return found
    found += [
        (section.line, f"{section.code} has no public text; author and reporter will read its title only.")
        for section in document.sections
        if not section.public
    ]
    return sorted(found)


def _unreadable(source: str) -> list[Problem]:
    """Problems that make reading on pointless."""
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        return [
            (1, f"The file has {size:,} bytes; {MOST_BYTES:,} are allowed. Split the policy or shorten it.")
        ]
    lines = enumerate(LINE_END.split(source), start=1)
    return [
        (
            number,
            "A NUL character or half of a surrogate pair stands here. Save the file as UTF-8 text without it.",
        )
        for number, line in lines
        if "\x00" in line or _SURROGATE.search(line)
    ]


@dataclass(slots=True)
class _Block:
    """The lines of one section; `line` is the number of its heading."""

    line: int
    heading: str
    body: list[str] = field(default_factory=list)


def _split_sections(lines: list[str], start: int) -> tuple[str, list[_Block]]:
    preamble: list[str] = []
    blocks: list[_Block] = []
    for number, line in enumerate(lines[start:], start=start + 1):
        if line.startswith("## "):
            blocks.append(_Block(number, line[3:].strip()))
        else:
            (blocks[-1].body if blocks else preamble).append(line)
    return normalise("\n".join(preamble)), blocks


def _section(block: _Block, problems: list[Problem]) -> SectionText:
    code, _, title = block.heading.partition(" ")
    if not _CODE.match(code):
        problems.append((block.line, f"A section starts with an id such as SP-1.2, not {code[:40]!r}."))
    if not 0 < len(title.strip()) <= MOST_TITLE:
        problems.append(
            (block.line, f"The section needs a title of 1 to {MOST_TITLE} characters after its id.")
        )
    severity, response, body_at = _key_lines(block, problems)
    texts = _three_texts(block, body_at, problems)
    rule, violating, allowed = _examples(texts["model"], problems)
    if not rule and not violating and not allowed:
        problems.append(
            (block.line, "The section has no rule text. Write what violates and what is allowed.")
        )
    guidance, public = (
        normalise("\n".join(line for _, line in texts[name])) for name in ("Guidance", "Public")
    )
    return SectionText(
        code, title.strip(), severity, response, rule, guidance, public, violating, allowed, block.line
    )


def _key_lines(block: _Block, problems: list[Problem]) -> tuple[int, str, int]:
    """Severity, response, and the index in the body where the rule text starts."""
    keys: dict[str, tuple[str, int]] = {}
    index = 0
    for index, line in enumerate([*block.body, ""]):
        found = _KEY_LINE.match(line.rstrip())
        if not found:
            break
        number = block.line + 1 + index
        if found[1] not in ("severity", "response") or found[1] in keys:
            problems.append(
                (
                    number,
                    f"{found[1]!r}: under a heading stand `severity` and, if wanted, `response`, once each.",
                )
            )
        keys[found[1]] = (found[2], number)
    severity, at = keys.get("severity", ("", block.line))
    if severity not in ("1", "2", "3", "4"):
        problems.append((at, "`severity: 1` to `severity: 4` must stand directly under the section heading."))
        severity = "1"
    response, at = keys.get("response", ("", block.line))
    if "response" in keys and not _RESPONSE.match(response):
        problems.append(
            (at, "`response` must be support, or escalate: with a kind, such as escalate:child_safety.")
        )
    return int(severity), response, index


def _three_texts(block: _Block, start: int, problems: list[Problem]) -> dict[str, list[tuple[int, str]]]:
    """Numbered lines of the model text, the guidance and the public text."""
    texts: dict[str, list[tuple[int, str]]] = {"model": [], "Guidance": [], "Public": []}
    name = "model"
    for number, line in enumerate(block.body[start:], start=block.line + 1 + start):
        if not line.startswith("### "):
            texts[name].append((number, line))
            continue
        heading = line[4:].strip()
        if heading not in ("Guidance", "Public") or texts[heading]:
            problems.append(
                (number, "Inside a section only `### Guidance` and `### Public` may stand, once each.")
            )
        name = heading if heading in texts else "Guidance"
    return texts


def _examples(
    lines: list[tuple[int, str]], problems: list[Problem]
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The rule text without its example lists, and the two lists."""
    rule: list[str] = []
    lists: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in lines:
        text = line.strip()
        if text in _LISTS:
            if _LISTS[text] in lists:
                problems.append(
                    (number, f"`{text}` stands in this section for the second time. Join the lists.")
                )
            current = lists.setdefault(_LISTS[text], [])
        elif current is None:
            rule.append(line)
        elif text.startswith("- ") and text[2:].strip():
            current.append(text[2:].strip())
        elif text:
            problems.append((number, "After the examples only `- example` lines may stand, one line each."))
    return normalise("\n".join(rule)), tuple(lists.get("violating", ())), tuple(lists.get("allowed", ()))


def _check_sections(sections: tuple[SectionText, ...], start: int, problems: list[Problem]) -> None:
    if not sections:
        problems.append((start + 1, "The policy has no section. Start one with `## SP-1.1 Title`."))
    seen: dict[str, int] = {}
    for section in sections:
        if section.code in seen:
            problems.append(
                (section.line, f"Section id {section.code} is already used on line {seen[section.code]}.")
            )
        seen.setdefault(section.code, section.line)


def _cases_block(lines: list[str], start: int, problems: list[Problem]) -> tuple[int, tuple[CaseText, ...]]:
    """The index where the sections end, and the cases of the fenced block."""
    fences = [index for index in range(start, len(lines)) if lines[index].rstrip() == "```cases"]
    if not fences:
        return len(lines), ()
    first = fences[0]
    last = next((index for index in range(first + 1, len(lines)) if lines[index].rstrip() == "```"), None)
    if last is None:
        problems.append((first + 1, "The cases block is not closed. End it with a line ```."))
        return first, ()
    after = next((index for index in range(last + 1, len(lines)) if lines[index].strip()), None)
    if after is not None:
        problems.append((after + 1, "The cases block must be the last thing in the file."))
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
                why = str(error) if type(error) is ValueError else "it is not a JSON object"
                problems.append((number, f"This case cannot be read: {why}."))
    return tuple(cases)


def _case(row: Any, line: int) -> CaseText:
    if not isinstance(row, dict) or set(row) - set(_CASE_KEYS):
        raise ValueError(f"a case is a JSON object with {', '.join(_CASE_KEYS)}")
    values = {key: row.get(key, "") for key in _CASE_KEYS}
    for key, value in values.items():
        if not isinstance(value, str) or "\x00" in value or _SURROGATE.search(value):
            raise ValueError(f"{key} must be text without NUL or half surrogate pairs")
    if not _CASE_CODE.match(values["id"]):
        raise ValueError("id must be 1 to 40 letters, digits, dots, hyphens")
    if not values["text"] or values["expect"] not in ("violates", "allowed"):
        raise ValueError("text must not be empty, and expect is violates or allowed")
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
                    f"Case {case.code} names section {case.section[:40]!r}, which is not in this file.",
                )
            )
        if case.code in seen:
            problems.append((case.line, f"Case id {case.code} is already used on line {seen[case.code]}."))
        seen.setdefault(case.code, case.line)
