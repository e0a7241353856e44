"""The translation of an item, below its original."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.review import actions
from reviewapp.review.views import desk_context
from reviewapp.review.views_act import wants_fragment
from reviewapp.ui.errors import Missing, ProductError


@requires("queue.work")
@require_POST
def translate(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Get the item translated; the answer is the part below the original, with the translation or what went wrong."""
    problem: ProductError | None = None
    try:
        actions.translate(item=item, person=request.user)
    except Missing:
        raise
    except ProductError as met:
        problem = met
    if problem is None and not wants_fragment(request):
        return HttpResponseRedirect(f"/review/{item}#translation")
    context = desk_context(request, item) | {"translation_problem": problem.message if problem else ""}
    context |= {"asked_now": True}
    status = problem.status if problem else 200
    page = "review/translation.html" if wants_fragment(request) else "review/item.html"
    return render(request, page, context, status=status)
