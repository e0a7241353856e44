"""Making a case beside an item, for who reads it on the review screen."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.lab import actions, reads_cases
from reviewapp.policies.actions import UnfitCase


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
    part = bool(request.headers.get("HX-Request"))
    return render(
        request, "lab/item_case.html" if part else "lab/item_case_page.html", context, status=status
    )


def _typed(request: SignedInRequest) -> dict[str, Any]:
    """The fields as the action takes them; browsers send line ends as CR LF. Raises UnfitCase without a section."""
    policy, _colon, section = request.POST.get("section", "").partition(":")
    try:
        key = UUID(policy)
    except ValueError:
        raise UnfitCase(_("Choose the section that this text tests.")) from None
    fields = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in ("text", "expect", "note")}
    return {"policy": key, "section": section, **fields}
