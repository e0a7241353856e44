"""The inbox of disagreements."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.lab import actions, reads_disagreements
from reviewapp.lab.actions.handling import NothingChosen
from reviewapp.lab.views import masking
from reviewapp.ui.errors import ProductError


@requires("lab.see")
@require_safe
def inbox(request: SignedInRequest) -> HttpResponse:
    """Overrides by section and reason, and the examples of one group."""
    return _inbox(request)


@requires("lab.run")
@require_POST
def handle(request: SignedInRequest) -> HttpResponse:
    """Deal with the chosen overrides; a refusal keeps the choice."""
    chosen = request.POST.getlist("decision")
    try:
        policy, decisions = UUID(request.POST.get("policy", "")), [UUID(each) for each in chosen]
    except ValueError as error:
        raise NothingChosen(_("The form is not from this page. Reload it and choose again.")) from error
    try:
        actions.handle_overrides(
            decisions=decisions, policy=policy, outcome=request.POST.get("outcome", ""), person=request.user
        )
    except ProductError as error:
        return _inbox(request, error=error, chosen=chosen)
    names = ("policy", "section", "reason")
    kept = {name: request.POST.get(f"at_{name}", "") for name in names}
    return redirect(f"/disagreements/?{urlencode(kept)}")


def _inbox(
    request: SignedInRequest, *, error: ProductError | None = None, chosen: list[str] | None = None
) -> HttpResponse:
    sent, mark = (request.POST, "at_") if request.method == "POST" else (request.GET, "")
    page = reads_disagreements.inbox(
        policy=sent.get(f"{mark}policy", ""),
        section=sent.get(f"{mark}section"),
        reason=sent.get(f"{mark}reason", ""),
    )
    context = {"page": page, "error": error, "ticked": set(chosen or ())} | masking(request)
    return render(request, "lab/disagreements.html", context, status=error.status if error else 200)
