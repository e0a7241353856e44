"""The reasoner's client: the only module that knows HTTP. Every call ends in a Verdict or a Failure."""

import asyncio
import hashlib
import json
import math
import re
import time
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Self, TypeGuard, TypeVar

import aiohttp
import httpx
import msgspec
from httpx_aiohttp import AiohttpTransport

from inference.addresses import checked_key, read_address
from inference.prompt import prompt_hash, request_body, tokens_out
from inference.replies import MAX_RAW, classify, no_answer, unreadable
from inference.types import (
    Effort,
    EngineIdentity,
    EngineLoad,
    Failure,
    FailureKind,
    ItemText,
    PolicyText,
    Verdict,
)
from inference.verdict import capped, parse
from inference.windows import Part, parts, together

MAX_BODY_BYTES = 1024 * 1024
CONNECT_SECONDS = 2.0
PROBE_SECONDS = 5.0
MAX_CONNECTIONS = 1024
PARTS_AT_ONCE = 4
# Below the 5 s after which the engine's own server drops an idle connection, so that we drop it first.
KEEPALIVE_SECONDS = 4.0
PRACTICE_PREFIX = "practice-"
_NO_ENGINE = "What answers there is no engine: it lists no models. Check that REASONER_URL points at the engine, ending in /v1."
T = TypeVar("T")
_ID = re.compile(r"[\x21-\x7e]{1,200}")
_SAMPLE = re.compile(r"^(vllm:[a-z_]+)(?:\{[^}]*\})?\s+(\S+)", re.M)


