"""Pages that belong to no room: every error a browser or a program can meet."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import is_valid_path
from django.utils.translation import gettext as _

from reviewapp.ui.errors import ProductError

RETRY_AFTER_SECONDS: Final = 5


def product_error(request: HttpRequest, error: ProductError) -> HttpResponse:
    """One of the product's own errors, as JSON under /api/, as a note for htmx, else as a page."""
    return _answer(request, error.status, error.code, error.message, error.details)


def database_away(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After: nothing was stored."""
    response = _answer(
        request,
        503,
        "database_away",
        _("The database does not answer. Nothing was stored; try again in a few seconds."),
    )
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 for a request that Django itself refused, such as a host that is not allowed."""
    return _answer(
        request, 400, "bad_request",
        _("This request cannot be read. Check the address; an admin can allow a host with ALLOWED_HOSTS or PUBLIC_URL."),
    )  # fmt: skip


def holds_nul(request: HttpRequest) -> HttpResponse:
    """422 for text with a NUL character, which Postgres neither keeps nor looks for; 404 where it is in the path."""
    if "\0" in request.path:
        return not_found(request, ValueError("NUL in the path"))
    return _answer(
        request, 422, "invalid", _("There is a NUL character in what was sent. Take it out and try again.")
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _answer(
        request, 404, "not_found", _("There is nothing at this address. It may have moved or been erased.")
    )


def not_allowed(request: HttpRequest, allow: str) -> HttpResponse:
    """405 for an address that takes another method, such as that of a form opened as a page; it leads to the page around it."""
    if request.path.startswith("/api/"):
        message = _("This address takes %(methods)s. The operations are in /api/v1/openapi.json.") % {
            "methods": allow
        }
    else:
        message = _(
            "This address only takes what a form sends, and nothing was sent. Open its page and go on there."
        )
    response = _answer(request, 405, "method_not_allowed", message)
    response.headers["Allow"] = allow
    return response


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 from Django itself."""
    return _answer(request, 403, "forbidden", _("This is not yours to open. Ask an admin if it should be."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault."""
    if request.path.startswith("/api/"):
        message = _("Something broke on our side. Send it again; if that fails too, tell the operator when.")
    else:
        message = _(
            "Something broke on our side. What you typed is still in the form; go back and try again."
        )
    return _answer(request, 500, "internal", message)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 when the page was open for longer than the session, or cookies are off."""
    return _answer(
        request, 403, "form_expired",
        _("This form is older than your session. Copy what you typed, reload the page, sign in and send it again."),
    )  # fmt: skip


def _answer(request: HttpRequest, status: int, code: str, message: str, details: Any = None) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = {"error": {"code": code, "message": message, "details": details or None}}
        return JsonResponse(body, status=status)
    context = {"status": status, "message": message, "details": details or {}, "code": code}
    context |= {"around": _page_around(request.path) if status == 405 else ""}
    template = "ui/note.html" if request.headers.get("HX-Request") else "ui/error.html"
    # A page without the context processors: the session and the database may be what is away.
    response = HttpResponse(render(None, template, context).content, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _page_around(path: str) -> str:
    """The nearest address above `path` that there is; empty for none but the first page."""
    parts = path.strip("/").split("/")
    for most in range(len(parts) - 1, 0, -1):
        for end in ("", "/"):
            above = f"/{'/'.join(parts[:most])}{end}"
            if is_valid_path(above):
                return above
    return ""
