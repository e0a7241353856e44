"""The client against scripted faults of a live stand-in: every one ends as a failure of the right kind."""

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from inference import EngineUnavailable, Failure, FailureKind, ItemText, Label, Reasoner, Verdict
from inference.reasoner import engine_load
from inference.standin import Options, Standin
from inference.standin_wire import MODEL
from tests.engine.conftest import running_standin
from tests.engine.examples import ITEM, POLICY

T = TypeVar("T")
FAULTS: dict[str, tuple[dict[str, Any], FailureKind]] = {
    "server-error": ({"do": "status", "status": 500}, FailureKind.TRANSIENT),
    "bad-gateway": ({"do": "status", "status": 502, "body": "<html>502</html>"}, FailureKind.TRANSIENT),
    "starting": ({"do": "status", "status": 503, "body": "no healthy upstream"}, FailureKind.TRANSIENT),
    "queue-full": ({"do": "status", "status": 503}, FailureKind.BUSY),
    "slow-down": ({"do": "status", "status": 429}, FailureKind.BUSY),
    "forbidden": ({"do": "status", "status": 403}, FailureKind.UNAUTHORISED),
    "teapot": ({"do": "status", "status": 418}, FailureKind.REFUSED),
    "redirect": ({"do": "status", "status": 307, "body": "elsewhere"}, FailureKind.REFUSED),
    "too-large": ({"do": "status", "status": 413}, FailureKind.TOO_LONG),
    "not-json": ({"do": "status", "status": 200, "body": "OK"}, FailureKind.INVALID),
    "huge": ({"do": "status", "status": 200, "body": "x" * 1_100_000}, FailureKind.INVALID),
    "web-page": ({"do": "html"}, FailureKind.TRANSIENT),
    "garbage": ({"do": "garbage"}, FailureKind.INVALID),
    "cut-reasoning": ({"do": "cut_off", "where": "reasoning"}, FailureKind.CUT_OFF),
    "cut-header": ({"do": "cut_off", "where": "header"}, FailureKind.CUT_OFF),
    "cut-final": ({"do": "cut_off", "where": "final"}, FailureKind.CUT_OFF),
    "empty": ({"do": "empty"}, FailureKind.INVALID),
    "both-null": ({"do": "both_null"}, FailureKind.INVALID),
    "wrong-ids": ({"do": "wrong_ids"}, FailureKind.INVALID),
    "wrong-model": ({"do": "wrong_model"}, FailureKind.WRONG_MODEL),
    "leak": ({"do": "leak"}, FailureKind.INVALID),
    "truncated": ({"do": "truncated"}, FailureKind.TRANSIENT),
    "reset": ({"do": "reset"}, FailureKind.TRANSIENT),
    "hang": ({"do": "hang"}, FailureKind.TIMEOUT),
}


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def until_running(reasoner: Reasoner) -> int:
    """Waits until the engine works on a call, at most 10 s; gives how many."""
    async with asyncio.timeout(10):
        while not (running := (await reasoner.load()).running):
            await asyncio.sleep(0.02)
        return running


async def ask(
    url: str, item: ItemText = ITEM, *, deadline: float = 10.0, **options: Any
) -> Verdict | Failure:
    async with Reasoner(url, **options) as reasoner:
        return await reasoner.judge(POLICY, item, deadline=deadline)


