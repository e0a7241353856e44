"""What happened to the engines lately, told from the audit log for the engine page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the log: when, what, and more about it."""

    at: datetime
    what: str
    more: str


def _name(data: Mapping[str, Any]) -> str:
    return f"engine-{int(data['endpoint']) + 1}" if "endpoint" in data else "The engine"


def _paused(data: Mapping[str, Any]) -> str:
    how = "what was in flight was given back" if data.get("drop") else "what was in flight was finished"
    return f"{how}; for {data['minutes']} min" if data.get("minutes") else how


def _opened(data: Mapping[str, Any]) -> str:
    return f"after {data['failures']} failures" if data["failures"] > 1 else "after a failed probe"


def _set(data: Mapping[str, Any]) -> str:
    return f"{str(data['field']).replace('_', ' ')}: {data['before']} → {data['after']}"


def _canary(data: Mapping[str, Any]) -> str:
    return f"{data['changed']} answers changed, {data['unanswered']} without a verdict"


_WORDS: Final[dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]]] = {
    "engine.changed": (
        "{name} answers with another model, version or flags",
        lambda data: "the golden set is run",
    ),
    "engine.opened": ("{name} circuit opened", _opened),
    "engine.closed": ("{name} circuit closed", lambda data: ""),
    "engine.paused": ("{who} paused {name}", _paused),
    "engine.resumed": ("{who} resumed {name}", lambda data: ""),
    "engine.moved": ("{name} has another address", lambda data: "REASONER_URL changed"),
    "engine.set": ("{who} changed a setting", _set),
    "canary.started": ("Golden set started", lambda data: f"{data['count']} questions"),
    "canary.passed": ("Golden set passed", _canary),
    "canary.alarmed": ("Golden set raised an alarm", _canary),
    "canary.accepted": ("{who} accepted the engine", lambda data: ""),
}


def changes(limit: int = 12) -> list[Change]:
    """The latest events about engines, newest first."""
    rows = list(Event.objects.filter(verb__in=list(_WORDS)).order_by("-at")[:limit])
    people = {row.actor for row in rows if row.actor_kind == "person"}
    names = {
        str(pk): name
        for pk, name in Person.objects.filter(pk__in=[UUID(key) for key in people]).values_list("pk", "name")
    }
    return [_change(row, names.get(row.actor, "The pump")) for row in rows]


def _change(row: Event, who: str) -> Change:
    what, more = _WORDS[row.verb]
    return Change(row.at, what.format(name=_name(row.data), who=who), more(row.data))
