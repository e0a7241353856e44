"""Reports of the lab as files: CSV that no spreadsheet runs as a formula, and JSON."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse, JsonResponse

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\n", "\r", "＝", "＋", "－", "＠")


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> HttpResponse:
    """A CSV with these columns; lists become words with blanks between them."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    table = csv.writer(answer)
    table.writerow(columns)
    table.writerows([_cell(row[column]) for column in columns] for row in rows)
    return answer


def json_file(name: str, value: Mapping[str, Any]) -> HttpResponse:
    """A JSON file."""
    answer = JsonResponse(value, json_dumps_params={"indent": 2})
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return answer


def _cell(value: object) -> object:
    text = " ".join(value) if isinstance(value, list) else str(value) if isinstance(value, UUID) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text
