"""Ending a session that nobody uses. What a page asks by itself, such as the chips of the top bar, is no use of it."""

import time
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from reviewapp.accounts.actions import end_idle
from reviewapp.accounts.models import Person
from reviewapp.ui.errors import DATABASE_AWAY
from reviewapp.ui.pages import database_away

SEEN: Final = "seen"
SEEN_SECONDS: Final = 60
"""So seldom the time of use is stored; a page that counts to the second may be that much ahead of the server."""


class Idle:
    """Signs people out who did nothing for `IDLE_MINUTES`, whatever their page still asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, as to nobody when the session was idle for too long."""
        if settings.IDLE_MINUTES and settings.SESSION_COOKIE_NAME in request.COOKIES:
            try:
                if isinstance(request.user, Person):
                    _look(request, request.user)
            except DATABASE_AWAY:  # Django makes a 500 of what a layer raises before any other layer sees it
                return database_away(request)
        return self.get_response(request)


def left(request: HttpRequest) -> int:
    """Seconds until the session ends by itself, if nobody uses it."""
    unused = int(time.time()) - int(request.session.get(SEEN, time.time()))
    return max(0, settings.IDLE_MINUTES * 60 - unused)


def end(request: HttpRequest, person: Person) -> None:
    """Sign the person out of this session, and record why."""
    end_idle(person=person.pk)
    logout(request)


def _look(request: HttpRequest, person: Person) -> None:
    now = int(time.time())
    seen = int(request.session.get(SEEN, 0))
    if seen and now - seen > settings.IDLE_MINUTES * 60 + SEEN_SECONDS:
        end(request, person)
    elif _is_use(request) and now - seen >= SEEN_SECONDS:
        request.session[SEEN] = now


def _is_use(request: HttpRequest) -> bool:
    asked_by_page = request.method in {"GET", "HEAD"} and "HX-Request" in request.headers
    return not asked_by_page and "X-Background" not in request.headers
