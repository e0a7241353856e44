"""Pages of evaluations: the report, its CSV and its JSON."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.lab import actions
from reviewapp.lab import reads_evaluation as reads
from reviewapp.lab.downloads import csv_file, json_file
from reviewapp.lab.reads_backtest import progress_of
from reviewapp.lab.rules import StudyKind
from reviewapp.lab.rules_measure import ANSWER_WORDS
from reviewapp.lab.rules_upload import EXAMPLES, MOST_BYTES, MOST_ROWS, LabelledFile, read_labelled
from reviewapp.lab.views import masking
from reviewapp.policies.reads import published_text, versions_to_choose
from reviewapp.screening import reads_runs
from reviewapp.ui.errors import ProductError


@requires("lab.see")
@require_safe
def evaluation(request: SignedInRequest, key: UUID) -> HttpResponse:
    """The report, compared with the evaluation that `with` names."""
    page = reads.evaluation_page(key, _other(request))
    context: dict[str, Any] = {"page": page, "head": page.head, "answers": _ANSWERS}
    if page.head.open and page.head.judged_here:
        context["running"], context["progress"], context["left"] = progress_of(key, StudyKind.EVALUATE)
    return render(request, "lab/evaluation.html", context | masking(request))


@requires("lab.run")
@require_http_methods(["GET", "HEAD", "POST"])
def new_evaluation(request: SignedInRequest) -> HttpResponse:
    """Choose a version and a labelled file; POST reads the file and starts, or says line by line what is wrong with it."""
    context: dict[str, Any] = {
        "choices": versions_to_choose(), "engines": reads_runs.engines(), "typed": request.POST or request.GET,
        "examples": EXAMPLES, "most": MOST_ROWS,
    }  # fmt: skip
    if request.method != "POST":
        return render(request, "lab/evaluation_new.html", context)
    try:
        found, version, name = _uploaded(request)
        context["found"] = found
        if found.rows and (not found.problems or request.POST.get("leave")):
            study = actions.start_judged_evaluation(
                version=version, file=name, rows=found.rows, person=request.user,
                engine=_key(request.POST.get("engine", "")),
            )  # fmt: skip
            return redirect(f"/evaluations/{study}")
    except ProductError as error:
        return render(request, "lab/evaluation_new.html", context | {"error": error}, status=error.status)
    return render(request, "lab/evaluation_new.html", context, status=422)


@requires("lab.run")
@require_POST
def row_case(request: SignedInRequest, key: UUID, row: UUID) -> HttpResponse:
    """Make a case of one row."""
    code = actions.case_from_row(study=key, row=row, person=request.user)
    return render(request, "lab/made_case.html", {"code": code})


@requires("lab.see")
@require_safe
def as_json(request: SignedInRequest, key: UUID) -> HttpResponse:
    """The report as JSON; recorded."""
    report = reads.as_json(reads.evaluation_page(key, _other(request)))
    actions.note_download(study=key, person=request.user)
    return json_file(f"evaluation-{key}", report)


@requires("lab.see")
@require_safe
def as_csv(request: SignedInRequest, key: UUID) -> HttpResponse:
    """Every row with its label and answer, without its text; recorded."""
    rows = reads.rows_of(key)
    actions.note_download(study=key, person=request.user)
    return csv_file(f"evaluation-{key}", reads.ROW_COLUMNS, rows)


@requires("lab.run")
@require_POST
def forget(request: SignedInRequest, key: UUID) -> HttpResponse:
    """Erase the texts of its rows; the figures stay."""
    actions.forget_texts(study=key, person=request.user)
    return redirect(f"/evaluations/{key}")


_ANSWERS: Final = tuple(ANSWER_WORDS.items())


def _uploaded(request: SignedInRequest) -> tuple[LabelledFile, UUID, str]:
    """The rows of the sent file, read for the chosen version. Raises ProductError where one of the two is missing."""
    file, version = request.FILES.get("file"), _key(request.POST.get("version", ""))
    if version is None:
        raise ProductError(_("Choose a version."))
    if file is None:
        raise ProductError(_("Choose a CSV or JSONL file."))
    policy, name = published_text(version), (file.name or "file")[:200]
    families = [policy.family] if policy.family else []
    return (
        read_labelled(file.read(MOST_BYTES + 1), name, families=families, sections=policy.section_ids),
        version,
        name,
    )


def _other(request: SignedInRequest) -> UUID | None:
    return _key(request.GET.get("with", ""))


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
