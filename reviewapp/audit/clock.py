"""The one clock that decides: the database's. Python's may differ from host to host."""

from datetime import datetime

from django.db import connection


def database_time() -> datetime:
    """The database's time now, not at the start of the transaction; aware, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
