"""One's own keys and care: what somebody sets for themselves on the review screen."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from reviewapp.accounts import actions as accounts
from reviewapp.accounts import reads_notices
from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.accounts.rules_preferences import MASKING, BadPreference
from reviewapp.review import actions, reads_care
from reviewapp.review.keys import BY_NAME, REMAPPABLE, clashes, fixed


@requires("settings.own")
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: SignedInRequest) -> HttpResponse:
    """`/settings/keys`: each control with its supplied key and one's own; two controls never share a key."""
    own = dict(reads_notices.preferences(request.user).keys)
    if request.method != "POST":
        return _keys(request, own)
    if "supplied" in request.POST:
        wanted: dict[str, str] = {}
    else:
        wanted = {
            each.name: request.POST.get(each.name, each.key).strip().lower() or each.key
            for each in REMAPPABLE
        }
        wanted = _swapped(wanted, own, request.POST.get("swap", ""))
    wanted = {name: key for name, key in wanted.items() if key != BY_NAME[name].key}
    taken = clashes(wanted)
    if taken:
        return _keys(request, wanted, taken=taken[0], status=422)
    try:
        accounts.set_preferences(person=request.user.pk, changes={"keys": wanted})
    except BadPreference as problem:
        return _keys(request, wanted, problem=problem.message, status=problem.status)
    return HttpResponseRedirect("/settings/keys")


def _swapped(wanted: dict[str, str], own: dict[str, str], swap: str) -> dict[str, str]:
    """`swap` names two actions: the second gets the key that the first had before."""
    one, _, two = swap.partition(":")
    if one not in wanted or two not in wanted:
        return wanted
    before = own.get(one, BY_NAME[one].key)
    return wanted | {two: before}


def _keys(request: SignedInRequest, own: dict[str, str], *, status: int = 200, **more: Any) -> HttpResponse:
    taken = more.get("taken")
    bad = {taken[0].name, taken[1].name} if taken else set()
    rows = [(each, own.get(each.name, each.key), each.name in own, each.name in bad) for each in REMAPPABLE]
    return render(
        request, "review/settings_keys.html", {"rows": rows, "fixed": fixed(), **more}, status=status
    )


@requires("settings.own")
@require_http_methods(["GET", "HEAD", "POST"])
def care(request: SignedInRequest) -> HttpResponse:
    """`/settings/care`: exposure, breaks, the end of the shift; POST saves, or asks the seniors for a talk."""
    context: dict[str, Any] = {
        "masking": MASKING,
        "exposure": reads_care.exposure(request.user),
    }
    if request.method == "POST" and "talk" in request.POST:
        context["told"] = actions.ask_for_support(person=request.user)
    elif request.method == "POST":
        try:
            accounts.set_preferences(person=request.user.pk, changes=_care_of(request))
        except BadPreference as problem:
            return render(
                request,
                "review/care.html",
                context | {"problem": problem.message, "set": request.POST},
                status=422,
            )
        return HttpResponseRedirect("/settings/care")
    return render(request, "review/care.html", context | {"set": _as_form(request)})


def _care_of(request: SignedInRequest) -> dict[str, Any]:
    said = request.POST
    return {
        "shift_ends": said.get("shift_ends", ""),
        "masking": said.get("masking", ""), "exposure_cap": _number(said.get("exposure_cap", "")), "break_minutes": _number(said.get("break_minutes", "")),
    }  # fmt: skip


def _as_form(request: SignedInRequest) -> dict[str, Any]:
    return reads_notices.preferences(request.user).as_json()


def _number(said: str) -> int:
    """A whole number; what is none becomes one that no setting may have."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 5 else -1
