"""A database for each test, cloned from one migrated template, so that nothing is shared and nothing truncated."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql
from psycopg.conninfo import make_conninfo

ROOT = Path(__file__).resolve().parent.parent
_TEMPLATE_LOCK = 815_001


def owner_connection() -> psycopg.Connection:
    """An autocommit connection of the owner to the database that the suite was given."""
    return psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True)


def ensure_template() -> str:
    """The name of a migrated database without rows; made once for a state of the migrations, whoever comes first."""
    name = f"review_template_{_fingerprint()}"
    with owner_connection() as owner:
        owner.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
        found = owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not found:
            building = f"{name}_building"
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(building)))
            owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
            with pointed_at(building):
                call_command("migrate", verbosity=0)
            owner.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(building), sql.Identifier(name)
                )
            )
    return name


@contextmanager
def cloned(template: str) -> Iterator[str]:
    """A fresh copy of `template` that Django's connections point at; dropped afterwards. Yields its name."""
    name = f"review_test_{uuid4().hex}"
    with owner_connection() as owner:
        owner.execute("SELECT pg_advisory_lock_shared(%s)", [_TEMPLATE_LOCK])
        owner.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        owner.execute("SELECT pg_advisory_unlock_shared(%s)", [_TEMPLATE_LOCK])
        try:
            with pointed_at(name):
                yield name
        finally:
            _drop(owner, name)


def _drop(owner: psycopg.Connection, name: str) -> None:
    """Drop a test's database; a vacuum or a process that is just ending may be in it for a moment."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    for attempt in range(300):
        try:
            owner.execute(statement)
            return
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
            if attempt == 299:
                raise
            time.sleep(0.1)


@contextmanager
def pointed_at(name: str) -> Iterator[None]:
    """Let Django's `default` and `owner` connections mean the database `name`."""
    before = {alias: connections[alias].settings_dict["NAME"] for alias in ("default", "owner")}
    try:
        for alias in before:
            connections[alias].close()
            connections[alias].settings_dict["NAME"] = name
        yield
    finally:
        for alias, old in before.items():
            connections[alias].close()
            connections[alias].settings_dict["NAME"] = old


def url_of(name: str, *, owner: bool = False) -> str:
    """The libpq address of database `name` for processes that a test starts."""
    return make_conninfo(settings.DATABASE_OWNER_URL if owner else settings.DATABASE_URL, dbname=name)


def _fingerprint() -> str:
    digest = hashlib.sha256(str(settings.PARTITION_MONTHS_AHEAD).encode())
    sources = [*ROOT.glob("reviewapp/*/migrations/*.py"), *ROOT.glob("reviewapp/audit/*.py")]
    for path in sorted(sources):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
