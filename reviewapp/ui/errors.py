"""The family of errors that a person or a program may meet: each says what to do next."""

from typing import Any, ClassVar, Final

from django.db import DataError, InterfaceError, OperationalError
from psycopg_pool import PoolTimeout

DATABASE_AWAY: Final = (OperationalError, InterfaceError, PoolTimeout)
"""What is raised while the database is away or its pool is full: an answer 503, and nothing was stored."""


_NUL: Final = ("NUL (0x00)", "\\u0000")
"""How the driver and the server call the one character that Postgres keeps in no text, and in no JSON."""


def is_about_nul(error: Exception) -> bool:
    """Whether the database refused text because of a NUL character in it."""
    return isinstance(error, DataError) and any(words in str(error) for words in _NUL)


class ProductError(Exception):
    """Base of every room's own errors. `message` is a sentence for people; `details` is JSON for programs."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Forbidden(ProductError):
    """The person or key may not do this."""

    status = 403
    code = "forbidden"


class Missing(ProductError):
    """No such thing, or none that this person may know of."""

    status = 404
    code = "not_found"


class Stale(ProductError):
    """Somebody else moved it first; details carry the current state."""

    status = 409
    code = "conflict"
