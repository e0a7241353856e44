"""Pages where an admin looks after people and API keys."""

import secrets
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from reviewapp.accounts import actions, reads
from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.accounts.forms import languages_of
from reviewapp.accounts.rules import Role, Scope
from reviewapp.accounts.rules_preferences import BadPreference
from reviewapp.audit.actions import Actor
from reviewapp.ui.errors import Missing, ProductError
from reviewapp.ui.once import SentAgain, take_once

LIVES: Final = {
    "30": gettext_lazy("30 days"),
    "90": gettext_lazy("90 days"),
    "365": gettext_lazy("a year"),
    "0": gettext_lazy("never"),
}
NEW_PASSWORD_BYTES: Final = 12


@requires("members.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: SignedInRequest) -> HttpResponse:
    """The list, the form that adds somebody, and the who-may table."""
    if request.method != "POST":
        return _members(request, {})
    typed = {"email": request.POST.get("email", ""), "name": request.POST.get("name", "")}
    roles = request.POST.getlist("role")
    password = secrets.token_urlsafe(NEW_PASSWORD_BYTES)
    try:
        take_once(request)
        person = actions.create_person(**typed, roles=roles, password=password, actor=_actor(request))
    except ProductError as error:
        return _members(request, typed | {"roles": roles}, problem=error.message, status=error.status)
    return _members(request, {}, made={"who": str(person), "password": password}, status=201)


@requires("members.manage")
@require_http_methods(["GET", "HEAD"])
def member(request: SignedInRequest, key: UUID) -> HttpResponse:
    """One person, and what an admin may change about them."""
    return _member(request, key)


@requires("members.manage")
@require_POST
def change_member(request: SignedInRequest, key: UUID, change: str) -> HttpResponse:
    """One change: roles, languages, disable, enable, clearance or password."""
    actor = _actor(request)
    try:
        if change == "password":
            take_once(request)
            password = secrets.token_urlsafe(NEW_PASSWORD_BYTES)
            actions.set_password(person=key, password=password, actor=actor)
            return _member(request, key, password=password)
        if change == "roles":
            actions.change_roles(person=key, roles=request.POST.getlist("role"), actor=actor)
        elif change == "languages":
            actions.set_languages(person=key, languages=languages_of(request.POST), actor=actor)
            return redirect(f"/members/{key}")
        elif change == "disable":
            actions.disable(person=key, actor=actor)
        elif change == "enable":
            actions.enable(person=key, actor=actor)
        elif change == "clearance":
            actions.set_clearance(person=key, cleared=request.POST.get("cleared") == "yes", actor=actor)
        else:
            raise Missing(_("There is no such change."))
    except (actions.NotAPerson, actions.LastAdmin, BadPreference, SentAgain) as error:
        return _member(request, key, problem=error.message, said=request.POST, status=error.status)
    return redirect("/members/")


@requires("keys.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: SignedInRequest) -> HttpResponse:
    """The list, and the form that issues a key; the key is in this one answer and nowhere else."""
    if request.method != "POST":
        return _keys(request, {})
    scopes = request.POST.getlist("scope")
    typed = {
        "name": request.POST.get("name", "").strip(),
        "scopes": scopes,
        "days": request.POST.get("days", "90"),
    }
    days = int(typed["days"]) if typed["days"] in LIVES else 90
    try:
        take_once(request)
        issued = actions.issue_key(
            name=str(typed["name"]),
            scopes=scopes,
            expires_at=timezone.now() + timedelta(days=days) if days else None,
            created_by=request.user,
            actor=_actor(request),
        )
    except ProductError as error:
        return _keys(request, typed, problem=error.message, status=error.status)
    return _keys(request, {}, made={"name": typed["name"], "key": issued.key}, status=201)


@requires("keys.manage")
@require_POST
def revoke_key(request: SignedInRequest, key: UUID) -> HttpResponse:
    """End a key at once."""
    actions.revoke_key(key=key, actor=_actor(request))
    return redirect("/keys/")


def _actor(request: SignedInRequest) -> Actor:
    return Actor.person(request.user.pk)


def _members(request: HttpRequest, typed: dict[str, Any], *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "members": reads.members(),
        "acts": reads.role_table(),
        "roles": list(Role),
        "typed": typed,
        **more,
    }
    return render(request, "accounts/members.html", context, status=status)


def _member(request: HttpRequest, key: UUID, *, status: int = 200, **more: Any) -> HttpResponse:
    row = reads.member(key)
    context = {
        "member": row, "roles": list(Role), "form": reads.language_form(row.languages),
        "action": f"/members/{key}/languages", **more,
    }  # fmt: skip
    return render(request, "accounts/member.html", context, status=status)


def _keys(request: HttpRequest, typed: dict[str, Any], *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"keys": reads.keys(), "scopes": list(Scope), "lives": LIVES, "typed": typed, **more}
    return render(request, "accounts/keys.html", context, status=status)
