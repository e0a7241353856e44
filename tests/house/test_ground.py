"""The database keeps the audit log whole, whoever asks."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from reviewapp.audit import actions
from reviewapp.ids import new_id
from tests.databases import url_of


def test_the_role_that_runs_the_product_cannot_change_the_log(db: str) -> None:
    with transaction.atomic():
        actions.record(verb="person.signed_in", actor=actions.OPERATOR, subjects=[new_id()])
    for statement in ("UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_even_the_owner_meets_the_triggers(db: str) -> None:
    with transaction.atomic():
        actions.record(verb="person.signed_in", actor=actions.OPERATOR, subjects=[new_id()])
    with psycopg.connect(url_of(db, owner=True), autocommit=True) as owner:
        for statement in ("UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                owner.execute(statement)


def test_positions_are_gap_free_and_given_once(db: str) -> None:
    for _ in range(3):
        with transaction.atomic():
            actions.record(verb="person.signed_in", actor=actions.OPERATOR, subjects=[new_id()])
        actions.place_events()
    assert actions.place_events() == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(position ORDER BY position) FROM audit_position WHERE feed = 'audit'"
        )
        assert cursor.fetchone()[0] == [1, 2, 3]
