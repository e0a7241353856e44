"""The read door of what a note may name: the sections in force, and the people who can be told."""

from dataclasses import dataclass
from typing import Final

from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.policies import reads as policies
from reviewapp.review.rules_mentions import handle_of_each

MOST_PEOPLE: Final = 300


@dataclass(frozen=True, slots=True)
class Choice:
    """What a note says when it is chosen, and what stands beside it in the list."""

    word: str
    title: str
    group: str = ""


def sections() -> tuple[Choice, ...]:
    """Every section in force, by policy, in the order of its text."""
    found = policies.in_force()
    sections = policies.sections_of({policy.version_id for policy in found})
    return tuple(
        Choice(each.code, each.title, f"{policy.title} v{policy.number}")
        for policy in found
        for each in sections[policy.version_id]
    )


def tellable() -> list[Person]:
    """Who can be told with a note: everybody who works here and may open an item."""
    return [each for each in Person.objects.filter(is_active=True) if may(each.roles, "queues.see")]


def people(*, besides: Person) -> tuple[Choice, ...]:
    """Who else can be told, by name, at most 300; each by the shortest word that names nobody else."""
    found = tellable()
    handles = handle_of_each({each.pk: (each.name, each.email) for each in found})
    others = sorted((str(each), each) for each in found if each != besides and each.pk in handles)
    return tuple(Choice(f"@{handles[each.pk]}", name) for name, each in others[:MOST_PEOPLE])
