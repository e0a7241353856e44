"""Pages of notices: the list, the chip in the top bar, and the way to what a notice is about."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.accounts import actions, reads_notices
from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.accounts.rules_notices import GROUPS


@requires("settings.own")
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: SignedInRequest) -> HttpResponse:
    """What somebody was told, newest first; POST says what they want to hear of."""
    if request.method == "POST":
        wanted = set(request.POST.getlist("tell"))
        quiet = [group for group in GROUPS if group not in wanted]
        actions.set_preferences(person=request.user.pk, changes={"quiet": quiet})
        return redirect("/settings/notices")
    rows = reads_notices.notices(request.user)
    told = [
        (group, words, group not in reads_notices.preferences(request.user).quiet)
        for group, words in GROUPS.items()
    ]
    new = sum(row.is_new for row in rows)
    return render(request, "accounts/notices.html", {"rows": rows, "new": new, "groups": told})


@requires("settings.own")
@require_safe
def chip(request: SignedInRequest) -> HttpResponse:
    """The bell of the top bar with the number of new notices."""
    return render(request, "accounts/notices_chip.html", {"count": reads_notices.unread(request.user)})


@requires("settings.own")
@require_POST
def read_all(request: SignedInRequest) -> HttpResponse:
    """Nothing is new any more."""
    actions.read_notices(person=request.user.pk)
    return redirect("/settings/notices")


@requires("settings.own")
@require_POST
def open_notice(request: SignedInRequest, notice: UUID) -> HttpResponse:
    """Go to what a notice is about; it is read then."""
    path = reads_notices.where_to(request.user, notice)
    actions.read_notices(person=request.user.pk, notice=notice)
    return redirect(path)
