"""The lab's front page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.lab import reads


@requires("lab.see")
@require_safe
def lab(request: SignedInRequest) -> HttpResponse:
    """Every gate, re-run and evaluation, newest first."""
    return render(request, "lab/list.html", {"page": reads.lab_page(request.GET.get("kind", ""))})
