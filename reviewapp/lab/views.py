"""The lab's front page, and what every page of the lab needs to mask what people wrote."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reviewapp.accounts import reads_notices
from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.lab import reads
from reviewapp.review.rules_mask import MOST_REVEALED, Veil


@requires("lab.see")
@require_safe
def lab(request: SignedInRequest) -> HttpResponse:
    """Every gate, re-run and evaluation, newest first."""
    return render(request, "lab/list.html", {"page": reads.lab_page(request.GET.get("kind", ""))})


def masking(request: SignedInRequest) -> dict[str, Any]:
    """How texts are masked for the person by their own setting, and what they revealed; the rest of the address is kept."""
    return {
        "veil": Veil(reads_notices.preferences(request.user).masking),
        "shown": request.GET.getlist("reveal")[:MOST_REVEALED],
        "kept": [(name, value) for name, value in request.GET.items() if name != "reveal"],
    }
