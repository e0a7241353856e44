"""The write door of accounts: API keys."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from reviewapp.accounts import rules
from reviewapp.accounts.models import ApiKey, Person
from reviewapp.audit.actions import Actor, record
from reviewapp.ui.errors import Missing, ProductError


class BadKey(ProductError):
    """A key that cannot be issued as asked."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key. `key` is shown this once; only its SHA-256 is kept."""

    id: UUID
    prefix: str
    key: str


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
        raise Missing("There is no such key. Look at the list of keys.")
    if row.revoked_at is None:
        ApiKey.objects.filter(id=key).update(revoked_at=Now())
        record(verb="key.revoked", actor=actor, subjects=[key], data={"prefix": row.prefix})


def _check_key(name: str, scopes: Sequence[str]) -> None:
    if not name.strip():
        raise BadKey("Give the key a name, such as the program that will use it.")
    unknown = sorted(set(scopes) - set(rules.Scope))
    if unknown or not scopes:
        known = ", ".join(rules.Scope)
        raise BadKey(
            f"Choose at least one scope out of: {known}."
            + (f" Not known: {', '.join(unknown)}." if unknown else "")
        )
