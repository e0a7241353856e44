"""What the role that runs the product may do: everything it needs, and nothing to the audit log but add and read."""

from typing import Final

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

INSERT_ONLY: Final = ("audit_event", "audit_position")


def promise(owner: BaseDatabaseWrapper, app_role: str) -> None:
    """Let `app_role` use every table that `owner` will make, so that migrations may already read through it."""
    with owner.cursor() as cursor:
        cursor.execute("SELECT quote_ident(%s), current_user = %s", [app_role, app_role])
        role, same = cursor.fetchone()
        if not same:
            cursor.execute(
                f"ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
            )
            cursor.execute(f"ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO {role}")


def grant(owner: BaseDatabaseWrapper, app_role: str) -> None:
    """Give `app_role` its rights on every table of the schema, and take the rest back on the insert-only ones.

    With one role for both, that role's own rights to change the log are revoked; triggers refuse it besides.
    """
    with owner.cursor() as cursor:
        cursor.execute("SELECT quote_ident(%s)", [app_role])
        role = cursor.fetchone()[0]
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
        cursor.execute(
            "SELECT quote_ident(c.relname) FROM pg_class c WHERE c.relname = ANY(%s)"
            " OR c.oid IN (SELECT inhrelid FROM pg_inherits JOIN pg_class p ON p.oid = inhparent WHERE p.relname = ANY(%s))",
            [list(INSERT_ONLY), list(INSERT_ONLY)],
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}")
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()"
            )


def is_separated() -> bool:
    """Whether the role that runs the product is another one than the owner of the audit log."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableowner <> current_user FROM pg_tables WHERE tablename = 'audit_event'")
        row = cursor.fetchone()
    return bool(row and row[0])


def app_role() -> str:
    """The name of the role in DATABASE_URL."""
    return str(settings.DATABASES["default"]["USER"]) or "review_app"
