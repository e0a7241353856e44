"""The manual and the list of keys."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reviewapp.accounts import reads_notices
from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.accounts.rules import may
from reviewapp.insights import manual_pages as manual
from reviewapp.review.keys import KEYS, KeyAction


@requires("help.read")
@require_safe
def contents(request: SignedInRequest) -> HttpResponse:
    """The first page, with the contents beside it."""
    return _page(request, "getting-started")


@requires("help.read")
@require_safe
def page(request: SignedInRequest, slug: str) -> HttpResponse:
    """One page."""
    return _page(request, slug)


@requires("help.read")
@require_safe
def keys(request: SignedInRequest) -> HttpResponse:
    """Every key of the review screen by what it is for, as the person set them, and whether their roles may use it."""
    own = reads_notices.preferences(request.user).keys
    groups: dict[str, list[tuple[KeyAction, str, bool]]] = {}
    for action in KEYS:
        shown = (action, own.get(action.name, action.key), may(request.user.roles, action.permission))
        groups.setdefault(str(action.group), []).append(shown)
    return render(request, "insights/keys.html", {"groups": groups, "pages": manual.PAGES})


def _page(request: SignedInRequest, slug: str) -> HttpResponse:
    return render(request, "insights/manual.html", {"here": manual.page(slug), "pages": manual.PAGES})
