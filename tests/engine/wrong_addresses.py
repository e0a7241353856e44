"""Addresses that cannot work, each a real socket of this machine, and what has to be said about it."""

import contextlib
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from inference import FailureKind
from tests.engine.live import in_thread, running_tcp

Case = tuple[FailureKind, str]
EXPECTED: dict[str, Case] = {
    "no server": (FailureKind.TRANSIENT, "cannot be reached. Check that it runs"),
    "no such name": (FailureKind.TRANSIENT, "name is not known on this network"),
    "another protocol": (FailureKind.TRANSIENT, "does not speak HTTP. Check the port"),
    "hangs up": (FailureKind.TRANSIENT, "broke off"),
    "another web service": (FailureKind.REFUSED, "it lists no models"),
    "a web site": (FailureKind.TRANSIENT, "web page answered instead of the engine"),
    "no such path": (FailureKind.REFUSED, "no such address. Check that REASONER_URL ends in /v1"),
    "another model": (FailureKind.WRONG_MODEL, "does not serve asked-for"),
    "no model": (FailureKind.WRONG_MODEL, "lists no model"),
    "wants a key": (FailureKind.UNAUTHORISED, "does not accept the key. Check REASONER_API_KEY"),
    "redirects": (FailureKind.REFUSED, "redirect (HTTP 308). Set REASONER_URL to its final address"),
    "bad certificate": (FailureKind.TRANSIENT, "certificate is not one that this machine trusts"),
    "no https": (FailureKind.TRANSIENT, "does not speak https. Set REASONER_URL to http://"),
    "not JSON": (FailureKind.INVALID, "not JSON. Check that REASONER_URL points at the engine"),
}


def _app() -> web.Application:
    """One server with every fault of an HTTP kind, each under a path of its own."""

    def say(status: int, text: str, kind: str = "application/json", **headers: str) -> Any:
        async def handler(_: web.Request) -> web.Response:
            return web.Response(status=status, text=text, content_type=kind, headers=headers)

        return handler

    app = web.Application()
    for name, handler in {
        "service": say(200, '{"status": "ok", "data": {"id": "x"}}'),
        "site": say(200, "<!DOCTYPE html><title>Shop</title>", "text/html"),
        "other": say(200, '{"object": "list", "data": [{"id": "another-model", "max_model_len": 4096}]}'),
        "none": say(200, '{"object": "list", "data": []}'),
        "key": say(401, '{"error": "Unauthorized"}'),
        "moved": say(308, "", location="https://elsewhere.example/v1/models"),
        "words": say(200, "OK", "text/plain"),
    }.items():
        app.router.add_get(f"/{name}/v1/models", handler)
    return app


@contextlib.contextmanager
def wrong_addresses(folder: Path) -> Iterator[dict[str, str]]:
    """The address of every fault, by its name; a certificate that nobody vouches for is made in `folder`."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(in_thread(_app()))
        safe = stack.enter_context(in_thread(_app(), _own_certificate(folder)))
        banner = stack.enter_context(running_tcp(b"220 mail.example ESMTP ready\r\n"))
        silent = stack.enter_context(running_tcp(b""))
        base = f"http://127.0.0.1:{port}"
        yield {
            "no server": "http://127.0.0.1:9/v1",
            "no such name": "http://engine.invalid:8000/v1",
            "another protocol": f"http://127.0.0.1:{banner}/v1",
            "hangs up": f"http://127.0.0.1:{silent}/v1",
            "another web service": f"{base}/service/v1",
            "a web site": f"{base}/site/v1",
            "no such path": f"{base}/nothing/v1",
            "another model": f"{base}/other/v1#model=asked-for",
            "no model": f"{base}/none/v1",
            "wants a key": f"{base}/key/v1",
            "redirects": f"{base}/moved/v1",
            "bad certificate": f"https://127.0.0.1:{safe}/other/v1",
            "no https": f"https://127.0.0.1:{port}/other/v1",
            "not JSON": f"{base}/words/v1",
        }


def _own_certificate(folder: Path) -> ssl.SSLContext:
    """A certificate that nobody but itself vouches for."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=engine",
    ]
    try:
        subprocess.run(
            [*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("no openssl on this machine; `apt-get install openssl` brings it")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
