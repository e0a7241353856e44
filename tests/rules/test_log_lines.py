"""A log line cannot be forged, and no traceback is lost."""

import json
import logging

from django.db import IntegrityError

from reviewapp.ui.logs import Json, Text


def _record(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("reviewapp.web", logging.WARNING, __file__, 1, message, values, None)


def test_a_message_stays_on_its_line() -> None:
    assert Text().format(_record("asked for %s", "a\nERROR root: forged")) == (
        "WARNING reviewapp.web: asked for a\\x0aERROR root: forged"
    )


def test_a_line_for_machines_is_one_json_object() -> None:
    line = Json().format(_record("asked for %s", "a\nb"))
    assert "\n" not in line and json.loads(line)["message"] == "asked for a\nb"


def test_a_traceback_follows_its_line() -> None:
    record = _record("it failed")
    record.exc_info = (ValueError, ValueError("why"), None)
    assert Text().format(record).endswith("ValueError: why")
    assert json.loads(Json().format(record))["traceback"] == "ValueError: why"


def test_what_the_database_quotes_of_a_row_is_in_no_log() -> None:
    record = _record("it failed")
    first = IntegrityError(
        'a row violates "c"\nDETAIL:  Failing row contains (1,\nan item).\nCONTEXT:  SQL "an item"'
    )
    try:
        raise ValueError("why") from first
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    for told in (Text().format(record), json.loads(Json().format(record))["traceback"]):
        assert "an item" not in told and 'a row violates "c"' in told
        assert "The above exception was the direct cause" in told and told.endswith("ValueError: why")
