"""Which verdicts are looked at again, and what several looks at one item come to. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Because(StrEnum):
    """Why a verdict is looked at again."""

    SEVERE = "severe"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Look:
    """One verdict on the item; `escalated`: given by a second model that was asked because the first was doubtful."""

    label: str
    confidence: str
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """Of `looks` verdicts `agree` say what the one at place `lead` says; `unstable` when some say otherwise."""

    looks: int
    agree: int
    unstable: bool
    lead: int


def is_doubtful(look: Look) -> bool:
    """Whether the reasoner itself was not sure."""
    return look.label == "unsure" or look.confidence == "low"


def reasons(
    look: Look, severity: int, *, on: bool, least_severity: int, doubtful: bool
) -> frozenset[Because]:
    """Why a first verdict is looked at again; `severity` is the highest of its cited sections, 0 without any."""
    if not on:
        return frozenset()
    found = set()
    if look.label == "violates" and severity >= least_severity:
        found.add(Because.SEVERE)
    if doubtful and is_doubtful(look):
        found.add(Because.DOUBTFUL)
    return frozenset(found)


def compare(looks: Sequence[Look]) -> Compared:
    """What several looks come to; the first verdict stands first in `looks`.

    The lead is the second model's verdict where one was asked, else the commonest label, in a tie the first verdict's.
    A second model that settles what the first was unsure about is no disagreement. Raises ValueError without looks.
    """
    if not looks:
        raise ValueError("there is nothing to compare")
    asked = [place for place, look in enumerate(looks) if look.escalated]
    counted = [look for look in looks if not (asked and look.label == "unsure" and not look.escalated)]
    if asked:
        lead = asked[-1]
    else:
        votes = Counter(look.label for look in looks)
        most = max(votes.values())
        # The first verdict wins a tie, because it stands first.
        lead = next(place for place, look in enumerate(looks) if votes[look.label] == most)
    agree = sum(look.label == looks[lead].label for look in counted)
    return Compared(len(counted), agree, agree < len(counted), lead)
