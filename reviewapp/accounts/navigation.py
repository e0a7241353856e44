"""The entries of the top bar that a person may open."""

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from reviewapp.accounts import rules
from reviewapp.accounts.models import Person
from reviewapp.ui.words import Words


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the top bar: its word, address, permission, and whether it is where we are."""

    label: Words
    href: str
    permission: str
    here: bool = False
    unless: str = ""
    """A permission whose holders reach it from another entry."""


ENTRIES: Final = (
    Entry(_("Queues"), "/", "queues.see"),
    Entry(_("Policies"), "/policies/", "policy.see"),
    Entry(_("Disagreements"), "/disagreements/", "lab.see"),
    Entry(_("Lab"), "/lab/", "lab.see"),
    Entry(_("Audit"), "/audit/", "audit.see"),
    Entry(_("Exports"), "/exports/", "export.make"),
    Entry(_("Prefilter"), "/prefilter/", "prefilter.see", unless="members.manage"),
    Entry(_("Engine"), "/engine/", "engine.see", unless="members.manage"),
    Entry(_("Admin"), "/members/", "members.manage"),
    Entry(_("Help"), "/help/", "help.read"),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Template context: `navigation` (entries this person may open), `may` (their permissions by name), `idle_seconds`."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return {"navigation": (), "may": {}, "theme": "system"}
    allowed = {permission.replace(".", "_"): rules.may(person.roles, permission) for permission in rules.MAY}
    entries = [
        Entry(each.label, each.href, each.permission, _is_here(each.href, request.path))
        for each in ENTRIES
        if rules.may(person.roles, each.permission)
        and not (each.unless and rules.may(person.roles, each.unless))
    ]
    idle = settings.IDLE_MINUTES * 60
    return {"navigation": entries, "may": allowed, "theme": person.theme, "idle_seconds": idle}


def _is_here(href: str, path: str) -> bool:
    if href == "/":
        return path == "/" or path.startswith(("/queues/", "/review/", "/decisions/"))
    if href == "/members/":
        return path.startswith(("/members/", "/keys/", "/webhooks/", "/routing/", "/engine/", "/prefilter/"))
    if href == "/lab/":
        return path.startswith(("/lab/", "/gates/", "/backtests/", "/evaluations/"))
    return path.startswith(href)
