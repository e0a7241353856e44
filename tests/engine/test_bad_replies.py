"""Every reply is a verdict or exactly one kind of failure: each goes over a real socket to the real client."""

import asyncio
import json

import pytest
from aiohttp import web

from inference import Failure, FailureKind, Label, Reasoner, Verdict
from inference.verdict import parse
from tests.engine.bad_replies import BAD, ODD, Reply
from tests.engine.examples import ITEM, MODEL, POLICY

REPLIES = (*BAD, *ODD)


def _app() -> web.Application:
    """An engine under `/N/v1` for every reply: it lists the model and answers each chat with reply N."""

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": MODEL, "max_model_len": 16_384}]})

    async def chat(request: web.Request) -> web.StreamResponse:
        reply = REPLIES[int(request.match_info["place"])]
        return web.Response(body=reply.body, status=reply.status, headers=reply.headers)

    app = web.Application()
    app.router.add_get("/{place}/v1/models", models)
    app.router.add_post("/{place}/v1/chat/completions", chat)
    return app


async def _ask_all() -> list[Verdict | Failure]:
    runner = web.AppRunner(_app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    answers = []
    try:
        for place in range(len(REPLIES)):
            async with Reasoner(f"http://127.0.0.1:{port}/{place}/v1") as reasoner:
                answers.append(await reasoner.judge(POLICY, ITEM, deadline=30))
        return answers
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def answers() -> dict[str, Verdict | Failure]:
    """What the client made of every reply, by its name."""
    found = asyncio.run(_ask_all())
    return {reply.name: answer for reply, answer in zip(REPLIES, found, strict=True)}


def test_the_corpus_is_large_and_names_every_reply_once() -> None:
    assert len(BAD) >= 60
    assert len({reply.name for reply in REPLIES}) == len(REPLIES)
    assert {reply.kind for reply in BAD} == set(FailureKind) - {FailureKind.TIMEOUT}


@pytest.mark.parametrize("reply", BAD, ids=lambda reply: reply.name)
def test_a_bad_reply_is_one_kind_of_failure_that_says_why(
    answers: dict[str, Verdict | Failure], reply: Reply
) -> None:
    failure = answers[reply.name]
    assert isinstance(failure, Failure), failure
    assert failure.kind is reply.kind
    assert len(failure.prompt_hash) == 64
    assert failure.reason.endswith(".") and len(failure.reason) < 250
    assert "followers" not in failure.reason and "sells" not in failure.reason
    assert len(failure.raw.encode()) <= 32 * 1024 and "\x00" not in failure.raw


@pytest.mark.parametrize("reply", ODD, ids=lambda reply: reply.name)
def test_an_odd_reply_is_still_the_verdict_it_states(
    answers: dict[str, Verdict | Failure], reply: Reply
) -> None:
    verdict = answers[reply.name]
    assert isinstance(verdict, Verdict), verdict
    assert verdict.label is Label.VIOLATES
    assert set(verdict.sections) <= set(POLICY.section_ids)
    assert all(quote in ITEM.text for quote in (*verdict.evidence_for, *verdict.evidence_against))


def test_nothing_becomes_allowed_by_accident(answers: dict[str, Verdict | Failure]) -> None:
    allowed = [
        name
        for name, answer in answers.items()
        if isinstance(answer, Verdict) and answer.label is not Label.VIOLATES
    ]
    assert allowed == []


@pytest.mark.parametrize(
    "reply", [reply for reply in REPLIES if reply.status == 200], ids=lambda reply: reply.name
)
def test_cutting_a_reply_short_at_any_byte_never_makes_a_verdict(reply: Reply) -> None:
    body = reply.body[:3000]
    for end in range(1, len(body) - 1, 97):
        try:
            decoded = json.loads(body[:end])
        except (ValueError, RecursionError):
            continue
        assert isinstance(parse(decoded, POLICY, ITEM, model=MODEL), Failure)
