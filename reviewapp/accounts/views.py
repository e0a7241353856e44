"""Pages of somebody's own account: sign-in, sign-out, password, name, zone and theme."""

from typing import Any

from allauth.account.views import LoginView, LogoutView, PasswordChangeView
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from reviewapp.accounts import actions, idle, reads, reads_notices
from reviewapp.accounts.access import SignedInRequest, open_to_all, requires
from reviewapp.accounts.forms import languages_of
from reviewapp.audit.actions import Actor
from reviewapp.ui.errors import ProductError


@open_to_all
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The door. Wrong tries are limited by address and by account."""
    answer: HttpResponse = LoginView.as_view(template_name="account/login.html")(request)
    return answer


@requires("settings.own")
@require_POST
def sign_out(request: SignedInRequest) -> HttpResponse:
    """End this session."""
    answer: HttpResponse = LogoutView.as_view()(request)
    return answer


@requires("settings.own")
@require_http_methods(["GET", "HEAD", "POST"])
def idle_time(request: SignedInRequest) -> HttpResponse:
    """Seconds until this session ends unused, as JSON `{"left": …}`; POST is a use of it, or with `out` ends it."""
    if request.method == "POST" and "out" in request.POST:
        idle.end(request, request.user)
        return HttpResponse(status=204)
    return JsonResponse({"left": idle.left(request)})


@requires("settings.own")
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: SignedInRequest) -> HttpResponse:
    """Choose another password; other sessions of the same person end."""
    if not request.user.has_usable_password():
        raise actions.NotAPerson(_("This account has no password yet. Ask an admin to give you one."))
    answer: HttpResponse = PasswordChangeView.as_view(template_name="account/password_change.html")(request)
    return answer


@requires("settings.own")
@require_http_methods(["GET", "HEAD", "POST"])
def me(request: SignedInRequest) -> HttpResponse:
    """Name, time zone, theme, and the language of the screens."""
    spoken = reads_notices.preferences(request.user).language
    typed = {"name": request.user.name, "time_zone": request.user.time_zone, "language": spoken}
    if request.method != "POST":
        return _me(request, typed, saved=request.GET.get("saved", ""))
    typed = {field: request.POST.get(field, "") for field in typed}
    try:
        actions.set_profile(person=request.user.pk, name=typed["name"], time_zone=typed["time_zone"])
        actions.set_language(person=request.user.pk, language=typed["language"])
        actions.set_theme(person=request.user.pk, theme=request.POST.get("theme", "system"))
    except ProductError as error:
        return _me(request, typed, problem=error.message, status=error.status)
    return redirect("/settings/me?saved=profile")


@requires("settings.own")
@require_http_methods(["GET", "HEAD", "POST"])
def languages(request: SignedInRequest) -> HttpResponse:
    """`/settings/languages`: what one reads, and how well; *next* serves nothing else."""
    spoken = reads_notices.preferences(request.user).languages
    context: dict[str, Any] = {"saved": "saved" in request.GET, "form": reads.language_form(spoken)}
    if request.method != "POST":
        return render(request, "accounts/own_languages.html", context)
    try:
        wanted = languages_of(request.POST)
        actions.set_languages(person=request.user.pk, languages=wanted, actor=Actor.person(request.user.pk))
    except ProductError as error:
        context |= {"problem": error.message, "said": request.POST}
        return render(request, "accounts/own_languages.html", context, status=error.status)
    return redirect("/settings/languages?saved=1")


@requires("settings.own")
@require_POST
def theme(request: SignedInRequest) -> HttpResponse:
    """Store the theme that the switch in the top bar shows already."""
    wanted = request.POST.get("theme") or ("light" if request.user.theme == "dark" else "dark")
    actions.set_theme(person=request.user.pk, theme=wanted)
    back = request.headers.get("Referer", "")
    if request.headers.get("Sec-Fetch-Dest") != "empty" and url_has_allowed_host_and_scheme(
        back, {request.get_host()}, require_https=request.is_secure()
    ):
        return redirect(back)
    return HttpResponse(status=204)


def _me(request: SignedInRequest, typed: dict[str, Any], *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "typed": typed,
        "zones": reads.time_zones(),
        "themes": actions.THEMES,
        "languages": settings.LANGUAGES,
        **more,
    }
    return render(request, "accounts/me.html", context, status=status)
