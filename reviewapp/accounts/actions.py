"""The write door of people and keys: who is here, what they may do, and how the screens look to them."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reviewapp.accounts import rules
from reviewapp.accounts.models import ApiKey, Notice, Person
from reviewapp.accounts.rules import Role
from reviewapp.accounts.rules_notices import NOTICE_DAYS, NOTICES
from reviewapp.accounts.rules_preferences import Preferences, checked_preferences, preferences_of
from reviewapp.audit.actions import Actor, record
from reviewapp.ui.errors import Missing, ProductError
from reviewapp.ui.words import Words

THEMES: Final[dict[str, Words]] = {
    "system": gettext_lazy("System"),
    "light": gettext_lazy("Light"),
    "dark": gettext_lazy("Dark"),
}
MOST_NAME: Final = 100


class NotAPerson(ProductError):
    """An e-mail, name, role or zone that cannot be."""

    status = 422
    code = "invalid"


class LastAdmin(ProductError):
    """Without an admin nobody could add people any more."""

    status = 409
    code = "last_admin"


class BadKey(ProductError):
    """A key that cannot be issued as asked."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key. `key` is shown this once; only its SHA-256 is kept."""

    id: UUID
    prefix: str
    key: str


def create_person(
    *, email: str, roles: Iterable[str], actor: Actor, name: str = "", password: str | None = None
) -> Person:
    """Add somebody; without a password they cannot sign in yet.

    Raises NotAPerson for an e-mail that is taken or none, a role that does not exist, or a password that is too weak.
    """
    address = email.strip().lower()
    held = _checked_roles(roles)
    _check_email(address)
    if password is not None:
        _check_password(password, Person(email=address, name=name))
    try:
        with transaction.atomic():
            person = Person.objects.create_user(
                address,
                password,
                name=_checked_name(name),
                roles=held,
                pseudonym=f"reviewer-{secrets.token_hex(6)}",
            )
            record(verb="person.created", actor=actor, subjects=[person.pk], data={"roles": held})
    except IntegrityError as error:
        raise NotAPerson(
            _("Somebody with the e-mail %(address)s is here already. Change their roles instead.")
            % {"address": address}
        ) from error
    return person


@transaction.atomic
def change_roles(*, person: UUID, roles: Iterable[str], actor: Actor) -> None:
    """Give somebody exactly `roles`. Raises NotAPerson for an unknown role, LastAdmin, Missing."""
    held = _checked_roles(roles)
    somebody = _locked(person)
    if "admin" not in held:
        _keep_an_admin(without=somebody)
    if sorted(somebody.roles) == held:
        return
    before, somebody.roles = sorted(somebody.roles), held
    somebody.save(update_fields=["roles"])
    record(verb="person.changed", actor=actor, subjects=[person], data={"before": before, "after": held})


@transaction.atomic
def disable(*, person: UUID, actor: Actor) -> None:
    """Close somebody's sign-in: every session of theirs ends with this transaction. Raises LastAdmin, Missing."""
    somebody = _locked(person)
    _keep_an_admin(without=somebody)
    _end_sessions(person)
    if somebody.is_active:
        somebody.is_active = False
        somebody.save(update_fields=["is_active"])
        record(verb="person.disabled", actor=actor, subjects=[person])


@transaction.atomic
def enable(*, person: UUID, actor: Actor) -> None:
    """Let somebody sign in again. Raises Missing."""
    somebody = _locked(person)
    if not somebody.is_active:
        somebody.is_active = True
        somebody.save(update_fields=["is_active"])
        record(verb="person.enabled", actor=actor, subjects=[person])


@transaction.atomic
def set_clearance(*, person: UUID, cleared: bool, actor: Actor) -> None:
    """Say whether somebody may open restricted items. Raises Missing."""
    somebody = _locked(person)
    if somebody.cleared_restricted != cleared:
        somebody.cleared_restricted = cleared
        somebody.save(update_fields=["cleared_restricted"])
        record(verb="person.cleared", actor=actor, subjects=[person], data={"after": cleared})


