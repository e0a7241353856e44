"""A REASONER_URL that cannot work says in one sentence what is wrong, from the client and from `reasoner check`."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiohttp import web
from django.core.management import CommandError, call_command

from inference import EngineUnavailable, Failure, Reasoner
from inference.addresses import Address, read_address
from tests.engine.examples import ITEM, MODEL, POLICY
from tests.engine.live import in_thread
from tests.engine.wrong_addresses import EXPECTED, wrong_addresses


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with wrong_addresses(tmp_path_factory.mktemp("tls")) as found:
        yield found


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
