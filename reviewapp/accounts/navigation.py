"""The entries of the top bar that a person may open."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest

from reviewapp.accounts import rules
from reviewapp.accounts.models import Person


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the top bar: its word, address, permission, and whether it is where we are."""

    label: str
    href: str
    permission: str
    here: bool = False


ENTRIES: Final = (
    Entry("Queues", "/", "queues.see"),
    Entry("Policies", "/policies/", "policy.see"),
    Entry("Disagreements", "/disagreements/", "lab.see"),
    Entry("Lab", "/lab/", "lab.see"),
    Entry("Prefilter", "/prefilter/", "prefilter.see"),
    Entry("Engine", "/engine/", "engine.see"),
    Entry("Audit", "/audit/", "audit.see"),
    Entry("Exports", "/exports/", "export.make"),
    Entry("Members", "/members/", "members.manage"),
    Entry("Keys", "/keys/", "keys.manage"),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Template context: `navigation` (entries this person may open) and `may` (their permissions by name)."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return {"navigation": (), "may": {}, "theme": "system"}
    allowed = {permission.replace(".", "_"): rules.may(person.roles, permission) for permission in rules.MAY}
    entries = [
        Entry(each.label, each.href, each.permission, _is_here(each.href, request.path))
        for each in ENTRIES
        if rules.may(person.roles, each.permission)
    ]
    return {"navigation": entries, "may": allowed, "theme": person.theme}


def _is_here(href: str, path: str) -> bool:
    if href == "/":
        return path == "/" or path.startswith(("/queues/", "/review/", "/decisions/"))
    return path.startswith(href)