@transaction.atomic
def set_password(*, person: UUID, password: str, actor: Actor) -> None:
    """Give somebody another password; sessions opened with the old one end. Raises NotAPerson if weak, Missing."""
    somebody = _locked(person)
    _check_password(password, somebody)
    somebody.set_password(password)
    somebody.save(update_fields=["password"])
    record(verb="person.password_changed", actor=actor, subjects=[person])


@transaction.atomic
def end_idle(*, person: UUID) -> None:
    """Record that a session of somebody ended because nobody used it; who called ends the session itself."""
    record(verb="person.timed_out", actor=Actor.person(person), subjects=[person])


def set_theme(*, person: UUID, theme: str) -> None:
    """Remember `system`, `light` or `dark` with the account. Raises NotAPerson for another word."""
    if theme not in THEMES:
        raise NotAPerson(_("A theme is one of %(themes)s.") % {"themes": ", ".join(THEMES)})
    Person.objects.filter(pk=person).update(theme=theme)


def set_language(*, person: UUID, language: str) -> None:
    """Speak to somebody in a language of the interface; empty is as the browser asks. Raises NotAPerson, Missing."""
    if language and language not in dict(settings.LANGUAGES):
        raise NotAPerson(_("Choose the language of the screens from the list."))
    set_preferences(person=person, changes={"language": language})


def set_profile(*, person: UUID, name: str, time_zone: str) -> None:
    """Change how somebody is called on screen and in which zone they read times. Raises NotAPerson."""
    if time_zone not in available_timezones():
        raise NotAPerson(_("Choose a time zone from the list, such as Europe/Berlin."))
    Person.objects.filter(pk=person).update(name=_checked_name(name), time_zone=time_zone)


def notify(*, person: UUID, kind: str, about: UUID | None = None, by: UUID | None = None) -> None:
    """Leave somebody a notice: a kind of NOTICES, the id of what it is about, and who caused it.

    Joins the open transaction of the change it tells of. Raises KeyError for a kind that is not in the list.
    """
    NOTICES[kind]
    Notice.objects.create(person_id=person, kind=kind, about=about, by_id=by)


def notify_more(*, person: UUID, kind: str, about: UUID, name: str, count: int) -> None:
    """Tell somebody that `count` more items belong to what a notice of theirs says; a new notice once that one was read.

    Joins the open transaction of the change it tells of. Raises KeyError for a kind that is not in the list.
    """
    NOTICES[kind]
    unread = Notice.objects.filter(person_id=person, kind=kind, about=about, read_at=None)
    if not unread.update(count=F("count") + count, name=name, at=Now()):
        Notice.objects.create(person_id=person, kind=kind, about=about, name=name, count=count)


def notify_roles(
    *, roles: Collection[str], kind: str, about: UUID | None = None, by: UUID | None = None, but: UUID | None = None
) -> int:  # fmt: skip
    """Leave the same notice to everybody who may sign in and has one of `roles`, except `but`; returns to how many.

    Joins the open transaction of the change it tells of. Raises KeyError for a kind that is not in the list.
    """
    people = Person.objects.filter(roles__overlap=list(roles), is_active=True)
    keys = [key for key in people.values_list("pk", flat=True) if key != but]
    for key in keys:
        notify(person=key, kind=kind, about=about, by=by)
    return len(keys)


def read_notices(*, person: UUID, notice: UUID | None = None) -> None:
    """Mark one of somebody's notices as read, or all of them."""
    unread = Notice.objects.filter(person_id=person, read_at=None)
    (unread.filter(pk=notice) if notice else unread).update(read_at=Now())


def forget_notices() -> int:
    """Drop notices older than 90 days; returns how many."""
    return Notice.objects.filter(at__lt=Now() - timedelta(days=NOTICE_DAYS)).delete()[0]


def set_preferences(*, person: UUID, changes: Mapping[str, object]) -> Preferences:
    """Change some of somebody's own settings, the others stay; returns all of them.

    Raises BadPreference for a value that cannot be, and nothing is changed then.
    """
    with transaction.atomic():
        somebody = _locked(person)
        wanted = checked_preferences(somebody.preferences | dict(changes))
        Person.objects.filter(pk=person).update(preferences=wanted.as_json())
    return wanted


