"""Reading the sections of a policy file: the keys under a heading, the three texts, the examples. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _

from reviewapp.policies.rules_file import CODE
from reviewapp.policies.rules_front import LANGUAGE, LINE_END, MOST_TITLE, Problem

LISTS: Final = {"Violating examples:": "violating", "Allowed examples:": "allowed"}
SECTION_KEYS: Final = ("severity", "response", "recall", "precision")

_RESPONSE: Final = re.compile(r"(support|(?:support, )?escalate:[a-z_]{1,40})\Z")
_KEY_LINE: Final = re.compile(r"([a-z]+):[ \t]*(.*)\Z")
_PERCENT: Final = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,2})?)[ \t]*%\Z")
_LEAST_TARGET: Final = 50.0

Lines = list[tuple[int, str]]
"""Lines of the file with their numbers, counted from 1."""


@dataclass(frozen=True, slots=True)
class SectionText:
    """One section as written. `model_text` is the rule without its example lists; `line` is its heading's.

    `public_in` holds public texts in further languages as (code, text). Targets are percent, None where unset.
    """

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
    public_in: tuple[tuple[str, str], ...] = ()
    recall: float | None = None
    precision: float | None = None


@dataclass(slots=True)
class Block:
    """The lines of one section; `line` is the number of its heading."""

    line: int
    heading: str
    body: list[str] = field(default_factory=list)


def normalise(text: str) -> str:
    """Text without trailing spaces on its lines, with runs of blank lines folded to one, none at the ends."""
    stripped = "\n".join(line.rstrip(" \t") for line in LINE_END.split(text))
    return re.sub(r"\n{3,}", "\n\n", stripped).strip("\n")


def split_sections(lines: Sequence[str], start: int) -> tuple[str, list[Block]]:
    """The preamble, and a block for each `## ` heading from the line with index `start` on."""
    preamble: list[str] = []
    blocks: list[Block] = []
    for number, line in enumerate(lines[start:], start=start + 1):
        if line.startswith("## "):
            blocks.append(Block(number, line[3:].strip()))
        else:
            (blocks[-1].body if blocks else preamble).append(line)
    return normalise("\n".join(preamble)), blocks


def read_section(block: Block, problems: list[Problem]) -> SectionText:
    """One section; what is wrong with it is added to `problems`."""
    code, _space, title = block.heading.partition(" ")
    if not CODE.match(code):
        problems.append(
            (
                block.line,
                _("A section starts with an id such as SP-1.2, not %(code)s.") % {"code": repr(code[:40])},
            )
        )
    if not 0 < len(title.strip()) <= MOST_TITLE:
        problems.append(
            (
                block.line,
                _("The section needs a title of 1 to %(most)s characters after its id.")
                % {"most": MOST_TITLE},
            )
        )
    keys, body_at = _key_lines(block, problems)
    texts = _texts(block, body_at, problems)
    rule, violating, allowed = _examples(texts["model"], problems)
    if not rule and not violating and not allowed:
        problems.append(
            (block.line, _("The section has no rule text. Write what violates and what is allowed."))
        )
    shown = {name: normalise("\n".join(line for _, line in lines)) for name, lines in texts.items()}
    further = tuple(
        (name.removeprefix("Public ").strip("()"), text)
        for name, text in shown.items()
        if name.startswith("Public (")
    )
    return SectionText(
        code, title.strip(), _severity(keys, block, problems), _response(keys, problems), rule, shown["Guidance"],
        shown["Public"], violating, allowed, block.line, further,
        _target(keys, "recall", problems), _target(keys, "precision", problems),
    )  # fmt: skip


def check_sections(sections: Sequence[SectionText], start: int, problems: list[Problem]) -> None:
    """Add what is wrong between sections: none at all, or an id used twice."""
    if not sections:
        problems.append((start + 1, _("The policy has no section. Start one with `## SP-1.1 Title`.")))
    seen: dict[str, int] = {}
    for section in sections:
        if section.code in seen:
            problems.append(
                (
                    section.line,
                    _("Section id %(code)s is already used on line %(line)s.")
                    % {"code": section.code, "line": seen[section.code]},
                )
            )
        seen.setdefault(section.code, section.line)


Keys = dict[str, tuple[str, int]]


def _key_lines(block: Block, problems: list[Problem]) -> tuple[Keys, int]:
    """The keys under the heading with their lines, and the index in the body where the rule text starts."""
    keys: Keys = {}
    index = 0
    for index, line in enumerate([*block.body, ""]):
        found = _KEY_LINE.match(line.rstrip())
        if not found:
            break
        number = block.line + 1 + index
        if found[1] not in SECTION_KEYS or found[1] in keys:
            problems.append(
                (
                    number,
                    _(
                        "%(key)s: under a heading stand `severity` and, if wanted, `response`, `recall` and `precision`, once each."
                    )
                    % {"key": repr(found[1])},
                )
            )
        keys[found[1]] = (found[2], number)
    return keys, index


def _severity(keys: Keys, block: Block, problems: list[Problem]) -> int:
    severity, at = keys.get("severity", ("", block.line))
    if severity in ("1", "2", "3", "4"):
        return int(severity)
    problems.append((at, _("`severity: 1` to `severity: 4` must stand directly under the section heading.")))
    return 1


def responses_in(said: str) -> tuple[str, ...]:
    """What the `response` of a section asks for, each in a word: `support`, `escalate:KIND`, both or nothing."""
    return tuple(said.split(", ")) if said else ()


def _response(keys: Keys, problems: list[Problem]) -> str:
    response, at = keys.get("response", ("", 0))
    if "response" in keys and not _RESPONSE.match(response):
        problems.append(
            (
                at,
                _(
                    "`response` must be support, or escalate: with a kind, such as escalate:child_safety, or both: support, escalate:threat_to_life."
                ),
            )
        )
    return response


def _target(keys: Keys, name: str, problems: list[Problem]) -> float | None:
    if name not in keys:
        return None
    text, at = keys[name]
    found = _PERCENT.match(text)
    if found is None or float(found[1]) < _LEAST_TARGET:
        problems.append(
            (
                at,
                _("`%(name)s` is a target from %(least)s %% to 99.99 %%, such as `%(name)s: 90 %%`.")
                % {"name": name, "least": f"{_LEAST_TARGET:.0f}"},
            )
        )
        return None
    return float(found[1])


def _texts(block: Block, start: int, problems: list[Problem]) -> dict[str, Lines]:
    """Numbered lines of the model text, the guidance and the public texts."""
    texts: dict[str, Lines] = {"model": [], "Guidance": [], "Public": []}
    seen: set[str] = set()
    name = "model"
    for number, line in enumerate(block.body[start:], start=block.line + 1 + start):
        if not line.startswith("### "):
            texts[name].append((number, line))
            continue
        heading = line[4:].strip()
        if not _is_heading(heading) or heading in seen:
            problems.append(
                (
                    number,
                    _(
                        "Inside a section only `### Guidance`, `### Public` and `### Public (de)` may stand, once each."
                    ),
                )
            )
        name = heading if _is_heading(heading) else "Guidance"
        seen.add(name)
        texts.setdefault(name, [])
    return texts


def _is_heading(heading: str) -> bool:
    if heading in ("Guidance", "Public"):
        return True
    return heading.startswith("Public (") and heading.endswith(")") and bool(LANGUAGE.match(heading[8:-1]))


def _examples(lines: Lines, problems: list[Problem]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The rule text without its example lists, and the two lists."""
    rule: list[str] = []
    lists: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in lines:
        text = line.strip()
        if text in LISTS:
            if LISTS[text] in lists:
                problems.append(
                    (
                        number,
                        _("`%(text)s` stands in this section for the second time. Join the lists.")
                        % {"text": text},
                    )
                )
            current = lists.setdefault(LISTS[text], [])
        elif current is None:
            rule.append(line)
        elif text.startswith("- ") and text[2:].strip():
            current.append(text[2:].strip())
        elif text:
            problems.append(
                (number, _("After the examples only `- example` lines may stand, one line each."))
            )
    return normalise("\n".join(rule)), tuple(lists.get("violating", ())), tuple(lists.get("allowed", ()))