@pytest.fixture(scope="module")
def faulty(start_standin: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    script = tmp_path_factory.mktemp("script") / "faults.jsonl"
    rules = [{"contains": f"fault:{name}.", **rule} for name, (rule, _) in FAULTS.items()]
    script.write_text("\n".join(json.dumps(rule) for rule in rules))
    return start_standin("--script", str(script)) + "/v1"


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_becomes_a_failure_of_its_kind(faulty: str, name: str) -> None:
    item = ItemText("1", f"Cheap followers today, fault:{name}.")
    result = run(ask(faulty, item, deadline=0.7 if name == "hang" else 10.0))
    assert isinstance(result, Failure)
    assert result.kind is FAULTS[name][1]
    assert len(result.prompt_hash) == 64
    assert "followers" not in result.reason


def test_a_good_answer_is_a_verdict_that_says_it_is_practice(faulty: str) -> None:
    verdict = run(ask(faulty))
    assert isinstance(verdict, Verdict)
    assert (verdict.label, verdict.sections, verdict.model) == (Label.VIOLATES, ("SP-1",), MODEL)
    assert verdict.rationale.startswith("Practice:")
    assert "not a language model" in verdict.rationale
    assert verdict.evidence_for[0] in ITEM.text
    assert verdict.usage.reasoning_tokens > 0


def test_the_engine_says_who_it_is(faulty: str) -> None:
    async def ask_twice() -> tuple[Any, Any]:
        async with Reasoner(faulty) as reasoner:
            before = await reasoner.identity()
            await reasoner.judge(POLICY, ITEM)
            return before, await reasoner.identity()

    before, after = run(ask_twice())
    assert (before.model, before.practice, before.max_model_len) == (MODEL, True, 16_384)
    assert before.signature == after.signature
    assert (before.fingerprint, bool(after.fingerprint)) == ("", True)


def test_a_model_that_is_not_served_is_named(faulty: str) -> None:
    result = run(ask(faulty, model="gpt-oss-safeguard"))
    assert isinstance(result, Failure)
    assert result.kind is FailureKind.WRONG_MODEL
    assert "gpt-oss-safeguard" in result.reason


def test_an_item_that_leaves_no_room_for_the_answer_is_judged_in_parts(faulty: str) -> None:
    result = run(ask(faulty, ItemText("1", "word " * 16_000)))
    assert isinstance(result, Verdict)
    assert result.parts == 2


def test_an_engine_that_is_away_is_transient_and_not_healthy() -> None:
    async def look() -> tuple[Verdict | Failure, bool]:
        async with Reasoner("http://127.0.0.1:9/v1") as reasoner:
            return await reasoner.judge(POLICY, ITEM), await reasoner.healthy()

    result, healthy = run(look())
    assert isinstance(result, Failure)
    assert (result.kind, healthy) == (FailureKind.TRANSIENT, False)


def test_a_wrong_key_is_unauthorised(start_standin: Callable[..., str]) -> None:
    url = start_standin("--api-key", "right") + "/v1"
    wrong, right = run(ask(url, api_key="wrong")), run(ask(url, api_key="right"))
    assert isinstance(wrong, Failure)
    assert wrong.kind is FailureKind.UNAUTHORISED
    assert isinstance(right, Verdict)


def test_a_call_that_runs_out_of_time_frees_the_engine(start_standin: Callable[..., str]) -> None:
    url = start_standin("--delay", "30") + "/v1"

    async def give_up() -> tuple[int, float]:
        async with Reasoner(url) as reasoner, Reasoner(url) as watcher:
            call = asyncio.create_task(reasoner.judge(POLICY, ITEM, deadline=2))
            running = await until_running(watcher)
            assert isinstance(await call, Failure)
            closed = time.monotonic()
            while (await watcher.load()).running:
                await asyncio.sleep(0.01)
            return running, time.monotonic() - closed

    running, seconds = run(give_up())
    assert running == 1
    assert seconds < 0.3


def test_a_plain_standin_answers_all_alike(start_standin: Callable[..., str]) -> None:
    result = run(ask(f"{start_standin('--plain')}/v1"))
    assert isinstance(result, Verdict) and result.label is Label.ALLOWED


def test_uneven_delays_scatter_around_the_one_asked_for_and_repeat_with_their_seed() -> None:
    options = Options(delay=2.0, spread=0.4, seed=7)
    draws = [[server.next_delay() for _ in range(999)] for server in (Standin(options), Standin(options))]
    assert draws[0] == draws[1] and sorted(draws[0])[499] == pytest.approx(2.0, rel=0.1)
    assert max(draws[0]) > 4 and Standin(Options(delay=2.0)).next_delay() == 2.0


def test_calls_over_the_seats_wait_and_over_the_queue_are_refused(start_standin: Callable[..., str]) -> None:
    url = start_standin("--max-num-seqs", "2", "--max-num-queued-reqs", "3", "--delay", "0.5") + "/v1"

    async def burst() -> list[Verdict | Failure]:
        async with Reasoner(url) as reasoner:
            await reasoner.judge(POLICY, ITEM)
            return await asyncio.gather(*(reasoner.judge(POLICY, ITEM) for _ in range(9)))

    results = run(burst())
    refused = [result.kind for result in results if isinstance(result, Failure)]
    assert refused == [FailureKind.BUSY] * 4


@pytest.mark.parametrize(("options", "expected"), [((), Failure), (("--shutdown-timeout", "10"), Verdict)])
def test_sigterm_aborts_running_calls_unless_given_time(options: tuple[str, ...], expected: type) -> None:
    async def ask_and_stop(url: str, server: "subprocess.Popen[str]") -> Verdict | Failure:
        async with Reasoner(url) as reasoner:
            call = asyncio.create_task(reasoner.judge(POLICY, ITEM, deadline=20))
            assert await until_running(reasoner) == 1
            server.send_signal(signal.SIGTERM)
            return await call

    with running_standin("--delay", "2", *options) as (address, server):
        result = run(ask_and_stop(f"{address}/v1", server))
        assert isinstance(result, expected)
        if isinstance(result, Failure):
            assert (result.kind, "500" in result.reason) == (FailureKind.TRANSIENT, True)
        assert server.wait(10) == 0


def test_a_script_can_kill_the_engine(tmp_path: Path) -> None:
    script = tmp_path / "die.json"
    script.write_text('[{"calls": [2], "do": "die"}]')
    with running_standin("--script", str(script)) as (address, server):
        assert isinstance(run(ask(f"{address}/v1")), Verdict)
        second = run(ask(f"{address}/v1"))
        assert isinstance(second, Failure)
        assert second.kind is FailureKind.TRANSIENT
        assert server.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://x/v1", "http://user:pw@host/v1", "http://h/v1?key=1"]
)
def test_an_address_that_cannot_work_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="REASONER_URL must look like"):
        Reasoner(url)


def test_metrics_are_summed_over_engines_and_old_names_are_read() -> None:
    text = (
        'vllm:num_requests_running{engine="0"} 3.0\nvllm:num_requests_running{engine="1"} 2\n'
        'vllm:num_requests_waiting{engine="0"} NaN\nvllm:gpu_cache_usage_perc 0.5\nother 1\nbroken'
    )
    load = engine_load(text)
    assert (load.running, load.waiting, load.kv_usage, load.prefix_hit_rate) == (5, 0, 0.5, None)


def test_an_engine_without_metrics_page_says_so(faulty: str) -> None:
    async def look() -> None:
        async with Reasoner(faulty.replace("/v1", "/elsewhere/v1")) as reasoner:
            await reasoner.load()

    with pytest.raises(EngineUnavailable, match="no such address"):
        run(look())
