"""A REASONER_URL that cannot work says in one sentence what is wrong, from the client and from `reasoner check`."""

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django.core.management import CommandError, call_command

from inference import EngineUnavailable, Failure, FailureKind, Reasoner
from inference.addresses import Address, read_address
from tests.engine.examples import ITEM, MODEL, POLICY
from tests.engine.live import in_thread, running_tcp

Case = tuple[FailureKind, str]
EXPECTED: dict[str, Case] = {
    "no server": (FailureKind.TRANSIENT, "cannot be reached. Check that it runs"),
    "no such name": (FailureKind.TRANSIENT, "name is not known on this network"),
    "another protocol": (FailureKind.TRANSIENT, "does not speak HTTP. Check the port"),
    "hangs up": (FailureKind.TRANSIENT, "broke off"),
    "another web service": (FailureKind.REFUSED, "it lists no models"),
    "a web site": (FailureKind.REFUSED, "web page answered instead of the engine"),
    "no such path": (FailureKind.REFUSED, "no such address. Check that REASONER_URL ends in /v1"),
    "another model": (FailureKind.WRONG_MODEL, "does not serve asked-for"),
    "no model": (FailureKind.WRONG_MODEL, "lists no model"),
    "wants a key": (FailureKind.UNAUTHORISED, "does not accept the key. Check REASONER_API_KEY"),
    "redirects": (FailureKind.REFUSED, "redirect (HTTP 308). Set REASONER_URL to its final address"),
    "bad certificate": (FailureKind.TRANSIENT, "certificate is not one that this machine trusts"),
    "no https": (FailureKind.TRANSIENT, "does not speak https. Set REASONER_URL to http://"),
    "not JSON": (FailureKind.INVALID, "not JSON"),
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


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The address of every fault, by its name; all are real sockets of this machine."""
    folder = tmp_path_factory.mktemp("tls")
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


async def _probe(url: str) -> tuple[Failure, Failure, bool]:
    async with Reasoner(url) as reasoner:
        with pytest.raises(EngineUnavailable) as away:
            await reasoner.identity()
        answer = await reasoner.judge(POLICY, ITEM, deadline=10)
        assert isinstance(answer, Failure)
        return away.value.failure, answer, await reasoner.healthy()


@pytest.mark.parametrize("name", EXPECTED)
def test_the_client_says_in_one_sentence_or_two_what_is_wrong(addresses: dict[str, str], name: str) -> None:
    probed, judged, healthy = asyncio.run(_probe(addresses[name]))
    for failure in (probed, judged):
        assert (failure.kind, healthy) == (EXPECTED[name][0], False)
        assert EXPECTED[name][1] in failure.reason
        assert failure.reason.endswith(".") and failure.reason.count(". ") <= 2


@pytest.mark.parametrize("name", EXPECTED)
def test_reasoner_check_says_the_same_and_fails(
    addresses: dict[str, str], name: str, db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="not fit for use"):
        call_command("reasoner", "check", addresses[name])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("http")]
    assert len(lines) == 1 and EXPECTED[name][1] in lines[0]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:8000", "must look like http"),
        ("http://host:8000/v1#structured=maybe", "structured=maybe that is not known"),
        ("http://host:8000/v1#speed=9", "speed=9 that is not known. Known: structured=on|off"),
        ("http://host:8000/v1#model=", "model= that is not known"),
        ("http://host:8000/v1#fast", "option fast= that is not known"),
    ],
)
def test_an_address_that_cannot_be_read_says_what_it_must_look_like(url: str, message: str) -> None:
    with pytest.raises(ValueError) as wrong:
        read_address(url)
    assert message in str(wrong.value)


def test_an_address_carries_the_options_of_its_engine() -> None:
    assert read_address(" http://a:1/ ") == Address("http://a:1/v1")
    full = read_address("https://b/x/v1#structured=off&priority=on&model=openai/gpt-oss-safeguard-120b")
    assert full == Address("https://b/x/v1", False, True, "openai/gpt-oss-safeguard-120b")


@pytest.mark.parametrize(
    ("option", "owner", "asked"),
    [
        ("", "vllm", True),
        ("", "somebody", False),
        ("#structured=off", "vllm", False),
        ("#structured=on", "somebody", True),
    ],
)
def test_the_schema_is_asked_for_where_the_engine_is_vllm_or_the_address_says_so(
    option: str, owner: str, asked: bool
) -> None:
    assert ("response_format" in _sent(option, owner)) is asked


def test_a_priority_is_sent_only_where_the_address_says_so() -> None:
    assert "priority" not in _sent("", "vllm")
    assert _sent("#priority=on", "vllm")["priority"] == 7


def _sent(option: str, owner: str) -> dict[str, Any]:
    """The body that an engine of this owner gets."""
    bodies: list[dict[str, Any]] = []

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": MODEL, "owned_by": owner, "max_model_len": 8192}]})

    async def chat(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        return web.json_response({})

    async def ask(port: int) -> None:
        async with Reasoner(f"http://127.0.0.1:{port}/v1{option}") as reasoner:
            await reasoner.judge(POLICY, ITEM, priority=7)

    app = web.Application()
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", chat)
    with in_thread(app) as port:
        asyncio.run(ask(port))
    return bodies[0]


def test_a_key_that_no_header_can_hold_is_refused(start_standin: Callable[..., str]) -> None:
    with pytest.raises(ValueError, match="REASONER_API_KEY may hold only"):
        Reasoner("http://127.0.0.1:9/v1", "two words")


def test_other_weights_under_the_same_name_change_the_signature() -> None:
    async def signature(port: int) -> str:
        async with Reasoner(f"http://127.0.0.1:{port}/v1") as reasoner:
            return (await reasoner.identity()).signature

    signatures = []
    for root in ("/models/a", "/models/b", "/models/a"):
        app = web.Application()
        answer = web.json_response
        model = {"id": MODEL, "root": root, "max_model_len": 8192}
        app.router.add_get("/v1/models", _answering({"data": [model]}, answer))
        with in_thread(app) as port:
            signatures.append(asyncio.run(signature(port)))
    assert signatures[0] == signatures[2] != signatures[1]


def _answering(body: dict[str, Any], answer: Callable[..., web.Response]) -> Any:
    async def handler(_: web.Request) -> web.Response:
        return answer(body)

    return handler
