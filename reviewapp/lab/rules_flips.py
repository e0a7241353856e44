"""What a draft would have changed: each past item in one group, so that the totals reconcile. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviewapp.ui.words import Words


class Group(StrEnum):
    """What became of one decided item under the draft."""

    FIX = "fix"
    BREAK = "break"
    NEW = "new_disagreement"
    INTENDED = "intended"
    UNCHANGED = "unchanged"
    NO_ANSWER = "no_answer"


GROUP_WORDS: Final[dict[str, Words]] = {
    "break": _("Breaks"),
    "fix": _("Fixes"),
    "intended": _("Intended"),
    "new_disagreement": _("New disagreements"),
    "unchanged": _("Unchanged"),
    "no_answer": _("No answer"),
}
"""In the order of screens: what somebody must look at comes first."""
ONE_WORDS: Final[dict[str, Words]] = {
    "break": pgettext_lazy("one flip", "Break"),
    "fix": pgettext_lazy("one flip", "Fix"),
    "new_disagreement": _("New disagreement"),
}
"""One of a group, where that is another word."""

FLIPS: Final = (Group.BREAK, Group.FIX, Group.INTENDED, Group.NEW)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody, or a version, said of an item; sections only with `violates`."""

    label: str
    sections: frozenset[str] = frozenset()


def agrees(person: Said, machine: Said) -> bool:
    """Whether both say the same: the label, and where it violates at least one section in common.

    A person's call without a section binds by its label alone.
    """
    if person.label != machine.label:
        return False
    return person.label != "violates" or not person.sections or bool(person.sections & machine.sections)


def changed(before: Said, after: Said) -> bool:
    """Whether two verdicts differ: in their label, or with no cited section in common."""
    if before.label != after.label:
        return True
    return before.label == "violates" and before.sections.isdisjoint(after.sections) and before != after


def group(*, person: Said, before: Said | None, after: Said | None, intended: Collection[str] = ()) -> Group:
    """The group of one decided item; `before` and `after` are None where there is no readable verdict.

    In this order: without two verdicts nothing can be said; what did not change, or agrees with people both times,
    is unchanged; what agrees now is a fix; a change in a section that was meant to change is intended; then it
    is a break if the old verdict agreed, else a new disagreement.
    """
    if before is None or after is None:
        return Group.NO_ANSWER
    was, now = agrees(person, before), agrees(person, after)
    if not changed(before, after) or (was and now):
        return Group.UNCHANGED
    if now:
        return Group.FIX
    if not (before.sections | after.sections).isdisjoint(intended):
        return Group.INTENDED
    return Group.BREAK if was else Group.NEW


def totals(groups: Iterable[Group | str]) -> dict[str, int]:
    """How many items are in each group; every group is named, and the sum is the number of items."""
    counts: Mapping[str, int] = Counter(str(each) for each in groups)
    return {name: counts.get(name, 0) for name in GROUP_WORDS}


def wants_people(after: Said | None) -> bool:
    """Whether an item that no person saw would now go to one: anything but a readable `allowed`."""
    return after is None or after.label != "allowed"
