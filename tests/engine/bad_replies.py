"""Replies that are no verdict, each with the one kind of failure that it is; and odd ones that still are a verdict."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from inference import FailureKind
from tests.engine.examples import FIELDS, MODEL, changed, reply

GOOD = json.dumps(FIELDS)
INVALID, CUT_OFF, WRONG_MODEL = FailureKind.INVALID, FailureKind.CUT_OFF, FailureKind.WRONG_MODEL


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply on the wire and the kind of failure it means; None stands for a verdict."""

    name: str
    kind: FailureKind | None
    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


def _null(*, finish: str = "stop", **message: Any) -> dict[str, Any]:
    answer = reply("x", finish=finish)
    answer["choices"][0]["message"] |= {"content": None, **message}
    return answer


def _without_content() -> dict[str, Any]:
    answer = reply()
    del answer["choices"][0]["message"]["content"]
    return answer


_CHATS: Final[list[tuple[str, Any, FailureKind]]] = [
    ("not an object", [], INVALID),
    ("null", None, INVALID),
    ("a string", "allowed", INVALID),
    ("no choices", {"model": MODEL}, INVALID),
    ("empty choices", {"model": MODEL, "choices": []}, INVALID),
    ("two choices", {"model": MODEL, "choices": reply()["choices"] * 2}, INVALID),
    ("choice not an object", {"model": MODEL, "choices": ["allowed"]}, INVALID),
    ("no message", {"model": MODEL, "choices": [{"finish_reason": "stop"}]}, INVALID),
    ("other model", {**reply(), "model": "other"}, WRONG_MODEL),
    ("no model", {key: value for key, value in reply().items() if key != "model"}, WRONG_MODEL),
    ("cut anywhere", reply(finish="length"), CUT_OFF),
    ("cut in the final", reply('{"label": "allowed"', finish="length"), CUT_OFF),
    ("whole but at the limit", reply(GOOD, finish="length"), CUT_OFF),
    ("not finished", reply(finish=None), INVALID),
    ("aborted", reply(finish="abort"), INVALID),
    ("filtered", reply(finish="content_filter"), INVALID),
    ("empty content", reply(""), INVALID),
    ("blank content", reply("  \n"), INVALID),
    ("structured content", reply([{"type": "text", "text": GOOD}]), INVALID),
    ("content a number", reply(0), INVALID),
    ("tool call", reply(tool_calls=[{"id": "1"}]), INVALID),
    ("refusal", reply(refusal="I can't help with that"), INVALID),
    ("control words before", reply(f"<|channel|>final<|message|>{GOOD}"), INVALID),
    ("control words inside", reply(changed(rationale="It is fine <|end|>")), INVALID),
    ("prose", reply("This is allowed."), INVALID),
    ("bare label", reply("allowed"), INVALID),
    ("bare digit", reply("0"), INVALID),
    ("prose before", reply(f"Here it is: {GOOD}"), INVALID),
    ("prose after", reply(f"{GOOD} Hope this helps"), INVALID),
    ("fenced", reply(f"```json\n{GOOD}\n```"), INVALID),
    ("two objects", reply(GOOD + GOOD), INVALID),
    ("array", reply(f"[{GOOD}]"), INVALID),
    ("half", reply(GOOD[:40]), INVALID),
    ("single quotes", reply(GOOD.replace('"', "'")), INVALID),
    ("trailing comma", reply(GOOD[:-1] + ",}"), INVALID),
    ("deeply nested", reply("[" * 100_000), INVALID),
    ("NaN", reply(GOOD.replace('"high"', "NaN")), INVALID),
    ("Infinity", reply(GOOD.replace('"high"', "Infinity")), INVALID),
    ("label twice", reply(GOOD[:-1] + ', "label": "allowed"}'), INVALID),
    ("no label", reply(changed(label=...)), INVALID),
    ("label in capitals", reply(changed(label="ALLOWED")), INVALID),
    ("label a number", reply(changed(label=0)), INVALID),
    ("label a list", reply(changed(label=["allowed"])), INVALID),
    ("label null", reply(changed(label=None)), INVALID),
    ("unknown label", reply(changed(label="safe")), INVALID),
    ("no confidence", reply(changed(confidence=...)), INVALID),
    ("confidence a number", reply(changed(confidence=0.9)), INVALID),
    ("no rationale", reply(changed(rationale="  ")), INVALID),
    ("rationale a list", reply(changed(rationale=["x"])), INVALID),
    ("sections a text", reply(changed(sections="SP-1")), INVALID),
    ("sections of numbers", reply(changed(sections=[1])), INVALID),
    ("violates without section", reply(changed(sections=[])), INVALID),
    ("violates under unknown sections", reply(changed(sections=["ZZ-9"])), INVALID),
    ("quotes a text", reply(changed(evidence_for="Cheap")), INVALID),
    ("quotes of objects", reply(changed(evidence_against=[{}])), INVALID),
    ("key not asked for", reply(changed(violation=0)), INVALID),
    ("another answer form", reply('{"violation": 0, "rule_ids": []}'), INVALID),
    ("content null", _null(reasoning="It sells."), INVALID),
    ("content and reasoning null", _null(reasoning=None), INVALID),
    ("the verdict in the reasoning only", _null(reasoning=GOOD), INVALID),
    ("the verdict in the old reasoning field only", _null(reasoning=None, reasoning_content=GOOD), INVALID),
    ("no content at all", _without_content(), INVALID),
    ("cut in the reasoning", _null(reasoning="It se", finish="length"), CUT_OFF),
    (
        "raw turns as content",
        reply(f"<|channel|>analysis<|message|>ok<|end|><|start|>assistant<|channel|>final {GOOD}"),
        INVALID,
    ),
    ("raw turns and cut", reply("<|channel|>analysis<|message|>ok", finish="length"), CUT_OFF),
    ("half a control word", reply(f"<|fin {GOOD}"), INVALID),
    ("a turn of the user", reply(role="user"), INVALID),
    ("a turn of a tool", reply(role="tool"), INVALID),
    ("another item's id", reply(changed(id="0190-other")), INVALID),
    ("another item's verdict inside", reply(json.dumps({"0190-other": FIELDS})), INVALID),
    ("verdicts on several items", reply(json.dumps({"verdicts": [FIELDS, FIELDS]})), INVALID),
    ("two objects on two lines", reply(f"{GOOD}\n{GOOD}"), INVALID),
    ("two answers that differ", reply(f"{changed(label='allowed')}\n{GOOD}"), INVALID),
    ("a JSON text of JSON", reply(json.dumps(GOOD)), INVALID),
    ("byte order mark", reply(f"\ufeff{GOOD}"), INVALID),
    ("label with a space", reply(changed(label="allowed ")), INVALID),
    ("label in another language", reply(changed(label="erlaubt")), INVALID),
    ("label true", reply(changed(label=True)), INVALID),
    ("label an object", reply(changed(label={"allowed": 1})), INVALID),
    ("both labels", reply(changed(label="violates|allowed")), INVALID),
    ("the schema instead of an answer", reply(json.dumps({"type": "object", "properties": {}})), INVALID),
    ("a thousand nines", reply(changed(confidence="HIGH").replace('"HIGH"', "9" * 10_000)), INVALID),
    ("empty object", reply("{}"), INVALID),
    ("null as JSON", reply("null"), INVALID),
    ("YAML", reply("label: allowed\nsections: []"), INVALID),
    ("XML", reply("<label>allowed</label>"), INVALID),
    ("apology", reply("I'm sorry, but I can't judge that."), INVALID),
    ("an error object with 200", {"error": {"message": "oops", "code": 500}}, INVALID),
    ("an error text with 200", {"error": "Unauthorized"}, INVALID),
    (
        "a completion of the old kind",
        {"model": MODEL, "choices": [{"text": GOOD, "finish_reason": "stop"}]},
        INVALID,
    ),
    (
        "a chunk of a stream",
        {"model": MODEL, "choices": [{"delta": {"content": GOOD}, "finish_reason": "stop"}]},
        INVALID,
    ),
    (
        "the other API's answer",
        {"model": MODEL, "output": [{"type": "message", "content": [{"text": GOOD}]}]},
        INVALID,
    ),
]


