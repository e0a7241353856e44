"""Questions that travel together are answered each with its own rows, whatever their values hold."""

from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewapp.questions import Trip, as_they_are

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
HOSTILE = ["", "%s", "%(name)s", "'; SELECT 1; --", "a\\'b", "$$", ";", "/*", "😀", "‮"]


def _first(rows: list[tuple[Any, ...]]) -> Any:
    return rows[0][0]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_is_a_value_whatever_it_holds(db: None, text: str) -> None:
    trip = Trip()
    by_place = trip.ask("SELECT %s", [text], _first)
    by_name = trip.ask("SELECT %(name)s", {"name": text}, _first)
    assert (by_place(), by_name()) == (text, text)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(TEXT, max_size=6))
def test_every_answer_has_the_rows_of_its_own_question(db: None, sent: list[str]) -> None:
    trip = Trip()
    answers = [
        trip.ask("SELECT each FROM unnest(%s::text[]) each", [sent[:place]], as_they_are)
        for place in range(len(sent))
    ]
    assert [[row[0] for row in answer()] for answer in answers] == [
        sent[:place] for place in range(len(sent))
    ]


def test_all_that_is_asked_goes_in_one_message(db: None) -> None:
    trip = Trip()
    answers = [trip.ask("SELECT %s", [number], _first) for number in range(5)]
    with CaptureQueriesContext(connection) as made:
        assert [answer() for answer in answers] == [0, 1, 2, 3, 4]
    assert len(made) == 1


def test_what_is_asked_after_the_first_answer_goes_in_another(db: None) -> None:
    trip = Trip()
    first = trip.ask("SELECT 1", [], _first)
    assert first() == 1
    second = trip.ask("SELECT 2", [], _first)
    assert (second(), first()) == (2, 1)


def test_what_nobody_asks_for_is_never_sent(db: None) -> None:
    with CaptureQueriesContext(connection) as made:
        Trip().ask("SELECT 1", [], _first)
    assert len(made) == 0


def test_a_meaning_is_made_once(db: None) -> None:
    made: list[int] = []
    answer = Trip().ask("SELECT 7", [], lambda rows: made.append(_first(rows)))
    answer()
    answer()
    assert made == [7]


def test_ids_arrays_and_nothing_keep_their_types(db: None) -> None:
    key = UUID("01a22aa9-8375-7da3-b91e-524d411c5a00")
    trip = Trip()
    found = trip.ask("SELECT %s::uuid, %s::uuid[], %s::int", [key, [key, key], None], as_they_are)
    assert found() == [(key, [key, key], None)]


def test_one_that_cannot_be_answered_is_an_error_and_the_connection_goes_on(db: None) -> None:
    trip = Trip()
    trip.ask("SELECT 1", [], _first)
    wrong = trip.ask("SELECT 1 / %s", [0], _first)
    with pytest.raises(DatabaseError), transaction.atomic():
        wrong()
    assert Trip().ask("SELECT 2", [], _first)() == 2
