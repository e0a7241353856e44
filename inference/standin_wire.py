"""The stand-in's words on the wire: request checks, error bodies, completions, metrics, as the real server has them."""

import hashlib
import json
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inference import tokens

MODEL = "practice-reasoner-v1"
VERSION = "0.32.0"
FINGERPRINT = "practice-reasoner-v1-wording"
EMPTY_FRAME = 63
FRAME = 74
BLOCK = 128
# Tokens of the control words around an answer: before the reasoning, between it and the final text, at the end.
BEFORE, BETWEEN, AFTER = 3, 9, 1
BUSY = (
    "The engine is currently busy and cannot accept new requests. "
    "Please try again later or on a different instance."
)
ABORTED = {
    "error": {
        "message": "EngineCore encountered an issue. See stack trace (above) for the root cause.",
        "type": "InternalServerError",
        "param": None,
        "code": 500,
    }
}
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_ROLES = ("user", "assistant", "system", "developer", "tool")


class RequestRefused(Exception):
    """A request that the real server would refuse: HTTP status and the body's error object."""

    def __init__(self, status: int, message: str, kind: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": parameter, "code": status}}


@dataclass(frozen=True, slots=True)
class Asked:
    """A chat request that passed the checks."""

    model: str
    developer: str
    user: str
    prompt_tokens: int
    limit: int
    stream: bool
    include_usage: bool
    include_reasoning: bool
    prefix: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What is sent back; None stands for null."""

    content: str | None
    reasoning: str | None
    finish: str
    reasoning_tokens: int
    completion_tokens: int


def decoded(body: bytes) -> dict[str, Any]:
    """The request's JSON object. Raises RequestRefused in the real server's words."""
    try:
        value = json.loads(body)
    except ValueError as error:
        position = getattr(error, "pos", 0)
        where, message = f"body.{position}", getattr(error, "msg", str(error))
        raise _validation(
            "json_invalid", where, "JSON decode error", f", 'ctx': {{'error': '{message}'}}"
        ) from None
    if not isinstance(value, dict):
        raise _validation("model_attributes_type", "body", "Input should be a valid dictionary")
    return value


def checked(body: dict[str, Any], max_model_len: int, name: str = MODEL) -> Asked:
    """The request as asked for, or RequestRefused. Unknown fields are ignored, a large limit is clamped."""
    if "messages" not in body:
        raise _validation("missing", "body.messages", "Field required")
    messages = body["messages"]
    if not isinstance(messages, list):
        raise _validation("list_type", "body.messages", "Input should be a valid list")
    _check_effort(body.get("reasoning_effort"))
    _check_model(body.get("model"), name)
    _check_temperature(body.get("temperature"))
    _check_format(body.get("response_format"))
    texts = [_text(message) for message in messages]
    developer = next((text for role, text in texts if role in ("developer", "system")), "")
    user = next((text for role, text in reversed(texts) if role == "user"), "")
    count = _prompt_tokens([text for _, text in texts])
    if count >= max_model_len:
        message = f"Input length ({count}) exceeds model's maximum context length ({max_model_len})."
        raise RequestRefused(400, message, "BadRequestError")
    options = body.get("stream_options") or {}
    return Asked(
        model=str(body["model"]),
        developer=developer,
        user=user,
        prompt_tokens=count,
        limit=_limit(body, max_model_len - count),
        stream=body.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        include_reasoning=body.get("include_reasoning") is not False,
        prefix=hashlib.sha256(developer.encode(errors="replace")).hexdigest(),
    )


PLAIN = json.dumps(
    {
        "label": "allowed",
        "sections": [],
        "evidence_for": [],
        "evidence_against": [],
        "confidence": "high",
        "rationale": "Practice: answers everything alike. It is not a language model.",
    }
)
"""The content of an answer that depends on nothing, for measurements of whoever asks."""


def unread(data: bytes, name: str = MODEL) -> Asked:
    """A request that is answered without a look at it; what a script may look for in it is the whole body."""
    return Asked(name, "", data.decode(errors="replace"), 100, 1024, False, False, True, "")


def _validation(kind: str, where: str, message: str, extra: str = "") -> RequestRefused:
    detail = f"1 validation error:\n  {{'type': '{kind}', 'loc': '{where}', 'msg': '{message}'{extra}}}"
    return RequestRefused(400, detail, "Bad Request", where)


def _check_effort(effort: object) -> None:
    if effort is None:
        return
    if effort not in _EFFORTS:
        words = f"{', '.join(repr(word) for word in _EFFORTS[:-1])} or 'max'"
        raise _validation("literal_error", "body.reasoning_effort", f"Input should be {words}")
    if effort not in ("low", "medium", "high"):
        message = f"Harmony does not support reasoning_effort={effort!r} (parameter=reasoning_effort)"
        raise RequestRefused(400, message, "BadRequestError", "reasoning_effort")


def _check_model(model: object, name: str) -> None:
    if model != name:
        message = f"The model `{model}` does not exist. Valid aliases: {name}."
        raise RequestRefused(404, message, "NotFoundError", "model")


def _check_temperature(temperature: object) -> None:
    if isinstance(temperature, int | float) and temperature < 0:
        value = float(temperature)
        message = f"temperature must be non-negative, got {value}. (parameter=temperature, value={value})"
        raise RequestRefused(400, message, "BadRequestError", "temperature")


def _check_format(wanted: object) -> None:
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return
    described = wanted.get("json_schema")
    if not isinstance(described, dict):
        message = (
            "When response_format type is 'json_schema', the 'json_schema' field must be provided. "
            "(parameter=response_format)"
        )
        raise RequestRefused(400, message, "BadRequestError", "response_format")
    schema = described.get("schema")
    if isinstance(schema, dict) and schema.get("type") not in (
        None,
        "object",
        "array",
        "string",
        "integer",
        "number",
    ):
        raise RequestRefused(400, "Invalid grammar specification: 'triggers'", "BadRequestError")


def _text(message: object) -> tuple[str, str]:
    """Role and text of one message; structured parts are joined as the real server joins them."""
    role = message.get("role") if isinstance(message, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if role not in _ROLES:
        detail = (
            "1 validation error for Author\nrole\n  Input should be 'user', 'assistant', 'system', 'developer' or "
            f"'tool' [type=enum, input_value={role!r}, input_type={type(role).__name__}]"
        )
        raise RequestRefused(400, detail, "BadRequestError")
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(role), content if isinstance(content, str) else ""


def _prompt_tokens(texts: list[str]) -> int:
    if not texts:
        return EMPTY_FRAME
    return FRAME + tokens.count_once(texts[0]) + sum(tokens.count(text) for text in texts[1:])


def _limit(body: dict[str, Any], room: int) -> int:
    """The output limit in tokens: what was asked for, silently clamped to the room left."""
    asked = body.get("max_completion_tokens") or body.get("max_tokens")
    if asked is not None and (not isinstance(asked, int) or asked < 1):
        message = f"max_tokens must be at least 1, got {asked}."
        raise RequestRefused(400, message, "BadRequestError", "max_tokens")
    return min(asked or room, room)


def answered(content: str, reasoning: str, limit: int) -> Answered:
    """The whole answer, or what is left of it where the limit falls: in the reasoning, the header or the final."""
    thought, said = tokens.count(reasoning), tokens.count(content)
    whole = BEFORE + thought + BETWEEN + said + AFTER
    if whole <= limit:
        return Answered(content, reasoning, "stop", thought, whole)
    if limit <= BEFORE + thought:
        left = max(limit - BEFORE, 0)
        return Answered(None, tokens.cut(reasoning, left), "length", left, limit)
    left = limit - BEFORE - thought - BETWEEN
    return Answered(tokens.cut(content, left) if left > 0 else None, reasoning, "length", thought, limit)


class PrefixCache:
    """Which prompts were seen, for `cached_tokens`: whole blocks of what two prompts share at the start."""

    def __init__(self, size: int = 512) -> None:
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._size = size

    def cached(self, asked: Asked) -> int:
        """Tokens of this prompt that an earlier prompt already brought, in whole blocks."""
        whole = hashlib.sha256(f"{asked.prefix}{asked.user}".encode(errors="replace")).hexdigest()
        if self._hit(whole):
            return (asked.prompt_tokens - 1) // BLOCK * BLOCK
        shared = EMPTY_FRAME + tokens.count_once(asked.developer)
        return min(shared, asked.prompt_tokens - 1) // BLOCK * BLOCK if self._hit(asked.prefix) else 0

    def _hit(self, key: str) -> bool:
        hit = key in self._seen
        self._seen[key] = 1
        self._seen.move_to_end(key)
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return hit


def usage(asked: Asked, given: Answered, cached: int) -> dict[str, Any]:
    """The usage object of one call."""
    return {
        "prompt_tokens": asked.prompt_tokens,
        "total_tokens": asked.prompt_tokens + given.completion_tokens,
        "completion_tokens": given.completion_tokens,
        "prompt_tokens_details": {
            "cached_tokens": cached,
            "created_cache_tokens": 0,
            "multimodal_tokens": None,
        },
        "completion_tokens_details": {"reasoning_tokens": given.reasoning_tokens},
    }


def completion(asked: Asked, given: Answered, cached: int, model: str) -> dict[str, Any]:
    """The body of a chat completion, every field of the real one."""
    message = {
        "role": "assistant",
        "content": given.content,
        "refusal": None,
        "annotations": None,
        "audio": None,
        "function_call": None,
        "reasoning": given.reasoning if asked.include_reasoning else None,
    }
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": given.finish,
        "stop_reason": None,
        "token_ids": None,
        "routed_experts": None,
    }
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex[:16]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
        "service_tier": None,
        "system_fingerprint": FINGERPRINT,
        "usage": usage(asked, given, cached),
        "prompt_logprobs": None,
        "prompt_token_ids": None,
        "prompt_text": None,
        "kv_transfer_params": None,
        "ec_transfer_params": None,
        "metrics": None,
    }


def stream_events(asked: Asked, given: Answered, cached: int, model: str) -> Iterator[bytes]:
    """The same answer as server-sent events: role, reasoning, content, finish, usage where asked, [DONE]."""
    shared = {
        "id": f"chatcmpl-{uuid.uuid4().hex[:16]}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    if asked.include_reasoning:
        deltas += [{"reasoning": piece} for piece in _pieces(given.reasoning)]
    deltas += [{"content": piece} for piece in _pieces(given.content)]
    for delta in deltas:
        yield event(
            {**shared, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}
        )
    last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": given.finish, "stop_reason": None}
    yield event({**shared, "choices": [last], "system_fingerprint": FINGERPRINT})
    if asked.include_usage:
        yield event(
            {**shared, "choices": [], "usage": usage(asked, given, cached), "system_fingerprint": FINGERPRINT}
        )
    yield b"data: [DONE]\n\n"


def event(value: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


def _pieces(text: str | None) -> list[str]:
    return [text[at : at + 24] for at in range(0, len(text), 24)] if text else []


def models(max_model_len: int, name: str = MODEL) -> dict[str, Any]:
    """The body of GET /v1/models."""
    permission = {
        "id": f"modelperm-{name}",
        "object": "model_permission",
        "created": int(time.time()),
        "allow_create_engine": False,
        "allow_sampling": True,
        "allow_logprobs": True,
        "allow_search_indices": False,
        "allow_view": True,
        "allow_fine_tuning": False,
        "organization": "*",
        "group": None,
        "is_blocking": False,
    }
    model = {
        "id": name,
        "object": "model",
        "created": int(time.time()),
        "owned_by": "vllm",
        "root": name,
        "parent": None,
        "max_model_len": max_model_len,
        "permission": [permission],
    }
    return {"object": "list", "data": [model]}
