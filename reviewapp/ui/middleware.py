"""Turns the product's own errors, and a database that is away, into answers that say what to do next."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from reviewapp.ui import pages
from reviewapp.ui.errors import DATABASE_AWAY, ProductError

Answer = Callable[[HttpRequest], HttpResponse]


class PlainAnswers:
    """Answers ProductError with its status, and 503 with Retry-After while the database is away or its pool is full."""

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
        return None
