"""Pages where an admin looks after endpoints, and sees what was delivered."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.audit.actions import Actor
from reviewapp.ui.errors import Missing, ProductError
from reviewapp.ui.once import SentAgain, take_once
from reviewapp.ui.typed import moment
from reviewapp.webhooks import actions, reads
from reviewapp.webhooks.rules import DELIVERY_STATES, MOST_TRIES, Announced, message_id

TITLES: Final = {"added": gettext_lazy("Endpoint added"), "turned": gettext_lazy("New secret")}


class BadTime(ProductError):
    """A time that cannot be read."""

    status = 422


@requires("webhooks.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def endpoints(request: SignedInRequest) -> HttpResponse:
    """The list, and the form that adds one; its secret is in that one answer."""
    if request.method != "POST":
        return _list(request, {})
    typed = _typed(request)
    try:
        take_once(request)
        issued = actions.add_endpoint(**typed, actor=_actor(request))
    except ProductError as error:
        return _list(request, typed, problem=error.message, status=error.status)
    return _list(
        request, {}, secret=issued.secret, made=reads.endpoint(issued.endpoint), title=TITLES["added"], status=201
    )  # fmt: skip


@requires("webhooks.manage")
@require_http_methods(["GET", "HEAD"])
def endpoint(request: SignedInRequest, key: UUID) -> HttpResponse:
    """One endpoint with its log; `state` filters, `before` pages, `delivery` opens one."""
    return _log(request, key)


@requires("webhooks.manage")
@require_POST
def change_endpoint(request: SignedInRequest, key: UUID, change: str) -> HttpResponse:
    """One change: edit, turn, pause, resume, remove, restore, test or replay."""
    actor = _actor(request)
    told = ""
    try:
        if change == "turn":
            take_once(request)
            issued = actions.turn_secret(endpoint=key, actor=actor)
            return _log(request, key, secret=issued.secret, title=TITLES["turned"])
        if change == "edit":
            actions.change_endpoint(endpoint=key, **_typed(request), actor=actor)
        elif change == "pause":
            actions.pause_endpoint(endpoint=key, why=request.POST.get("why", ""), actor=actor)
        elif change == "resume":
            actions.resume_endpoint(endpoint=key, actor=actor)
        elif change == "remove":
            actions.remove_endpoint(endpoint=key, actor=actor)
        elif change == "restore":
            actions.restore_endpoint(endpoint=key, actor=actor)
        elif change == "test":
            told = f"&delivery={actions.send_test(endpoint=key, actor=actor)}"
        elif change == "replay":
            told = f"&again={actions.replay(endpoint=key, actor=actor, **_chosen(request))}"
        else:
            raise Missing(_("There is no such change. Go back to the endpoint."))
    except (actions.BadEndpoint, actions.WasRemoved, BadTime, SentAgain) as error:
        typed = _typed(request) if change == "edit" else None
        return _log(request, key, problem=error.message, typed=typed, status=error.status)
    return redirect(f"/webhooks/{key}{told.replace('&', '?', 1)}")


def _typed(request: HttpRequest) -> dict[str, Any]:
    return {
        "name": request.POST.get("name", ""),
        "url": request.POST.get("url", ""),
        "events": request.POST.getlist("event"),
    }


def _chosen(request: HttpRequest) -> dict[str, Any]:
    """What to replay: one delivery, or a stretch of time. Raises BadTime."""
    if request.POST.get("delivery"):
        return {"delivery": _uuid(request.POST["delivery"])}
    chosen: dict[str, Any] = {"only_dead": request.POST.get("only_dead") == "yes"}
    chosen |= {name: _moment(request.POST.get(name, "")) for name in ("since", "until")}
    if chosen["since"] is None and not chosen["only_dead"]:
        raise BadTime(
            _("Say from when on deliveries are sent again, such as 2026-01-31, or choose only dead ones.")
        )
    return chosen


def _moment(text: str) -> datetime | None:
    if not text.strip():
        return None
    found = moment(text.strip())
    if found is None:
        raise BadTime(
            _("“%(typed)s” is no time. Write one such as 2026-01-31 or 2026-01-31 14:00.")
            % {"typed": text.strip()[:40]}
        )
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError as error:
        raise Missing(_("There is no such delivery. Choose one from the log.")) from error


def _actor(request: SignedInRequest) -> Actor:
    return Actor.person(request.user.pk)


def _list(request: HttpRequest, typed: dict[str, Any], *, status: int = 200, **more: Any) -> HttpResponse:
    known = reads.endpoints()
    context = {
        "endpoints": [each for each in known if not each.removed_at],
        "removed": [each for each in known if each.removed_at],
        "events": list(Announced), "typed": typed, **more,
    }  # fmt: skip
    return render(request, "webhooks/list.html", context, status=status)


def _log(request: HttpRequest, key: UUID, *, status: int = 200, **more: Any) -> HttpResponse:
    found = reads.endpoint(key)
    state = request.GET.get("state", "")
    state = state if state in DELIVERY_STATES else ""
    try:
        before = _moment(request.GET.get("before", ""))
    except BadTime:
        before = None
    context = {
        "endpoint": found, "page": reads.deliveries(key, state=state, before=before), "state": state,
        "states": DELIVERY_STATES, "events": list(Announced), "most_tries": MOST_TRIES,
        "again": request.GET.get("again", ""), "chosen": _opened(request, key), **more,
    }  # fmt: skip
    return render(request, "webhooks/log.html", context, status=status)


def _opened(request: HttpRequest, key: UUID) -> dict[str, Any] | None:
    text = request.GET.get("delivery", "")
    if not text:
        return None
    try:
        found = reads.delivery(UUID(text))
    except (ValueError, Missing):
        return None
    if found.endpoint_id != key:
        return None
    return {
        "delivery": found,
        "state": DELIVERY_STATES[found.state].label,
        "identity": message_id(found.announcement.hex),
        "tries": reads.attempts(found.pk, key),
    }
