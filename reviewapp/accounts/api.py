"""Who a program is: bearer keys with scopes, for the operations of every room."""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest
from ninja.security import HttpBearer

from reviewapp.accounts import rules
from reviewapp.accounts.models import ApiKey
from reviewapp.audit.actions import Actor
from reviewapp.ui.errors import Forbidden

USE_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """The key behind a request: its id, scopes, and the sources it is for (none: all)."""

    id: UUID
    scopes: frozenset[str]
    sources: frozenset[str]

    @property
    def actor(self) -> Actor:
        """Who the audit log names."""
        return Actor.api_key(self.id)


def caller(request: HttpRequest) -> Caller:
    """The caller that `KeyWith` let in."""
    found = getattr(request, "auth", None)
    assert isinstance(found, Caller), "the operation has no auth=KeyWith(...)"
    return found


class KeyWith(HttpBearer):
    """Lets in requests with a live key that has `scope`; any scope will do when several are named.

    No, a wrong, expired or revoked key is 401; a live key without the scope is Forbidden (403).
    """

    def __init__(self, *scopes: rules.Scope | str) -> None:
        super().__init__()
        self.scopes = frozenset(rules.Scope(scope) for scope in scopes)

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """The caller that `token` proves, or None."""
        found = prove(token)
        if found is not None and found.scopes.isdisjoint(self.scopes):
            needed = " or ".join(sorted(self.scopes))
            raise Forbidden(
                f"This key lacks the scope {needed}. Ask an admin for a key that has it.", needed=needed
            )
        return found


def prove(key: str) -> Caller | None:
    """Who holds `key`, in one query; None unless it is known, neither expired nor revoked. Notes its use now and then."""
    prefix = rules.key_prefix(key)
    row = _row(prefix) if prefix else None
    kept = bytes(row[1]) if row else bytes(32)
    same = hmac.compare_digest(kept, rules.key_digest(key))
    if row is None or not same:
        return None
    if row[4]:
        ApiKey.objects.filter(_UNNOTED, pk=row[0]).update(last_used_at=Now())
    return Caller(row[0], frozenset(row[2]), frozenset(row[3]))


def _row(prefix: str) -> tuple[Any, ...] | None:
    """Id, digest, scopes, sources, and whether its use is to be noted, of a key that is live. Plain SQL: asked each time."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, digest, scopes, sources, last_used_at IS NULL OR last_used_at < now() - make_interval(secs => %s)
            FROM accounts_apikey
            WHERE prefix = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
            """,
            [USE_NOTED_EVERY.total_seconds(), prefix],
        )
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found


_UNNOTED: Final = Q(last_used_at=None) | Q(last_used_at__lt=Now() - USE_NOTED_EVERY)
