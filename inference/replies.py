"""Sorts what is no verdict into kinds of failure: three shapes of error, proxies, other protocols, no connection."""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx
from aiohttp.http_exceptions import HttpProcessingError

from inference.types import Failure, FailureKind
from inference.verdict import capped

MAX_RAW = 32 * 1024
_TOO_LONG = re.compile(
    r"context length|context window|context size|too long|maximum model length|max_model_len", re.I
)
_QUEUE_FULL = re.compile(
    r"engine is currently busy|queue (?:is )?full|too many (?:queued )?requests|overloaded", re.I
)
_CHECK = "Check that it runs and that REASONER_URL is right."
_SAFE_WORD = re.compile(r"[A-Za-z0-9_. ]{1,60}")


def classify(status: int, body: bytes) -> Failure | None:
    """None for a 2xx; else the Failure that this status and body mean.

    Reasons never repeat the engine's message: a validation error quotes the request, and so the item.
    """
    if 200 <= status < 300:
        return unreadable(body) if _is_html(body) else None
    text = body[:MAX_RAW].decode(errors="replace")
    message, kind, parameter = _error_parts(text)
    failure = _by_status(status, message, kind, parameter)
    return Failure(failure.kind, failure.reason, capped(text, MAX_RAW))


def unreadable(body: bytes) -> Failure:
    """The Failure for a 2xx whose body is not JSON. A web page comes from something before the engine: no item's fault."""
    raw = capped(body[:MAX_RAW].decode(errors="replace"), MAX_RAW)
    if _is_html(body):
        reason = (
            "A web page answered instead of the engine. Check that REASONER_URL points at it, ending in /v1."
        )
        return Failure(FailureKind.TRANSIENT, reason, raw)
    return Failure(FailureKind.INVALID, "The engine's answer is not JSON.", raw)


def _is_html(body: bytes) -> bool:
    return body[:200].lstrip().lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))


def _error_parts(text: str) -> tuple[str, str, str]:
    """Message, type and parameter of an error body: `error` object, `error` string, `detail`, or raw text."""
    try:
        decoded: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text, "", ""
    if not isinstance(decoded, dict):
        return text, "", ""
    error = decoded.get("error")
    if isinstance(error, dict):
        return str(error.get("message") or ""), str(error.get("type") or ""), str(error.get("param") or "")
    return str(error or decoded.get("detail") or text), "", ""


def _by_status(status: int, message: str, kind: str, parameter: str) -> Failure:
    if status >= 500:
        return _server_error(status, message)
    if status in (401, 403):
        reason = "The engine does not accept the key. Check REASONER_API_KEY."
        return Failure(FailureKind.UNAUTHORISED, reason)
    if status == 404 and (
        parameter == "model" or re.search(r"model .{0,220}does not exist|model .{0,220}not found", message)
    ):
        reason = "The engine does not serve the model that was asked for. Check REASONER_MODEL."
        return Failure(FailureKind.WRONG_MODEL, reason)
    if status == 404:
        reason = "The engine knows no such address. Check that REASONER_URL ends in /v1."
        return Failure(FailureKind.REFUSED, reason)
    if status == 429:
        return Failure(FailureKind.BUSY, "The engine takes no more requests at the moment.")
    if status == 408:
        return Failure(FailureKind.TRANSIENT, "The engine gave up waiting for the request (HTTP 408).")
    if status == 413 or (status == 400 and _TOO_LONG.search(message)):
        return Failure(FailureKind.TOO_LONG, "Policy and item together are too long for the engine.")
    if status < 400:
        reason = (
            f"The engine answered with a redirect (HTTP {status}). Set REASONER_URL to its final address."
        )
        return Failure(FailureKind.REFUSED, reason)
    details = ", ".join(word for word in (kind, parameter) if _SAFE_WORD.fullmatch(word))
    return Failure(
        FailureKind.REFUSED,
        f"The engine refused the request (HTTP {status}{': ' if details else ''}{details}).",
    )


def _server_error(status: int, message: str) -> Failure:
    if status == 503 and _QUEUE_FULL.search(message):
        return Failure(FailureKind.BUSY, "The engine's queue is full.")
    return Failure(FailureKind.TRANSIENT, f"The engine failed (HTTP {status}); it may be restarting.")


def no_answer(error: BaseException) -> Failure:
    """Why an exchange ended without a whole answer: no server or name, encryption that does not fit, another protocol.

    The transport wraps causes more than once and calls refused connections time-outs, so the whole chain is read.
    """
    causes = list(_causes(error))

    def caused_by(*kinds: type[BaseException]) -> bool:
        return any(isinstance(each, kinds) for each in causes)

    if caused_by(ssl.CertificateError, aiohttp.ClientConnectorCertificateError):
        reason = (
            "The engine's certificate is not one that this machine trusts. Give the engine a trusted one, "
            "or set REASONER_URL to its name as the certificate has it."
        )
    elif caused_by(ssl.SSLError):
        reason = (
            "The engine does not speak https. Set REASONER_URL to http://, or give the engine a certificate."
        )
    elif caused_by(aiohttp.ClientResponseError, HttpProcessingError):
        reason = "What answers there does not speak HTTP. Check the port in REASONER_URL."
    elif caused_by(socket.gaierror):
        reason = f"The engine's name is not known on this network. {_CHECK}"
    elif caused_by(httpx.ConnectError, httpx.ConnectTimeout) and not caused_by(
        aiohttp.ServerDisconnectedError
    ):
        reason = f"The engine cannot be reached. {_CHECK}"
    else:
        reason = f"The connection to the engine broke off. {_CHECK}"
    return Failure(FailureKind.TRANSIENT, reason)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = getattr(error, "os_error", None) or error.__cause__ or error.__context__