def _wire(name: str, kind: FailureKind, body: bytes | str, status: int = 200, **headers: str) -> Reply:
    data = body.encode() if isinstance(body, str) else body
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Reply(name, kind, data, status, {"content-type": "application/json"} | named)


_WHOLE = json.dumps(reply()).encode()
_ALLOWED = json.dumps(reply(changed(label="allowed", sections=[]))).encode()
_WIRE: Final = [
    _wire("no body", INVALID, ""),
    _wire("no content", INVALID, "", 204),
    _wire("plain text", INVALID, "allowed", content_type="text/plain"),
    _wire("a JSON text", INVALID, '"allowed"'),
    _wire("JSON null", INVALID, "null"),
    _wire("a list of answers", INVALID, b"[" + _ALLOWED + b"]"),
    _wire("two bodies", INVALID, _ALLOWED + _ALLOWED),
    _wire("half a body", INVALID, _ALLOWED[:200]),
    _wire("something after the body", INVALID, _ALLOWED + b"\nallowed"),
    _wire(
        "a stream", INVALID, b"data: " + _ALLOWED + b"\n\ndata: [DONE]\n\n", content_type="text/event-stream"
    ),
    _wire("not UTF-8", INVALID, _ALLOWED.replace(b"It sells.", b"It \xff\xfe sells.")),
    _wire("half a UTF-8 letter", INVALID, _ALLOWED.replace(b"It sells.", b"It \xe2\x82")),
    _wire("UTF-16", INVALID, _ALLOWED.decode().encode("utf-16")),
    _wire("NUL bytes", INVALID, b"\x00" * 500),
    _wire("NaN in the body", INVALID, _ALLOWED.replace(b"130", b"NaN")),
    _wire("a figure without end", INVALID, _ALLOWED.replace(b"130", b"1" * 10_000)),
    _wire("nested without end", INVALID, "[" * 400_000),
    _wire("over 1 MB", INVALID, b" " * 1_100_000 + _ALLOWED),
    _wire(
        "over 1 MB of verdict",
        INVALID,
        json.dumps(reply(changed(label="allowed", rationale="x" * 1_100_000))),
    ),
    _wire("compressed without asking", FailureKind.REFUSED, b"\x1f\x8b" + b"0" * 50, content_encoding="gzip"),
    _wire("a web page", FailureKind.TRANSIENT, "<!doctype html><p>allowed", content_type="text/html"),
    _wire("a web page called JSON", FailureKind.TRANSIENT, "\n <html><body>allowed</body></html>"),
    _wire("moved", FailureKind.REFUSED, "", 301, location="http://127.0.0.1:9/v1"),
    _wire("redirected with a verdict", FailureKind.REFUSED, _ALLOWED, 307, location="http://127.0.0.1:9/v1"),
    _wire("bad request with a verdict", FailureKind.REFUSED, _ALLOWED, 400),
    _wire("too long", FailureKind.TOO_LONG, '{"error": {"message": "maximum context length (2048)"}}', 400),
    _wire("too large", FailureKind.TOO_LONG, "", 413),
    _wire("unauthorised", FailureKind.UNAUTHORISED, '{"error": "Unauthorized"}', 401),
    _wire("forbidden page", FailureKind.UNAUTHORISED, "<html>403</html>", 403, content_type="text/html"),
    _wire("unknown model", WRONG_MODEL, '{"error": {"message": "x", "param": "model"}}', 404),
    _wire("unknown address", FailureKind.REFUSED, '{"detail": "Not Found"}', 404),
    _wire("no room in the queue", FailureKind.BUSY, "slow down", 429),
    _wire("engine busy", FailureKind.BUSY, '{"error": {"message": "The engine is currently busy"}}', 503),
    _wire("starting", FailureKind.TRANSIENT, "no healthy upstream", 503),
    _wire("broken with a verdict", FailureKind.TRANSIENT, _ALLOWED, 500),
    _wire("a proxy's page", FailureKind.TRANSIENT, "<html>502</html>", 502, content_type="text/html"),
    _wire("gateway timed out", FailureKind.TRANSIENT, "", 504),
    _wire("request timed out", FailureKind.TRANSIENT, "", 408),
]
BAD: Final = (*(Reply(name, kind, json.dumps(answer).encode()) for name, answer, kind in _CHATS), *_WIRE)
ODD: Final = tuple(
    Reply(name, None, json.dumps(answer).encode())
    for name, answer in (
        ("space around", reply(f"\n {GOOD} \n")),
        ("an unknown section beside a known one", reply(changed(sections=["SP-1", "ZZ-9"]))),
        (
            "quotes from another item",
            reply(changed(evidence_for=["My cat is ill"], evidence_against=["Buy now"])),
        ),
        ("more quotes than asked for", reply(changed(evidence_for=["Cheap", "followers", "today"] * 9))),
        ("keys in another order", reply(json.dumps(dict(reversed(FIELDS.items()))))),
        ("no usage", {key: value for key, value in reply().items() if key != "usage"}),
        ("the reasoning under its old name", reply(reasoning=None, reasoning_content="Older.")),
        ("reasoning that is no text", reply(reasoning=[1])),
        ("lists of nothing", reply(tool_calls=[], refusal=None, function_call=None)),
        ("fields of a newer engine", {**reply(), "metrics": {"x": 1}, "ec_transfer_params": None}),
        ("no role", reply(role=None)),
        ("a script in the rationale", reply(changed(rationale="<script>alert(1)</script>"))),
    )
)
