"""Pages of evaluations: the report, its CSV and its JSON."""

import csv
from typing import Final
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.lab import actions
from reviewapp.lab import reads_evaluation as reads

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\n", "\r", "＝", "＋", "－", "＠")


@requires("lab.see")
@require_safe
def evaluation(request: SignedInRequest, key: UUID) -> HttpResponse:
    """The report, compared with the evaluation that `with` names."""
    page = reads.evaluation_page(key, _other(request))
    return render(request, "lab/evaluation.html", {"page": page, "head": page.head, "answers": _ANSWERS})


@requires("lab.see")
@require_safe
def as_json(request: SignedInRequest, key: UUID) -> HttpResponse:
    """The report as JSON."""
    answer = JsonResponse(
        reads.as_json(reads.evaluation_page(key, _other(request))), json_dumps_params={"indent": 2}
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="evaluation-{key}.json"'
    return answer


@requires("lab.see")
@require_safe
def as_csv(request: SignedInRequest, key: UUID) -> HttpResponse:
    """Every row with its label and answer, without its text."""
    rows = reads.rows_of(key)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="evaluation-{key}.csv"'
    table = csv.writer(answer)
    table.writerow(["id", *list(rows[0])[1:]] if rows else ["id"])
    for row in rows:
        table.writerow([_cell(value) for value in row.values()])
    return answer


@requires("lab.run")
@require_POST
def forget(request: SignedInRequest, key: UUID) -> HttpResponse:
    """Erase the texts of its rows; the figures stay."""
    actions.forget_texts(study=key, person=request.user)
    return redirect(f"/evaluations/{key}")


_ANSWERS: Final = (("violates", "Violates"), ("allowed", "Allowed"), ("unsure", "Unsure"), ("", "No answer"))


def _cell(value: object) -> object:
    """A cell that no spreadsheet runs: text from a file may start like a formula."""
    text = " ".join(value) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


def _other(request: SignedInRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("with", ""))
    except ValueError:
        return None
