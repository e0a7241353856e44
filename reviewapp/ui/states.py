"""How a room writes its states down once: where each may go, who owns it, what people call it, what happens next."""

from collections.abc import Mapping
from dataclasses import dataclass

from reviewapp.ui.words import Words


@dataclass(frozen=True, slots=True)
class State:
    """One state: its label on screen, who has to act, what happens next, and the states that may follow."""

    label: Words
    owner: Words
    next_step: Words
    to: tuple[str, ...] = ()


def may_follow(table: Mapping[str, State], current: str, following: str) -> bool:
    """Whether `table` allows `current` to become `following`."""
    return current in table and following in table[current].to


def predecessors(table: Mapping[str, State], following: str) -> tuple[str, ...]:
    """The states that may become `following`, in table order: the WHERE of a conditional update."""
    return tuple(str(name) for name, state in table.items() if following in state.to)


def diagram(table: Mapping[str, State], start: str) -> str:
    """The table as a Mermaid state diagram, one arrow a line, in table order."""
    arrows = [f"    {name} --> {after}" for name, state in table.items() for after in state.to]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {start}", *arrows])
