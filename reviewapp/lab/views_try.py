"""Fragments beside a draft: try a text, the gate, open items, and a section's overrides."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.lab import actions, reads, reads_disagreements, reads_gate, reads_try
from reviewapp.lab.rules import MOST_REPEATS
from reviewapp.ui.errors import ProductError


@requires("lab.run")
@require_http_methods(["GET", "HEAD", "POST"])
def try_it(request: SignedInRequest, version: UUID) -> HttpResponse:
    """The form; POST asks and shows where the answers will stand."""
    typed = {"text": request.POST.get("text", ""), "item": request.POST.get("item", "")}
    context: dict[str, Any] = {"version_id": version, "typed": typed, "days": settings.TRIES_KEPT_DAYS}
    if request.method != "POST":
        return render(request, "lab/try.html", context)
    try:
        run = actions.start_try(version=version, person=request.user, **typed)
    except ProductError as error:
        return render(request, "lab/try.html", context | {"error": error}, status=error.status)
    return render(request, "lab/try.html", context | {"page": reads_try.try_page(run, request.user)})


@requires("lab.run")
@require_safe
def tried(request: SignedInRequest, run: UUID) -> HttpResponse:
    """The answers so far; asks again by itself until both are there."""
    return render(request, "lab/tried.html", {"page": reads_try.try_page(run, request.user)})


@requires("policy.see")
@require_safe
def draft_gate(request: SignedInRequest, version: UUID) -> HttpResponse:
    """Where a version stands before the gate."""
    return render(
        request,
        "lab/draft_gate.html",
        {"gate": reads_gate.draft_gate(version, request.user), "most": MOST_REPEATS},
    )


@requires("lab.run")
@require_POST
def run_gate(request: SignedInRequest, version: UUID) -> HttpResponse:
    """Start the gate and go to its page."""
    typed = request.POST.get("repeats", "1")
    repeats = int(typed) if typed.isdecimal() and len(typed) < 3 else 0
    try:
        study = str(actions.start_gate(version=version, repeats=repeats, person=request.user))
    except ProductError as error:
        study = str(error.details.get("study", ""))
        if not study:
            raise
    return redirect(f"/gates/{study}")


@requires("policy.see")
@require_safe
def section_overrides(request: SignedInRequest, slug: str, code: str) -> HttpResponse:
    """How often people override verdicts on a section, and its unstable cases."""
    return render(
        request, "lab/section_overrides.html", {"found": reads_disagreements.section_overrides(slug, code)}
    )


@requires("policy.see")
@require_safe
def open_items(request: SignedInRequest, version: UUID) -> HttpResponse:
    """What judging open items under this version takes; nothing for a version that is not in force."""
    return render(request, "lab/open_items.html", {"offer": reads.open_items(version)})


@requires("lab.run")
@require_POST
def rejudge(request: SignedInRequest, version: UUID) -> HttpResponse:
    """Judge the open items anew."""
    count = actions.rejudge_open(version=version, person=request.user)
    return render(request, "lab/open_items.html", {"asked": count})
