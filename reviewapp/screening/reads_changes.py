"""What happened to the engines lately, told from the audit log for the engine page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event
from reviewapp.ui.words import Words


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the log: when, what, and more about it."""

    at: datetime
    what: str
    more: str


def _name(data: Mapping[str, Any]) -> str:
    return f"engine-{int(data['endpoint']) + 1}" if "endpoint" in data else _("The engine")


def _paused(data: Mapping[str, Any]) -> str:
    dropped, minutes = data.get("drop"), data.get("minutes")
    if not minutes:
        return _("what was in flight was given back") if dropped else _("what was in flight was finished")
    told = (
        ngettext(
            "what was in flight was given back; for %(n)d min",
            "what was in flight was given back; for %(n)d min",
            minutes,
        )
        if dropped
        else ngettext(
            "what was in flight was finished; for %(n)d min",
            "what was in flight was finished; for %(n)d min",
            minutes,
        )
    )
    return told % {"n": minutes}


def _opened(data: Mapping[str, Any]) -> str:
    failures = data["failures"]
    if failures <= 1:
        return _("after a failed probe")
    return ngettext("after %(n)d failure", "after %(n)d failures", failures) % {"n": failures}


def _set(data: Mapping[str, Any]) -> str:
    field = str(data["field"])
    return f"{FIELD_WORDS.get(field, field)}: {data['before']} → {data['after']}"


def _canary(data: Mapping[str, Any]) -> str:
    return _("%(changed)d answers changed, %(silent)d without a verdict") % {
        "changed": data["changed"], "silent": data["unanswered"],
    }  # fmt: skip


def _asked(data: Mapping[str, Any]) -> str:
    return ngettext("%(n)d question", "%(n)d questions", data["count"]) % {"n": data["count"]}


def _nothing(data: Mapping[str, Any]) -> str:
    return ""


FIELD_WORDS: Final[dict[str, Words]] = {
    "engine_hour_price": gettext_lazy("engine hour price"),
    "second_look_on": gettext_lazy("second look on"),
    "second_look_severity": gettext_lazy("second look severity"),
    "second_look_doubtful": gettext_lazy("second look doubtful"),
    "second_look_times": gettext_lazy("second look times"),
    "escalate_on": gettext_lazy("escalate on"),
    "canary_share": gettext_lazy("canary share"),
}
_WORDS: Final[dict[str, tuple[Words, Callable[[Mapping[str, Any]], str]]]] = {
    "engine.changed": (
        gettext_lazy("{name} answers with another model, version or flags"),
        lambda data: _("the golden set is run"),
    ),
    "engine.opened": (gettext_lazy("{name} circuit opened"), _opened),
    "engine.closed": (gettext_lazy("{name} circuit closed"), _nothing),
    "engine.paused": (gettext_lazy("{who} paused {name}"), _paused),
    "engine.resumed": (gettext_lazy("{who} resumed {name}"), _nothing),
    "engine.moved": (gettext_lazy("{name} has another address"), lambda data: _("REASONER_URL changed")),
    "engine.set": (gettext_lazy("{who} changed a setting"), _set),
    "canary.started": (gettext_lazy("Golden set started"), _asked),
    "canary.passed": (gettext_lazy("Golden set passed"), _canary),
    "canary.alarmed": (gettext_lazy("Golden set raised an alarm"), _canary),
    "canary.accepted": (gettext_lazy("{who} accepted the engine"), _nothing),
}


def changes(limit: int = 12) -> list[Change]:
    """The latest events about engines, newest first."""
    rows = list(Event.objects.filter(verb__in=list(_WORDS)).order_by("-at")[:limit])
    people = {row.actor for row in rows if row.actor_kind == "person"}
    names = {
        str(pk): name
        for pk, name in Person.objects.filter(pk__in=[UUID(key) for key in people]).values_list("pk", "name")
    }
    return [_change(row, names.get(row.actor) or _("The pump")) for row in rows]


def _change(row: Event, who: str) -> Change:
    what, more = _WORDS[row.verb]
    return Change(row.at, str(what).format(name=_name(row.data), who=who), more(row.data))
