"""Requests that no browser sends meet a refusal, and the server goes on."""

import socket
from urllib.parse import urlsplit

import pytest


def say(address: str, raw: bytes) -> bytes:
    """What the server answers to these bytes; empty when it hangs up."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname or "localhost", parts.port or 80), timeout=10) as wire:
        try:
            wire.sendall(raw)
            return wire.recv(200)
        except ConnectionError:
            return b""


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"a" * 2_000_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: a\r\n" * 5_000 + b"\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /api/v1/items HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http at all\r\n\r\n",
    ],
    ids=["a header of 2 MB", "5,000 headers", "a path of 200 kB", "a negative length", "TLS to a plain port"],
)
def test_an_oversized_or_broken_request_is_refused_and_the_next_one_served(
    live_server: str, raw: bytes
) -> None:
    answer = say(live_server, raw)
    assert answer == b"" or answer.split(b" ", 2)[1][:1] == b"4", answer
    assert say(live_server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.1 200")
