"""Questions to the database that travel together: statements that only read, several in one trip there and back.

A screen asks a dozen small things that do not depend on one another. Where processors are busy, waiting between them costs
more than the answers.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
Answer = Callable[[], T]
"""Gives what was asked for; the first one called sends its whole trip off."""


class _Asked:
    """One statement with its values, and its rows once they are there."""

    def __init__(self, statement: str, values: Sequence[Any] | Mapping[str, Any]) -> None:
        self.statement, self.values = statement, values
        self.rows: Rows | None = None


class Trip:
    """Collects what is asked, and asks it in one message when the first answer is wanted."""

    def __init__(self) -> None:
        self._waiting: list[_Asked] = []

    def ask(
        self, statement: str, values: Sequence[Any] | Mapping[str, Any], meaning: Callable[[Rows], T]
    ) -> Answer[T]:
        """Take a statement along; `meaning` makes its answer of its rows, once."""
        asked = _Asked(statement, values)
        self._waiting.append(asked)

        @cache
        def answer() -> T:
            if asked.rows is None:
                self._go()
            return meaning(asked.rows or [])

        return answer

    def _go(self) -> None:
        waiting, self._waiting = self._waiting, []
        with connection.cursor() as cursor:
            cursor.execute(";".join(cursor.mogrify(each.statement, each.values) for each in waiting))
            for number, each in enumerate(waiting):
                if number:
                    cursor.nextset()
                each.rows = cursor.fetchall()


def as_they_are(rows: Rows) -> Rows:
    """The meaning of rows that are wanted as rows."""
    return rows
