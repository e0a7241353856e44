"""The who-may table at the door: decorators for views. Every URL wears one, or says that it is open."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from reviewapp.accounts import rules
from reviewapp.accounts.models import Person
from reviewapp.ui.errors import Forbidden

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request whose user is a Person: what a view behind `requires` gets."""

    user: Person


def requires(
    permission: str,
) -> Callable[
    [Callable[Concatenate[SignedInRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Let in people who have `permission`, in their own time zone and language; send others to sign in, or raise Forbidden."""
    rules.MAY[permission]

    def guard(
        view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            person = request.user
            if not isinstance(person, Person):
                if "HX-Request" in request.headers:
                    # The page stays as it is, with what was typed into it, and asks to sign in again.
                    return HttpResponse(status=401, headers={"HX-Reswap": "none"})
                return redirect_to_login(request.get_full_path())
            _speak_to(person)
            check_may(person, permission)
            with timezone.override(ZoneInfo(person.time_zone)):
                return view(request, *args, **kwargs)  # type: ignore[arg-type]

        guarded.permission = permission  # type: ignore[attr-defined]
        return cast(Callable[Concatenate[HttpRequest, P], HttpResponse], guarded)

    return guard


def open_to_all(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Mark a view that needs no sign-in, so that the walk over all URLs knows it is meant."""
    view.permission = None  # type: ignore[attr-defined]
    return view


def _speak_to(person: Person) -> None:
    """Go on in the language that somebody chose; `ui.middleware.Spoken` ends it, after errors and late templates too."""
    chosen = person.preferences.get("language")
    if chosen and chosen in dict(settings.LANGUAGES):
        translation.activate(chosen)


def check_may(person: Person, permission: str) -> None:
    """Raise Forbidden unless `person` has `permission`."""
    if not rules.may(person.roles, permission):
        needed = f" {_('or')} ".join(sorted(rules.MAY[permission]))
        raise Forbidden(
            _("This needs the role %(needed)s. Ask an admin if it should be yours.") % {"needed": needed},
            permission=permission,
        )
