"""The HTTP API object. Rooms hang their operations on it in their `api` modules; it knows none of them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from reviewapp.ui.errors import ProductError

v1 = NinjaAPI(
    title="Review API", version="1", docs_url=None, openapi_url="/openapi.json", urls_namespace="api-v1"
)


def error_body(code: str, message: str, details: Any = None) -> dict[str, Any]:
    """The one shape of every error: `{"error": {"code", "message", "details"}}`."""
    return {"error": {"code": code, "message": message, "details": details or None}}


@v1.exception_handler(ProductError)
def _product_error(request: HttpRequest, error: ProductError) -> HttpResponse:
    response = v1.create_response(
        request, error_body(error.code, error.message, error.details), status=error.status
    )
    if "retry_after" in error.details:
        response.headers["Retry-After"] = str(error.details["retry_after"])
    return response


@v1.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    details = [
        {"at": ".".join(str(part) for part in each["loc"]), "problem": each["msg"]} for each in error.errors
    ]
    body = error_body("invalid", "Some values are not as the API describes them; see details.", details)
    return v1.create_response(request, body, status=422)


@v1.exception_handler(AuthenticationError)
def _unknown_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    body = error_body(
        "unauthorised", "Send a valid key as `Authorization: Bearer KEY`. An admin can issue one."
    )
    return v1.create_response(request, body, status=401)


@v1.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return v1.create_response(request, error_body("invalid", str(error)), status=error.status_code)