@transaction.atomic
def set_languages(*, person: UUID, languages: Mapping[str, str], actor: Actor) -> None:
    """Say which languages somebody reads, as base to level; none means all. Raises BadPreference, Missing."""
    before = preferences_of(_locked(person).preferences).languages
    after = set_preferences(person=person, changes={"languages": dict(languages)}).languages
    if before != after:
        spelt = [sorted(f"{code}:{level}" for code, level in each.items()) for each in (before, after)]
        data = {"before": spelt[0], "after": spelt[1]}
        record(verb="person.languages_changed", actor=actor, subjects=[person], data=data)


@transaction.atomic
def issue_key(
    *,
    name: str,
    scopes: Sequence[str],
    actor: Actor,
    sources: Sequence[str] = (),
    created_by: Person | None = None,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Make one API key with `scopes` (see Scope), for `sources` only when any are named.

    Raises BadKey without a name or with a scope that does not exist.
    """
    _check_key(name, scopes)
    prefix = secrets.token_hex(4)
    key = f"{rules.KEY_MARK}_{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiKey.objects.create(
        name=name.strip(), prefix=prefix, digest=rules.key_digest(key), scopes=sorted(set(scopes)),
        sources=sorted(set(sources)), created_by=created_by, expires_at=expires_at,
    )  # fmt: skip
    record(verb="key.issued", actor=actor, subjects=[row.id], data={"scopes": row.scopes, "prefix": prefix})
    return IssuedKey(row.id, prefix, key)


@transaction.atomic
def revoke_key(*, key: UUID, actor: Actor) -> None:
    """End a key at once; a key that was revoked before stays as it is. Raises Missing."""
    row = ApiKey.objects.select_for_update().filter(id=key).first()
    if row is None:
        raise Missing(_("There is no such key. Look at the list of keys."))
    if row.revoked_at is None:
        ApiKey.objects.filter(id=key).update(revoked_at=Now())
        record(verb="key.revoked", actor=actor, subjects=[key], data={"prefix": row.prefix})


def _checked_roles(roles: Iterable[str]) -> list[str]:
    held = sorted({str(role) for role in roles})
    strange = [role for role in held if role not in set(Role)]
    if strange or not held:
        raise NotAPerson(
            _("Give one or more of the roles %(roles)s.") % {"roles": ", ".join(Role)}, unknown=strange
        )
    return held


def _check_email(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        raise NotAPerson(_("Give an e-mail address such as ana@example.com.")) from error


def _checked_name(name: str) -> str:
    shown = " ".join(name.split())
    if len(shown) > MOST_NAME or not shown.isprintable():
        raise NotAPerson(_("A name has at most %(most)d printable characters.") % {"most": MOST_NAME})
    return shown


def _check_password(password: str, person: Person) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise NotAPerson(" ".join(error.messages)) from error


def _locked(person: UUID) -> Person:
    somebody = Person.objects.select_for_update().filter(pk=person).first()
    if somebody is None:
        raise Missing(_("There is no such person. Reload the list."))
    return somebody


def _keep_an_admin(*, without: Person) -> None:
    """Raise LastAdmin unless another active admin stays; locks all of them, so that two cannot leave at once."""
    admins = (
        Person.objects.select_for_update().filter(roles__contains=["admin"], is_active=True).order_by("pk")
    )
    others = [each for each in admins if each.pk != without.pk]
    if "admin" in without.roles and without.is_active and not others:
        raise LastAdmin(_("This is the last admin. Make somebody else an admin first."))


def _end_sessions(person: UUID) -> None:
    """Delete the sessions of one person; sessions are few and their owner is inside the signed value."""
    ended = [
        session.session_key
        for session in Session.objects.filter(expire_date__gt=Now()).iterator()
        if session.get_decoded().get(SESSION_KEY) == str(person)
    ]
    Session.objects.filter(session_key__in=ended).delete()


def _check_key(name: str, scopes: Sequence[str]) -> None:
    if not name.strip():
        raise BadKey(_("Give the key a name, such as the program that will use it."))
    unknown = sorted(set(scopes) - set(rules.Scope))
    if unknown or not scopes:
        known = ", ".join(rules.Scope)
        told = _("Choose at least one scope out of: %(known)s.") % {"known": known}
        if unknown:
            told = _("%(told)s Not known: %(unknown)s.") % {"told": told, "unknown": ", ".join(unknown)}
        raise BadKey(told)
