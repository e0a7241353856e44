"""The HTTP door for what arrives: `POST /api/v1/items`."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from reviewapp.accounts.api import Caller, KeyWith, caller
from reviewapp.intake import actions, quota
from reviewapp.intake.actions import Outcome, Received
from reviewapp.intake.incoming import MOST_BODY, BadBody, BadItem, IncomingItem, Refused, read_body
from reviewapp.intake.openapi import RECEIVE
from reviewapp.ui.api import v1
from reviewapp.ui.errors import ProductError

MOST_IDEMPOTENCY_KEY: Final = 255


class NotJson(ProductError):
    """The body is no request."""

    status = 400
    code = "malformed"


class TooLarge(ProductError):
    """The body is over a limit."""

    status = 413
    code = "too_large"


class NotTaken(ProductError):
    """The one item of a request cannot be taken."""

    status = 422

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.code = refused.code  # type: ignore[misc]


class BadIdempotencyKey(ProductError):
    """The header is not a key."""

    status = 422


@v1.post(
    "/items", auth=KeyWith("ingest"), tags=["items"], openapi_extra=RECEIVE, operation_id="receive_items"
)
def receive(request: HttpRequest) -> HttpResponse:
    """Send one item, or a batch of up to 1,000. 202 means that all of it is on disk.

    The same content again gives the same id. Bad items of a batch are reported in `errors`; the good ones are stored.
    """
    who = caller(request)
    body = _body(request)
    token = _idempotency_key(request)
    good, refused, is_batch = _read(body)
    good, refused = _of_its_sources(who, good, refused)
    if not is_batch and refused:
        raise NotTaken(refused[0])
    quota.check_quota(who.id, len(good))
    quota.check_backlog()
    answer = _store(who, good, refused, token, body)
    if not is_batch and answer["errors"]:
        raise NotTaken(msgspec.convert(answer["errors"][0], Refused))
    if not answer["errors"]:
        del answer["errors"]
    return HttpResponse(msgspec.json.encode(answer), status=202, content_type="application/json")


def _store(
    who: Caller, good: Sequence[tuple[int, IncomingItem]], refused: Sequence[Refused], token: str, body: bytes
) -> dict[str, Any]:
    items = [item for _, item in good]

    def store() -> dict[str, Any]:
        outcomes = actions.receive(items=items, actor=who.actor, key_id=who.id) if items else []
        return _answer(outcomes, [place for place, _ in good], refused)

    if not token:
        return store()
    return actions.answer_once(
        api_key=who.id,
        key=token,
        body_hash=hashlib.sha256(body).digest(),
        answer=lambda: msgspec.to_builtins(store()),
    )


def _answer(outcomes: Sequence[Outcome], places: Sequence[int], refused: Sequence[Refused]) -> dict[str, Any]:
    """The body of a 202; places in `errors` are those of the request, also for items refused by the action."""
    errors = [
        *refused,
        *(
            Refused(place, outcome.code, outcome.message)
            for outcome, place in zip(outcomes, places, strict=True)
            if isinstance(outcome, Refused)
        ),
    ]
    return {
        "items": [outcome for outcome in outcomes if isinstance(outcome, Received)],
        "errors": sorted(errors, key=lambda each: each.index),
    }


def _body(request: HttpRequest) -> bytes:
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BODY:
            raise RequestDataTooBig
        return request.body
    except RequestDataTooBig as error:
        raise TooLarge(
            f"The body is larger than {MOST_BODY // 1024 // 1024} MB. Send fewer items in one request."
        ) from error


def _idempotency_key(request: HttpRequest) -> str:
    token = request.headers.get("Idempotency-Key", "")
    if len(token) > MOST_IDEMPOTENCY_KEY or not token.isascii() or not (token.isprintable() or not token):
        raise BadIdempotencyKey(
            f"Idempotency-Key has at most {MOST_IDEMPOTENCY_KEY} printable ASCII characters, such as a UUID."
        )
    return token


def _read(body: bytes) -> tuple[list[tuple[int, IncomingItem]], list[Refused], bool]:
    try:
        return read_body(body)
    except BadBody as error:
        raise NotJson(str(error)) from error
    except BadItem as error:
        raise TooLarge(error.message) from error


def _of_its_sources(
    who: Caller, good: list[tuple[int, IncomingItem]], refused: list[Refused]
) -> tuple[list[tuple[int, IncomingItem]], list[Refused]]:
    """Refuse items of sources that the key is not for."""
    if not who.sources:
        return good, refused
    strange = [(place, item) for place, item in good if item.source not in who.sources]
    message = f"This key is for {', '.join(sorted(who.sources))} only. Use another key for this source."
    mine = [(place, item) for place, item in good if item.source in who.sources]
    return mine, [*refused, *(Refused(place, "forbidden_source", message) for place, _ in strange)]
