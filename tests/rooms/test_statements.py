"""Values of the busiest statements arrive as they were sent, many at once."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewapp.ids import new_ids
from reviewapp.statements import array, rows, texts

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
HOSTILE = [
    "",
    "NULL",
    "null",
    "{}",
    "{a,b}",
    'a"b',
    "a\\",
    '\\"',
    ",",
    " a ",
    "a\nb\t\r\x01\x7f",
    "%s",
    "'; --",
    "\u2028",
    "😀",
]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(TEXT, max_size=8))
def test_any_texts_arrive_whole_and_in_order(db: str, sent: list[str]) -> None:
    assert rows("SELECT %s::text[]", [texts(sent)]) == [(sent,)]


def test_texts_that_look_like_the_syntax_of_arrays_stay_texts(db: str) -> None:
    assert rows("SELECT %s::text[]", [texts(HOSTILE)]) == [(HOSTILE,)]


def test_a_text_with_nul_cannot_shift_the_others() -> None:
    with pytest.raises(ValueError, match="NUL"):
        texts(["a", "b\0c"])


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("uuid", [*new_ids(3), None]),
        ("bigint", [0, -1, 2**63 - 1, -(2**63), None]),
        ("bool", [True, False, None]),
        ("timestamptz", [datetime(1900, 1, 1, tzinfo=UTC), None, datetime(2200, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]),
        ("timestamptz", [datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=-9, minutes=-30)))]),
        ("uuid", []),
    ],
)  # fmt: skip
def test_other_values_arrive_as_they_were(db: str, kind: str, sent: list[Any]) -> None:
    assert rows(f"SELECT %s::{kind}[]", [array(sent)]) == [(sent,)]


def test_bytes_arrive_as_base64(db: str) -> None:
    sent = [b"", b"\x00\xff" * 16]
    [(got,)] = rows("SELECT ARRAY(SELECT decode(t, 'base64') FROM unnest(%s::text[]) AS t)", [array(sent)])
    assert [bytes(each) for each in got] == sent


def test_a_statement_whose_plan_is_kept_survives_a_rollback(db: str) -> None:
    for fails in (False, True, False):
        with pytest.raises(DataError) if fails else transaction.atomic(), transaction.atomic():
            assert rows("SELECT %s::text[]", [texts(["a"])], keep_plan=True) == [(["a"],)]
            if fails:
                rows("SELECT %s::int", ["no number"], keep_plan=True)


def test_only_a_plan_that_is_to_be_kept_is_kept(db: str) -> None:
    for _ in range(10):
        rows("SELECT 1 AS unkept", [])
        rows("SELECT 2 AS kept", [], keep_plan=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert cursor.fetchall() == [("SELECT 2 AS kept",)]
