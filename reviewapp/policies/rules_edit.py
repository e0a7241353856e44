"""Moving, splitting and adding sections in a policy file; ids stay with their text. Pure."""

import re

from django.utils.translation import gettext as _

from reviewapp.policies.rules_front import PolicyFileError
from reviewapp.policies.rules_walk import Part, walk, without_cases

_LAST_NUMBER = re.compile(r"(.*?)([0-9]+)\Z")


def move_section(text: str, code: str, *, up: bool) -> str:
    """The file with a section one place further up or down; at the end of its way nothing changes."""
    head, blocks, tail = _blocks(text)
    place = next((at for at, (name, _) in enumerate(blocks) if name == code), None)
    other = None if place is None else place - 1 if up else place + 1
    if place is None or other is None or not 0 <= other < len(blocks):
        return text
    blocks = [(name, _ended(block)) for name, block in blocks]
    blocks[place], blocks[other] = blocks[other], blocks[place]
    return head + "".join(block for _, block in blocks) + tail


def split_section(text: str, line: int, used: frozenset[str] = frozenset()) -> str:
    """The file with the section cut before line number `line`: what follows is a new section of the same severity.

    The section keeps its id; the new one gets the next that neither the file nor `used` has. Raises PolicyFileError
    where the line does not stand in a rule.
    """
    lines = list(walk(text))
    at = next((each for each in lines if each.number == line), None)
    if at is None or at.part not in (Part.RULE, Part.EXAMPLE) or not at.section:
        raise PolicyFileError(
            [(line, _("Put the caret on the first line of the rule text that the new section takes."))]
        )
    severity = next(
        (
            each.text.strip()
            for each in lines
            if each.section == at.section and each.text.startswith("severity:")
        ),
        "severity: 2",
    )
    code = next_code(text, at.section, used)
    pieces = text.splitlines(keepends=True)
    before, after = "".join(pieces[: line - 1]), "".join(pieces[line - 1 :])
    return f"{before.rstrip()}\n\n## {code} New section\n{severity}\n\n{after}"


def add_section(text: str, used: frozenset[str] = frozenset()) -> str:
    """The file with one more section at the end."""
    body, cases = without_cases(text)
    codes = [each.section for each in walk(body) if each.part is Part.HEADING]
    code = next_code(text, codes[-1] if codes else "NP-0", used)
    section = f"## {code} New section\nseverity: 2\n\nWhat violates.\n\nAllowed examples:\n- The closest thing that is allowed\n"
    return f"{body.rstrip()}\n\n{section}" + (f"\n{cases}" if cases else "")


def next_code(text: str, code: str, used: frozenset[str] = frozenset()) -> str:
    """The next free id after `code`: SP-1.2 after SP-1.1, or further on where that is or was taken."""
    taken = {each.section for each in walk(text)} | used
    found = _LAST_NUMBER.match(code)
    stem, number = (found[1], int(found[2])) if found else (f"{code}-", 0)
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def _blocks(text: str) -> tuple[str, list[tuple[str, str]], str]:
    """What stands before the sections, each section with its id, and the cases."""
    body, cases = without_cases(text)
    starts = [(each.number, each.section) for each in walk(body) if each.part is Part.HEADING]
    pieces = body.splitlines(keepends=True)
    cuts = [number - 1 for number, _ in starts] + [len(pieces)]
    blocks = [(code, "".join(pieces[cuts[at] : cuts[at + 1]])) for at, (_, code) in enumerate(starts)]
    return "".join(pieces[: cuts[0]]), blocks, cases


def _ended(block: str) -> str:
    """A section that ends with a blank line, so that another may follow it."""
    return block if block.endswith(("\n\n", "\r\n\r\n")) else f"{block.rstrip()}\n\n"
