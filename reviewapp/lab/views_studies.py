"""Pages of gates and re-runs, with their progress, and what a person may do to them."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.lab import actions, reads, reads_backtest, reads_gate
from reviewapp.lab.downloads import csv_file, json_file
from reviewapp.lab.forms import wish_of
from reviewapp.lab.rules import StudyKind
from reviewapp.lab.rules_flips import GROUP_WORDS
from reviewapp.lab.views import masking
from reviewapp.ui.errors import ProductError


@requires("lab.see")
@require_safe
def gate(request: SignedInRequest, key: UUID) -> HttpResponse:
    """One gate: its progress, then what it found."""
    page = reads_gate.gate_page(key)
    head, progress, left = reads_backtest.progress_of(key, StudyKind.GATE)
    context = {"page": page, "head": head, "progress": progress, "left": left, "place": "gates"}
    return render(request, "lab/gate.html", context | masking(request))


@requires("lab.see")
@require_safe
def gate_progress(request: SignedInRequest, key: UUID) -> HttpResponse:
    """The progress block; reloads the page when there is more to see."""
    return _progress(request, key, StudyKind.GATE, "gates")


@requires("lab.run")
@require_http_methods(["GET", "HEAD", "POST"])
def new_backtest(request: SignedInRequest, version: UUID) -> HttpResponse:
    """Choose past items; GET with a choice shows count, tokens and minutes; POST starts, or with `look` leads there."""
    sent = request.POST if request.method == "POST" else request.GET
    if "look" in request.POST:
        # One form serves both; its token belongs in no address.
        chosen = sent.copy()
        for name in ("look", "csrfmiddlewaretoken"):
            chosen.pop(name, None)
        return redirect(f"{request.path}?{chosen.urlencode()}")
    context: dict[str, Any] = {
        "subject": reads.version_line(version), "sections": reads_backtest.sections_of(version), "typed": sent,
        "sources": reads.source_names(), "intended": sent.getlist("intended"),
    }  # fmt: skip
    try:
        wish = wish_of(sent)
        context["wish"] = wish
        if request.method == "POST":
            study = actions.start_backtest(
                version=version, wish=wish, intended=sent.getlist("intended"), person=request.user
            )
            return redirect(f"/backtests/{study}")
        context["estimate"] = actions.look_ahead(version=version, wish=wish, person=request.user)
    except ProductError as error:
        return render(request, "lab/backtest_new.html", context | {"error": error}, status=error.status)
    return render(request, "lab/backtest_new.html", context)


@requires("lab.see")
@require_safe
def backtest(request: SignedInRequest, key: UUID) -> HttpResponse:
    """One re-run: its progress, totals and flips."""
    typed = request.GET.get("page", "1")
    number = int(typed) if typed.isdecimal() and len(typed) < 6 else 1
    page = reads_backtest.backtest_page(key, group=request.GET.get("group", ""), page=number)
    context = {
        "page": page, "head": page.head, "progress": page.progress, "left": page.left_minutes, "place": "backtests",
        "words": GROUP_WORDS,
    }  # fmt: skip
    return render(request, "lab/backtest.html", context | masking(request))


@requires("lab.see")
@require_safe
def backtest_progress(request: SignedInRequest, key: UUID) -> HttpResponse:
    """The progress block; reloads the page at the end."""
    return _progress(request, key, StudyKind.BACKTEST, "backtests")


@requires("lab.see")
@require_safe
def backtest_csv(request: SignedInRequest, key: UUID) -> HttpResponse:
    """Every item of a re-run by its id, with its group and both labels, without its text; recorded."""
    rows = reads_backtest.rows_of(key)
    actions.note_download(study=key, person=request.user)
    return csv_file(f"re-run-{key}", reads_backtest.COLUMNS, rows)


@requires("lab.see")
@require_safe
def backtest_json(request: SignedInRequest, key: UUID) -> HttpResponse:
    """Totals and flips of a re-run; recorded."""
    report = reads_backtest.as_json(key)
    actions.note_download(study=key, person=request.user)
    return json_file(f"re-run-{key}", report)


@requires("lab.see")
@require_safe
def evaluation_progress(request: SignedInRequest, key: UUID) -> HttpResponse:
    """The progress block; reloads the page at the end."""
    return _progress(request, key, StudyKind.EVALUATE, "evaluations")


@requires("lab.run")
@require_POST
def flip_case(request: SignedInRequest, key: UUID, sample: UUID) -> HttpResponse:
    """Make a case of one item."""
    code = actions.case_from_sample(study=key, sample=sample, person=request.user)
    return render(request, "lab/made_case.html", {"code": code})


@requires("lab.run")
@require_POST
def break_cases(request: SignedInRequest, key: UUID) -> HttpResponse:
    """Make a case of every break."""
    made, left = actions.cases_from_breaks(study=key, person=request.user)
    return render(request, "lab/made_case.html", {"made": made, "left": left, "many": True})


@requires("lab.run")
@require_POST
def pause(request: SignedInRequest, key: UUID) -> HttpResponse:
    """Ask no more for now."""
    actions.pause_study(study=key, person=request.user)
    return redirect(reads.place_of(key))


@requires("lab.run")
@require_POST
def resume(request: SignedInRequest, key: UUID) -> HttpResponse:
    """Go on."""
    actions.resume_study(study=key, person=request.user)
    return redirect(reads.place_of(key))


@requires("lab.run")
@require_POST
def cancel(request: SignedInRequest, key: UUID) -> HttpResponse:
    """End it and keep what there is."""
    actions.cancel_study(study=key, person=request.user)
    return redirect(reads.place_of(key))


def _progress(request: SignedInRequest, key: UUID, kind: StudyKind, place: str) -> HttpResponse:
    head, progress, left = reads_backtest.progress_of(key, kind)
    context = {"head": head, "progress": progress, "left": left, "place": place}
    answer = render(request, "lab/progress.html", context)
    if not head.open:
        answer.headers["HX-Refresh"] = "true"
    return answer
