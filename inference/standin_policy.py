"""How the practice judge reads what it is sent: the policy's sections and examples, the item between its marks."""

import re
from dataclasses import dataclass

_SECTION = re.compile(r"^## ([A-Z]{2,4}-\d+(?:\.\d+)*) ?(.*)$", re.M)
_FORM = re.compile(r"^# How to answer$", re.M)
_LISTS = re.compile(r"^(Violating|Allowed) examples:\s*$", re.I | re.M)
_ITEM = re.compile(r"^\[\[(?:item|context \d+ [A-Za-z0-9_ -]+) ([0-9a-f]{16})\]\]$", re.M)


@dataclass(frozen=True, slots=True)
class ReadSection:
    """One section as the practice judge sees it: rule text and the two lists of examples."""

    id: str
    title: str
    rule: str
    violating: tuple[str, ...]
    allowed: tuple[str, ...]


def read_sections(developer: str) -> tuple[ReadSection, ...]:
    """The sections of the policy in a developer message; empty for text in another form."""
    form = _FORM.search(developer)
    policy = developer[: form.start()] if form else developer
    heads = list(_SECTION.finditer(policy))
    if not heads:
        return ()
    ends = [head.start() for head in heads[1:]] + [len(policy)]
    return tuple(
        _section(head.group(1), head.group(2).strip(), policy[head.end() : end])
        for head, end in zip(heads, ends, strict=True)
    )


def read_item(user: str) -> str:
    """The item in a user message: what stands between the marks, or all of it where there are none.

    The first mark is ours, so its tag tells the true end mark from any that the content imitates.
    """
    opening = _ITEM.search(user)
    if opening is None:
        return user
    tag = opening.group(1)
    _, found, rest = user.partition(f"[[item {tag}]]\n")
    text, ended, _ = rest.partition(f"\n[[end item {tag}]]")
    return text if found and ended else user


def _section(section_id: str, title: str, body: str) -> ReadSection:
    marks = list(_LISTS.finditer(body))
    rule = body[: marks[0].start()] if marks else body
    lists: dict[str, list[str]] = {"violating": [], "allowed": []}
    for place, mark in enumerate(marks):
        end = marks[place + 1].start() if place + 1 < len(marks) else len(body)
        lines = body[mark.end() : end].splitlines()
        examples = (line.strip()[2:].strip() for line in lines if line.strip().startswith("- "))
        lists[mark.group(1).lower()] += [example for example in examples if example]
    return ReadSection(section_id, title, rule.strip(), tuple(lists["violating"]), tuple(lists["allowed"]))
