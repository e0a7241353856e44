"""The one module that posts to other people's servers: addresses are checked where they are connected to."""

import logging
import socket
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore
from django.utils.translation import gettext_noop as _

from reviewapp.webhooks.rules import is_exempt, is_public

log = logging.getLogger(__name__)

SECONDS_IN_ALL: Final = 15.0
MOST_ANSWER: Final = 64 * 1024
KEPT_ANSWER: Final = 200
_CONNECT_SECONDS: Final = 5.0

_call: Final = threading.local()
"""`deadline` of the call of this thread, on the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a post met: a status, or the problem in words; `retry_after` in seconds, when it was asked for."""

    status: int | None
    problem: str
    seconds: float
    text: str = ""
    retry_after: float | None = None


class ForbiddenAddress(OSError):
    """The name leads to an address that nothing may be sent to."""


class _Timed(httpcore.NetworkStream):
    """A stream on which the whole call, not each read, has its deadline: a drip of bytes cannot hold it open."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Guarded(httpcore.NetworkBackend):
    """Resolves a name once, checks every address it leads to, and connects to one of exactly these."""

    def __init__(self, exempt: Collection[str]) -> None:
        self._exempt = exempt
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        failure: Exception | None = None
        for address in checked_addresses(host, port, self._exempt):
            try:
                opened = self._plain.connect_tcp(
                    address, port, _left(_CONNECT_SECONDS), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Timed(opened)
        raise failure or httpcore.ConnectError(f"{host} has no address")


def checked_addresses(host: str, port: int, exempt: Collection[str]) -> list[str]:
    """The addresses of `host`. Raises ForbiddenAddress when a single one of them may not be sent to."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError("the name is not known") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if is_exempt(host, port, exempt):
        return addresses
    if port != 443 or not all(is_public(address) for address in addresses):
        raise ForbiddenAddress
    return addresses


class Sender:
    """Keeps connections open between posts; one for all threads. Follows no redirect, knows no proxy."""

    def __init__(
        self, exempt: Collection[str] = (), *, connections: int = 64, seconds: float = SECONDS_IN_ALL,
        most: int = MOST_ANSWER, kept: int = KEPT_ANSWER,
    ) -> None:  # fmt: skip
        """`seconds`: for a whole post; `most`: bytes of an answer that are read, of which `kept` are given back."""
        self._seconds, self._most, self._kept = seconds, most, kept
        self._pool = httpcore.ConnectionPool(
            network_backend=_Guarded(exempt), max_connections=connections, max_keepalive_connections=32,
            keepalive_expiry=20.0, http1=True, http2=False, retries=0,
        )  # fmt: skip

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send once, within the time for a whole post. Never raises."""
        begun = time.monotonic()
        _call.deadline = begun + self._seconds
        try:
            status, text, retry_after = self._exchange(url, headers, body)
        except ForbiddenAddress:
            return Answer(
                None,
                _("not sent: the name leads to an address that is not on the public internet"),
                time.monotonic() - begun,
            )
        except (httpcore.TimeoutException, TimeoutError):
            return Answer(None, _("no answer in time"), time.monotonic() - begun)
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
        ) as error:
            return Answer(None, _plain_words(error), time.monotonic() - begun)
        except Exception as error:
            # One that cannot be sent must not keep the others from leaving.
            log.warning("a webhook could not be sent: %s", type(error).__name__)
            return Answer(None, _("this could not be sent: check the address"), time.monotonic() - begun)
        problem = "" if 200 <= status < 300 else f"answered {status}"
        return Answer(status, problem, time.monotonic() - begun, text, retry_after)

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()

    def _exchange(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str, float | None]:
        sent = {
            "Host": urlsplit(url).netloc,
            "Content-Length": str(len(body)),
            "User-Agent": "review-webhooks",
            **headers,
        }
        timeouts = {"connect": _CONNECT_SECONDS, "read": self._seconds, "write": self._seconds, "pool": 5.0}
        with self._pool.stream(
            "POST", url, headers=list(sent.items()), content=body, extensions={"timeout": timeouts}
        ) as answer:
            text = b""
            for part in answer.iter_stream():
                text += part
                if len(text) > self._most:
                    break
            told = {name.lower(): value for name, value in answer.headers}
            after = _seconds_asked(told.get(b"retry-after", b"").decode("latin-1"))
            return answer.status, text[: self._kept].decode("utf-8", "replace").replace("\x00", ""), after


def _left(timeout: float | None) -> float:
    left = float(getattr(_call, "deadline", time.monotonic() + SECONDS_IN_ALL)) - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the whole call took too long")
    return min(left, timeout) if timeout is not None else left


def _seconds_asked(header: str) -> float | None:
    """Seconds of a Retry-After header, given as a number or as a date; None when there is none to read."""
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        return max((parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _plain_words(error: Exception) -> str:
    text = str(error)
    if "CERTIFICATE" in text.upper() or "SSL" in text.upper():
        return _("the certificate is not trusted, or TLS failed")
    if isinstance(error, httpcore.ConnectError):
        return _("no connection") if "not known" not in text else _("the name is not known")
    return _("the connection broke off")
