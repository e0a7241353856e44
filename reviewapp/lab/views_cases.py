"""Making a case beside an item, for who reads it on the review screen."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.lab import actions, reads_cases
from reviewapp.policies.actions import UnfitCase
from reviewapp.review import reads_beside
from reviewapp.review.rules import UnsentForm
from reviewapp.review.views_people import keep_unsent


@requires("case.add")
@require_http_methods(["GET", "HEAD", "POST"])
def make_case(request: SignedInRequest, item: UUID) -> HttpResponse:
    """The form as a part of the review screen, or as a page of its own; POST makes the case, or keeps what was typed."""
    context: dict[str, object] = {"item": item}
    status = 200
    if request.method == "POST":
        try:
            context["made"] = actions.make_case(item=item, person=request.user, **_typed(request))
        except UnfitCase as problem:
            context |= {"problem": problem.message, "typed": request.POST}
            status = problem.status
    if "made" not in context:
        context["form"] = reads_cases.case_form(item, request.user)
        context.setdefault("typed", reads_beside.unsent(item, request.user, UnsentForm.CASE))
    part = bool(request.headers.get("HX-Request"))
    return render(
        request, "lab/item_case.html" if part else "lab/item_case_page.html", context, status=status
    )


@requires("case.add")
@require_POST
def unsent_case(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Keep what stands in the form of a case; answers 204, or goes home where the words are to be forgotten."""
    return keep_unsent(request, item, UnsentForm.CASE, ("section", "expect", "text", "note"))


def _typed(request: SignedInRequest) -> dict[str, Any]:
    """The fields as the action takes them; browsers send line ends as CR LF. Raises UnfitCase without a section."""
    policy, _colon, section = request.POST.get("section", "").partition(":")
    try:
        key = UUID(policy)
    except ValueError:
        raise UnfitCase(_("Choose the section that this text tests.")) from None
    fields = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in ("text", "expect", "note")}
    return {"policy": key, "section": section, **fields}
