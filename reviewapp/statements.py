"""Statements of the busiest paths: their values travel beside them, as arrays where there are many.

Django's own cursor writes every value into the text of the statement. Where values are large, writing that text and
reading it again costs more than the work asked for.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from django.db import connection


def rows(statement: str, parameters: Sequence[Any], *, keep_plan: bool = False) -> list[tuple[Any, ...]]:
    """All rows of one statement on Django's connection, in its transaction; none for a statement that gives none.

    `keep_plan`: the connection plans it once. Only for statements that read no table: a plan made while a table was
    small would be kept when it is large.
    """
    connection.ensure_connection()
    wire = connection.connection
    # Set for this statement alone: with it, psycopg counts the texts of all statements, contents of items and all.
    wire.prepare_threshold = 0 if keep_plan else None
    try:
        with connection.make_cursor(psycopg.Cursor(wire)) as cursor:  # type: ignore[arg-type]
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []
    finally:
        wire.prepare_threshold = None


def array(values: Sequence[Any]) -> str:
    """The literal of an array of ids, numbers, truths, times or None, or of bytes as base64; psycopg takes many times as long."""
    return f"{{{msgspec.json.encode(values).decode()[1:-1]}}}"


def texts(values: Sequence[str]) -> str:
    """The literal of an array of texts. Raises ValueError for a NUL character, which no text of the database holds."""
    # Joined by NUL, all are quoted by three passes over one text.
    joined = "\0".join(values)
    if joined.count("\0") != max(len(values) - 1, 0):
        raise ValueError("a text holds a NUL character")
    quoted = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
    return f'{{"{quoted}"}}' if values else "{}"
