"""The read door of people: the member list, one member, and who may do what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from django.utils.translation import gettext as _

from reviewapp.accounts.models import ApiKey, Person
from reviewapp.accounts.rules import ACTS, MAY, Role
from reviewapp.accounts.rules_preferences import LEVELS, preferences_of
from reviewapp.ui.errors import Missing
from reviewapp.ui.languages import NAMES, name_of
from reviewapp.ui.words import Words


@dataclass(frozen=True, slots=True)
class Member:
    """One row of the member list."""

    id: UUID
    name: str
    email: str
    initials: str
    roles: tuple[str, ...]
    pseudonym: str
    active: bool
    cleared: bool
    seen_at: datetime | None
    languages: dict[str, str]


@dataclass(frozen=True, slots=True)
class LanguageForm:
    """The form of reading languages: a row each of code, name and level; `names` are those that can be added."""

    rows: tuple[tuple[str, str, str], ...]
    names: tuple[str, ...]
    levels: Mapping[str, Words]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One row of the key list; the key itself is nowhere."""

    id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    sources: tuple[str, ...]
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Act:
    """One row of the who-may table: the words, and yes or no for each role in the order of `Role`."""

    words: Words
    allowed: tuple[bool, ...]


def members() -> list[Member]:
    """Everybody, active people first, by name."""
    return [_member(person) for person in Person.objects.order_by("-is_active", "name", "email")]


def people_who_may(permission: str) -> dict[UUID, str]:
    """Everybody who may sign in and has a permission, by name; KeyError for one that is not in the table."""
    people = Person.objects.filter(roles__overlap=[str(role) for role in MAY[permission]], is_active=True)
    return {person.pk: str(person) for person in people.order_by("name", "email")}


def member(key: UUID) -> Member:
    """One person; raises Missing."""
    person = Person.objects.filter(pk=key).first()
    if person is None:
        raise Missing(_("There is no such person. Reload the list."))
    return _member(person)


def language_form(languages: Mapping[str, str]) -> LanguageForm:
    """What the form of somebody's reading languages, base to level, shows."""
    rows = sorted((name_of(code), code, level) for code, level in languages.items())
    names = sorted(name_of(code) for code in NAMES if code not in languages)
    return LanguageForm(tuple((code, name, level) for name, code, level in rows), tuple(names), LEVELS)


def keys() -> list[KeyRow]:
    """API keys, newest first; revoked ones last."""
    rows = ApiKey.objects.order_by("-created_at")
    return sorted(
        (
            KeyRow(
                each.pk, each.name, each.prefix, tuple(each.scopes), tuple(each.sources),
                each.last_used_at, each.expires_at, each.revoked_at,
            )
            for each in rows
        ),
        key=lambda row: row.revoked_at is not None,
    )  # fmt: skip


def role_table() -> list[Act]:
    """Who may do what, one row for each permission."""
    return [Act(words, tuple(role in MAY[permission] for role in Role)) for permission, words in ACTS.items()]


def names_of(people: set[UUID]) -> dict[UUID, str]:
    """How the given people are called on screens inside the product."""
    return {person.pk: str(person) for person in Person.objects.filter(pk__in=people)}


def key_names_of(keys: set[UUID]) -> dict[UUID, str]:
    """What the given API keys are called."""
    return dict(ApiKey.objects.filter(pk__in=keys).values_list("pk", "name"))


def people_named(part: str) -> list[UUID]:
    """Up to 50 people whose e-mail or name has `part` in it."""
    by_email = Person.objects.filter(email__icontains=part) | Person.objects.filter(name__icontains=part)
    return list(by_email.values_list("pk", flat=True)[:50])


def time_zones() -> list[str]:
    """The zones that a person may choose."""
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


def _member(person: Person) -> Member:
    return Member(
        person.pk, str(person), person.email, person.initials, tuple(person.roles), person.pseudonym,
        person.is_active, person.cleared_restricted, person.last_login,
        preferences_of(person.preferences).languages,
    )  # fmt: skip
