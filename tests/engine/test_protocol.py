"""One contract for the real server's recorded answers and the live stand-in: same shapes, same meaning to our client."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from inference.reasoner import engine_load
from inference.replies import classify
from inference.standin_wire import MODEL
from inference.types import FailureKind

FOLDER = Path(__file__).parent / "captures"
CHATS = [path.stem for path in sorted(FOLDER.glob("chat-*.json"))]
ERRORS: dict[str, FailureKind] = {
    "error-400-bad-effort": FailureKind.REFUSED,
    "error-400-bad-json-schema-type": FailureKind.REFUSED,
    "error-400-bad-role": FailureKind.REFUSED,
    "error-400-effort-none": FailureKind.REFUSED,
    "error-400-malformed-json": FailureKind.REFUSED,
    "error-400-missing-messages": FailureKind.REFUSED,
    "error-400-negative-temperature": FailureKind.REFUSED,
    "error-400-prompt-too-long": FailureKind.TOO_LONG,
    "error-401-no-key-chat": FailureKind.UNAUTHORISED,
    "error-401-wrong-key": FailureKind.UNAUTHORISED,
    "error-404-path": FailureKind.REFUSED,
    "error-404-unknown-model": FailureKind.WRONG_MODEL,
    "error-405": FailureKind.REFUSED,
}


def capture(name: str) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return recorded


@pytest.fixture(scope="module")
def address(start_standin: Callable[..., str]) -> str:
    return start_standin("--api-key", "test-key", "--max-model-len", "2048")


def replay(address: str, name: str) -> httpx.Response:
    """Sends a recorded request to the stand-in, under the stand-in's model name."""
    asked = capture(name)["request"]
    body = asked["body"]
    if isinstance(body, dict):
        body = dict(body)
        if body.get("model", "").startswith("openai/"):
            body["model"] = MODEL
        if name == "error-400-prompt-too-long":
            body["messages"][1]["content"] = "spam words here " * 1500
    headers = {"content-type": "application/json"}
    if not name.startswith("error-401"):
        headers["authorization"] = "Bearer test-key"
    elif name == "error-401-wrong-key":
        headers["authorization"] = "Bearer nope"
    content = body if isinstance(body, str) else json.dumps(body) if body is not None else None
    return httpx.request(
        asked["method"],
        address + asked["path"],
        content=content,
        headers=headers,
        trust_env=False,
        timeout=30,
    )


def shape(value: Any) -> Any:
    """Keys and types of a JSON value, without its words and numbers."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return type(value).__name__


@pytest.mark.parametrize("name", CHATS)
def test_a_chat_answer_has_the_recorded_shape(address: str, name: str) -> None:
    recorded, live = capture(name)["response"], replay(address, name)
    assert live.status_code == 200
    body = live.json()
    if body["choices"][0]["message"]["content"] is None or "length" in name:
        # How far a limit reaches depends on the answer's words; null or text is both right here.
        recorded["choices"][0]["message"]["content"] = body["choices"][0]["message"]["content"]
    assert shape(body) == shape(recorded)
    assert list(body) == list(recorded)
    assert body["usage"]["prompt_tokens"] == recorded["usage"]["prompt_tokens"]
    assert body["choices"][0]["finish_reason"] == recorded["choices"][0]["finish_reason"]


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_has_the_recorded_body_and_means_the_same_to_our_client(address: str, name: str) -> None:
    recorded, live = capture(name), replay(address, name)
    assert live.status_code == recorded["status"]
    assert shape(live.json()) == shape(recorded["response"])
    for body in (live.content, json.dumps(recorded["response"]).encode()):
        failure = classify(recorded["status"], body)
        assert failure is not None
        assert failure.kind is ERRORS[name]
    error, said = recorded["response"].get("error"), live.json().get("error")
    if isinstance(error, dict):
        assert (said["type"], said["param"], said["code"]) == (error["type"], error["param"], error["code"])
        assert re.sub(r"\W.*", "", said["message"]) == re.sub(r"\W.*", "", error["message"])
    else:
        assert live.json() == recorded["response"]


@pytest.mark.parametrize("name", ["health", "version", "models"])
def test_pages_about_the_server_have_the_recorded_shape(address: str, name: str) -> None:
    recorded, live = capture(name), replay(address, name)
    assert live.status_code == recorded["status"]
    if name == "health":
        assert live.content == b""
    else:
        assert shape(live.json()) == shape(recorded["response"])


def test_health_version_and_metrics_need_no_key(address: str) -> None:
    for path in ("/health", "/ping", "/version", "/metrics"):
        assert httpx.get(address + path, trust_env=False).status_code == 200


def test_every_metric_of_the_standin_is_one_of_the_real_servers(address: str) -> None:
    text = httpx.get(f"{address}/metrics", trust_env=False).text
    names = set(re.findall(r"^(vllm:\w+)\{", text, re.M))
    assert names <= set(capture("metrics-names"))
    assert {"vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"} <= names
    assert engine_load(text).running == 0


def test_the_queue_full_answer_means_busy() -> None:
    sample = capture("error-503-queue-full")["sample_rejection"]
    failure = classify(sample["status"], sample["body"].encode())
    assert failure is not None
    assert failure.kind is FailureKind.BUSY


def test_a_repeated_prompt_is_reported_as_cached(address: str) -> None:
    recorded = capture("chat-basic-again-prefix-cached")["response"]["usage"]
    replay(address, "chat-basic")
    live = replay(address, "chat-basic-again-prefix-cached").json()["usage"]
    assert (
        live["prompt_tokens_details"]["cached_tokens"] == recorded["prompt_tokens_details"]["cached_tokens"]
    )


def test_a_stream_brings_role_reasoning_content_finish_usage_and_done(address: str) -> None:
    body = capture("chat-basic")["request"]["body"] | {"model": MODEL, "stream": True}
    answer = httpx.post(
        f"{address}/v1/chat/completions",
        json=body | {"stream_options": {"include_usage": True}},
        headers={"authorization": "Bearer test-key"},
        trust_env=False,
    )
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    chunks = [json.loads(line) for line in lines]
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    kinds = [next(iter(chunk["choices"][0]["delta"]), "finish") for chunk in chunks[1:-1]]
    assert list(dict.fromkeys(kinds)) == ["reasoning", "content", "finish"]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["prompt_tokens"] == 130
