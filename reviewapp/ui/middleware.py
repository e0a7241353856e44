"""The language of an answer; and the product's own errors, and a database that is away, as answers that say what to do."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers

from reviewapp.ui import pages
from reviewapp.ui.errors import DATABASE_AWAY, ProductError, is_about_nul

Answer = Callable[[HttpRequest], HttpResponse]
LEAST_COMPRESSED: Final = 1000
"""Bytes of a page below which it fits in one packet anyway."""
FOR_MACHINES: Final = ("/api/", "/healthz", "/readyz", "/metrics")
"""Addresses that programs ask; they answer in English, whatever language is asked for."""


class Compressed(GZipMiddleware):
    """Compresses pages of 1 kB and more, for browsers that read that; what programs ask for and downloads stay as they are.

    The length of a compressed page can betray a secret in it to somebody who has the browser ask for it again and again
    with guesses of his own beside it, and listens (BREACH). Here a browser sends no cookie with what another site has it
    ask for (SameSite), the token of forms is masked anew in each answer, and up to 100 random bytes blur the length.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer, compressed where that is worth it."""
        page = response.headers.get("Content-Type", "").startswith("text/html")
        if not page or not isinstance(response, HttpResponse) or len(response.content) < LEAST_COMPRESSED:
            return response
        return super().process_response(request, response)


class Spoken:
    """Speaks the language that the browser asks for; where somebody chose one of their own, the door changes to it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a page in a language, and say which; whatever was spoken before is spoken again afterwards."""
        if request.path.startswith(FOR_MACHINES):
            return self.get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            response = self.get_response(request)
            if response.headers.get("Content-Type", "").startswith("text/html"):
                response.headers["Content-Language"] = translation.get_language() or "en"
                patch_vary_headers(response, ["Accept-Language"])
        return response


class OtherMethods:
    """Answers with words where an address takes another method, and answers HEAD of the API, whose library knows none, as GET."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; the server leaves out the body of an answer to HEAD."""
        head = request.method == "HEAD" and request.path.startswith("/api/")
        try:
            request.method = "GET" if head else request.method
            response = self.get_response(request)
        finally:
            request.method = "HEAD" if head else request.method
        return (
            pages.not_allowed(request, response.headers.get("Allow", ""))
            if response.status_code == 405
            else response
        )


class PlainAnswers:
    """Answers ProductError with its status, text that no database keeps, and 503 while the database is away or full."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; also when the session or sign-in layer meets the missing database before any view does."""
        try:
            response = self.get_response(request)
        except DATABASE_AWAY:
            return pages.database_away(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Called by Django for an exception that a view raised."""
        if isinstance(error, ProductError):
            return pages.product_error(request, error)
        if isinstance(error, DATABASE_AWAY):
            return pages.database_away(request)
        return pages.holds_nul(request) if is_about_nul(error) else None
