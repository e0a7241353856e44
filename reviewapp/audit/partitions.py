"""Tables that are cut by month of the database clock, and the months that exist ahead of need."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper

PARTITIONED: Final = {
    "audit_event": "at",
    "intake_itemcontent": "received_at",
    "screening_score": "scored_at",
}
"""Table to the column that it is cut by. Only tables that no foreign key points at can be here."""


class CreatePartitionedModel(migrations.CreateModel):
    """CreateModel whose table is partitioned by range of its time column, as PARTITIONED says."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make the parent table and the default partition that catches what no month does."""
        table = to_state.apps.get_model(app_label, self.name)._meta.db_table
        plain = schema_editor.sql_create_table
        schema_editor.sql_create_table = f"{plain} PARTITION BY RANGE ({PARTITIONED[table]})"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = plain
        schema_editor.execute(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")


def ensure_months(connection: BaseDatabaseWrapper, ahead: int) -> list[str]:
    """Make the partitions of this month and of `ahead` months after it where they are missing; returns their names."""
    made = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_date")
        today: date = cursor.fetchone()[0]
        cursor.execute("SELECT relname FROM pg_class WHERE relispartition")
        present = {row[0] for row in cursor.fetchall()}
        for table in PARTITIONED:
            for first, after in _months(today, ahead + 1):
                name = f"{table}_{first:%Y_%m}"
                if name not in present:
                    cursor.execute(
                        f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('{first}') TO ('{after}')"
                    )
                    made.append(name)
    return made


def _months(today: date, count: int) -> Iterator[tuple[date, date]]:
    first = today.replace(day=1)
    for _ in range(count):
        after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        yield first, after
        first = after