class EngineUnavailable(Exception):
    """The engine did not say who it is or how busy it is; `failure` holds the kind and a plain reason."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Reasoner:
    """One engine behind one base URL that ends in `/v1`; options of its own may follow `#` (see addresses).

    `model` None means: the one the address names, else the first that the engine lists. `structured` None means: as
    the address says, else a JSON schema is asked for where the engine says that it is vLLM. Raises ValueError for an
    address or key that can never work. Use inside one event loop and close with `aclose()`.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str = "",
        model: str | None = None,
        *,
        structured: bool | None = None,
    ) -> None:
        address = read_address(base_url)
        self.base_url = address.url
        self._root = self.base_url.removesuffix("/v1")
        self._chat = httpx.URL(f"{self.base_url}/chat/completions")
        self._asked_model = address.model or model or None
        self._structured = address.structured if structured is None else structured
        self._prioritised = address.prioritised
        self._speaks_schema = False
        self._fingerprint = ""
        self._identity: EngineIdentity | None = None
        self._identifying = asyncio.Lock()
        self._headers = {"accept-encoding": "identity", "accept": "application/json"}
        if api_key:
            self._headers["authorization"] = f"Bearer {checked_key(api_key)}"
        # One large default httpx pool slows down with its size; aiohttp's connector does not. And a client around
        # the transport would merge, redirect and keep cookies at twice the processor time of a call.
        self._transport = AiohttpTransport(client=_session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes every connection; the engine then stops work on calls still running."""
        await self._transport.aclose()

    async def judge(
        self,
        policy: PolicyText,
        item: ItemText,
        effort: Effort = Effort.LOW,
        deadline: float = 60.0,
        *,
        larger: bool = False,
        priority: int | None = None,
    ) -> Verdict | Failure:
        """Judges one item under one policy version within `deadline` seconds, the engine's queue included.

        `larger` doubles the output budget, for the one retry after `cut_off`. `priority` (lower is sooner) is sent
        only where the address says `priority=on`. An item longer than the context is judged in parts. A call that
        runs out of time closes its socket, which frees the engine. Never raises for anything the engine does.
        """
        started = time.monotonic()
        sent: list[str] = []
        try:
            async with asyncio.timeout(deadline):
                identity = self._identity or await self.identity()
                pieces = self._parts(identity, policy, item, effort, larger)
                if isinstance(pieces, Failure):
                    return pieces
                turns = asyncio.Semaphore(PARTS_AT_ONCE)

                async def ask(part: Part) -> tuple[Part, Verdict | Failure]:
                    body = request_body(
                        policy,
                        part.item,
                        model=identity.model,
                        effort=effort,
                        structured=self._asks_schema(),
                        priority=priority if self._prioritised else None,
                        larger=larger,
                        part=(part.number, part.of) if part.of > 1 else None,
                        most=identity.max_model_len // 2,
                    )
                    sent.append(prompt_hash(body["messages"]))
                    async with turns:
                        return part, await self._ask(body, policy, part.item, identity.model, sent[-1])

                judged = await _all(ask(part) for part in pieces)
        except TimeoutError:
            reason = f"The engine gave no answer within {deadline:g} seconds."
            return Failure(FailureKind.TIMEOUT, reason, "", "".join(sent[:1]))
        except EngineUnavailable as problem:
            return problem.failure
        return together(judged, time.monotonic() - started)

    def calls_for(
        self, policy: PolicyText, item: ItemText, effort: Effort = Effort.LOW, *, larger: bool = False
    ) -> int:
        """How many calls `judge` has in flight at once for this: 1 where the item goes whole, else up to 4.

        1 too while the engine's context is not known.
        """
        if self._identity is None:
            return 1
        pieces = self._parts(self._identity, policy, item, effort, larger)
        return 1 if isinstance(pieces, Failure) else min(len(pieces), PARTS_AT_ONCE)

    def _parts(
        self, identity: EngineIdentity, policy: PolicyText, item: ItemText, effort: Effort, larger: bool
    ) -> tuple[Part, ...] | Failure:
        context = identity.max_model_len
        room = context - tokens_out(effort, larger=larger, most=context // 2)
        return parts(policy, item, room, context)

    async def _ask(
        self, body: dict[str, Any], policy: PolicyText, item: ItemText, model: str, sent_hash: str
    ) -> Verdict | Failure:
        """One call: what came of one body."""
        started = time.monotonic()
        try:
            reply = await self._send("POST", self._chat, body)
        except EngineUnavailable as problem:
            return _with_hash(problem.failure, sent_hash)
        except TimeoutError:
            return Failure(
                FailureKind.TIMEOUT, "The engine stopped in the middle of its answer.", "", sent_hash
            )
        return self._read(reply, policy, item, model, sent_hash, time.monotonic() - started)

    def _asks_schema(self) -> bool:
        return self._speaks_schema if self._structured is None else self._structured

    async def identity(self) -> EngineIdentity:
        """Asks the engine who it is. `fingerprint` is the last answer's, "" before the first one.

        `signature` is a hash of model, what was loaded under its name, version and context size; it does not change
        with the first answer.
        Raises EngineUnavailable; its failure is `wrong_model` where the asked model is not served.
        """
        async with self._identifying:
            try:
                async with asyncio.timeout(PROBE_SECONDS):
                    listed = _json(await self._get(f"{self.base_url}/models"))
                    version = _version(await self._send("GET", f"{self._root}/version"))
            except TimeoutError:
                raise EngineUnavailable(_silent()) from None
            self._identity = self._identified(listed, version)
            return self._identity

    async def healthy(self) -> bool:
        """Whether the engine's health page answers 200 within 5 s. Says nothing about the model."""
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return (await self._send("GET", f"{self._root}/health")).status == 200
        except (TimeoutError, EngineUnavailable):
            return False

    async def load(self) -> EngineLoad:
        """Reads the engine's metrics page. Raises EngineUnavailable where there is none."""
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                reply = await self._get(f"{self._root}/metrics")
        except TimeoutError:
            raise EngineUnavailable(_silent()) from None
        return engine_load(reply.body.decode(errors="replace"))

    async def _get(self, url: str) -> _Reply:
        reply = await self._send("GET", url)
        if problem := classify(reply.status, reply.body):
            raise EngineUnavailable(problem)
        return reply

    async def _send(self, method: str, url: str | httpx.URL, body: dict[str, Any] | None = None) -> _Reply:
        """One exchange with a capped body. Raises EngineUnavailable for anything short of a whole answer."""
        request = httpx.Request(
            method,
            url,
            headers=self._headers if body is None else self._headers | {"content-type": "application/json"},
            content=None if body is None else msgspec.json.encode(body),
            extensions={"timeout": {"connect": CONNECT_SECONDS}},
        )
        try:
            response = await self._transport.handle_async_request(request)
            async with aclosing(response):
                data = await _capped_body(response)
                return _Reply(response.status_code, response.headers, data)
        except httpx.ReadTimeout as error:
            raise TimeoutError from error
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise EngineUnavailable(no_answer(error)) from error

    def _read(
        self, reply: _Reply, policy: PolicyText, item: ItemText, model: str, sent_hash: str, seconds: float
    ) -> Verdict | Failure:
        if problem := classify(reply.status, reply.body):
            return _with_hash(problem, sent_hash)
        decoded = _decoded(reply.body)
        if decoded is None:
            return _with_hash(unreadable(reply.body), sent_hash)
        result = parse(decoded, policy, item, model=model, prompt_hash=sent_hash, seconds=seconds)
        if isinstance(result, Failure) and not result.raw:
            result = replace(result, raw=capped(reply.body.decode(errors="replace"), MAX_RAW))
        if isinstance(result, Verdict):
            self._fingerprint = result.fingerprint
        elif result.kind is FailureKind.WRONG_MODEL:
            self._identity = None
        return result

    def _identified(self, listed: Any, version: str) -> EngineIdentity:
        rows = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(rows, list):
            raise EngineUnavailable(Failure(FailureKind.REFUSED, _NO_ENGINE))
        models = [row for row in rows if isinstance(row, dict) and _is_id(row.get("id"))]
        if self._asked_model:
            models = [row for row in models if row["id"] == self._asked_model]
        if not models:
            raise EngineUnavailable(_not_served(self._asked_model))
        model, length = models[0]["id"], models[0].get("max_model_len")
        self._speaks_schema = models[0].get("owned_by") == "vllm"
        room = length if isinstance(length, int) and length > 0 else 0
        # The name is the operator's choice; the root is what was loaded under it.
        signed = json.dumps([model, version, room, str(models[0].get("root") or "")]).encode()
        return EngineIdentity(
            model=model,
            fingerprint=self._fingerprint,
            version=version,
            max_model_len=room,
            practice=model.startswith(PRACTICE_PREFIX),
            signature=hashlib.sha256(signed).hexdigest(),
        )


def engine_load(text: str) -> EngineLoad:
    """Reads Prometheus text with vLLM's names: counts are summed over engines, KV use is the fullest one's."""
    samples: dict[str, list[float]] = {}
    for name, value in _SAMPLE.findall(text):
        try:
            number = float(value)
        except ValueError:
            continue
        if math.isfinite(number):
            samples.setdefault(name, []).append(number)

    def total(name: str) -> int:
        return int(sum(samples.get(f"vllm:{name}", ())))

    kv = samples.get("vllm:kv_cache_usage_perc") or samples.get("vllm:gpu_cache_usage_perc") or [0.0]
    queries = total("prefix_cache_queries_total")
    return EngineLoad(
        running=total("num_requests_running"),
        waiting=total("num_requests_waiting"),
        kv_usage=max(kv),
        prefix_hit_rate=total("prefix_cache_hits_total") / queries if queries else None,
        preemptions=total("num_preemptions_total"),
        rejections=total("admission_rejections_total"),
    )


def _session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


async def _capped_body(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise EngineUnavailable(
            Failure(FailureKind.REFUSED, "The engine sent a compressed answer that was not asked for.")
        )
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > MAX_BODY_BYTES:
            begun = capped(bytes(data[:MAX_RAW]).decode(errors="replace"), MAX_RAW)
            raise EngineUnavailable(
                Failure(FailureKind.INVALID, "The engine's answer is larger than 1 MB.", begun)
            )
    return bytes(data)


def _decoded(body: bytes) -> Any:
    """The JSON of a body; None where it is not JSON in UTF-8, figures that are none (NaN) included."""
    try:
        return json.loads(body.decode(), parse_constant=_no_figure)
    except (ValueError, RecursionError):
        return None


def _no_figure(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _json(reply: _Reply) -> Any:
    decoded = _decoded(reply.body)
    if decoded is None:
        raise EngineUnavailable(_no_engine(unreadable(reply.body)))
    return decoded


def _no_engine(failure: Failure) -> Failure:
    """What is no answer of an engine at all, with what to do about it."""
    if failure.kind is not FailureKind.INVALID:
        return failure
    advice = "Check that REASONER_URL points at the engine, ending in /v1."
    return replace(failure, reason=f"{failure.reason} {advice}")


def _version(reply: _Reply) -> str:
    """The engine's version, or "" from servers that do not tell."""
    decoded = _decoded(reply.body) if reply.status == 200 else None
    version = decoded.get("version") if isinstance(decoded, dict) else None
    return version if _is_id(version) else ""


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


async def _all(calls: Iterable[Awaitable[T]]) -> list[T]:
    """The results of all calls in order; where one is cancelled or fails, the others end too."""
    first, *others = calls
    if not others:
        return [await first]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_awaited(call)) for call in (first, *others)]
    return [task.result() for task in tasks]


async def _awaited(call: Awaitable[T]) -> T:
    return await call


def _silent() -> Failure:
    reason = f"The engine gave no answer within {PROBE_SECONDS:g} seconds. It may be starting or overloaded: look at its log."
    return Failure(FailureKind.TIMEOUT, reason)


def _not_served(model: str | None) -> Failure:
    if model is None:
        return Failure(FailureKind.WRONG_MODEL, "The engine lists no model. Start it with one.")
    return Failure(
        FailureKind.WRONG_MODEL, f"The engine does not serve {model}. Set REASONER_MODEL to a model it lists."
    )


def _with_hash(failure: Failure, sent_hash: str) -> Failure:
    return Failure(failure.kind, failure.reason, failure.raw, sent_hash)
