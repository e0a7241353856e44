"""The stand-in reasoner: a server that speaks the real engine's protocol and judges with the practice judge.

Run it with `python -m inference.standin --port N`. It never pretends: the model it serves is called
`practice-reasoner-v1`. For faults on demand see `inference/standin_script.py`.
"""

import argparse
import asyncio
import contextlib
import hmac
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from aiohttp import web

from inference import standin_wire as wire
from inference import tokens
from inference.standin_judge import judge
from inference.standin_metrics import metrics
from inference.standin_script import Rule, ScriptError, first_rule, read_script

BODY_LIMIT = 16 * 1024 * 1024
ABORT_SECONDS = 0.5
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PLAIN_REASONING = (
    "Practice reasoner, no language model. Nothing was compared: it was started to answer everything alike."
)
LEAK = "<|channel|>analysis<|message|>The post resembles an example.<|end|><|start|>assistant<|channel|>final <|constrain|>"


@dataclass(frozen=True, slots=True)
class Options:
    """How the server behaves; the names are the real server's where it has them."""

    host: str = "127.0.0.1"
    port: int = 8000
    api_key: str = ""
    max_num_seqs: int = 256
    max_num_queued_reqs: int = 0
    max_model_len: int = 16_384
    delay: float = 0.0
    spread: float = 0.0
    seed: int = 0
    plain: bool = False
    served_model_name: str = wire.MODEL
    shutdown_timeout: float = 0.0
    script: tuple[Rule, ...] = ()


class Standin:
    """One server's state: seats, queue, counters; `script` and `delay` may be changed while it runs."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.script, self.delay = options.script, options.delay
        self._name = options.served_model_name
        self._plain_body = _plain_body(self._name)
        self._chance = random.Random(options.seed)  # noqa: S311  no secret hangs on it
        self._seats = asyncio.Semaphore(options.max_num_seqs)
        self._prefixes = wire.PrefixCache()
        self._counts: Counter[str] = Counter()
        self._running = 0
        self._waiting = 0
        self._calls = 0
        self._loading = asyncio.Lock()
        self._loaded = options.plain and not options.script  # what is not read is not counted
        self.stopping = asyncio.Event()

    def app(self) -> web.Application:
        """The HTTP application."""
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[self._guard])
        app.router.add_get("/health", self._empty)
        app.router.add_get("/ping", self._empty)
        app.router.add_get("/version", self._version)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        return app

    async def load_vocabulary(self) -> None:
        """Loads the token tables, 110 MB that a server that nobody asks does without; chat calls wait for them."""
        async with self._loading:
            if not self._loaded:
                await asyncio.to_thread(tokens.preload)
                self._loaded = True

    async def drain(self) -> None:
        """Waits until no call runs, at most the shutdown time-out; then aborts what is left."""
        await self._idle(self._options.shutdown_timeout)
        self.stopping.set()
        await self._idle(ABORT_SECONDS)

    async def _idle(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._running or self._waiting:
                    await asyncio.sleep(0.02)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        key = self._options.api_key
        if key and request.path.startswith("/v1/"):
            given = request.headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, f"Bearer {key}".encode()):
                return _json({"error": "Unauthorized"}, 401)
        try:
            return await handler(request)
        except web.HTTPMethodNotAllowed as error:
            return _json(
                {"detail": "Method Not Allowed"}, 405, {"allow": ", ".join(sorted(error.allowed_methods))}
            )
        except web.HTTPNotFound:
            return _json({"detail": "Not Found"}, 404)
        except wire.RequestRefused as refused:
            return _json(refused.body, refused.status)

    async def _empty(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _version(self, _: web.Request) -> web.Response:
        return _json({"version": wire.VERSION})

    async def _models(self, _: web.Request) -> web.Response:
        return _json(wire.models(self._options.max_model_len, self._name))

    async def _metrics(self, _: web.Request) -> web.Response:
        lines = metrics(self._running, self._waiting, self._options.max_num_seqs, self._counts, self._name)
        return web.Response(text=lines, content_type="text/plain", charset="utf-8")

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        asked = await self._asked(await request.read())
        self._calls += 1
        rule = first_rule(self.script, self._calls, asked.user)
        work = asyncio.ensure_future(self._seated(request, asked, rule))
        stop = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                return _json(wire.ABORTED, 500)
            return work.result()
        finally:
            for task in (work, stop):
                task.cancel()

    async def _asked(self, data: bytes) -> wire.Asked:
        if not self._loaded:
            await self.load_vocabulary()
        if self._options.plain:
            return wire.unread(data if self.script else b"", self._name)
        return wire.checked(wire.decoded(data), self._options.max_model_len, self._name)

    def next_delay(self) -> float:
        """Seconds that the next answer takes: around `delay`, as unevenly (log-normal) as `spread` says."""
        spread = self._options.spread
        return self.delay * (self._chance.lognormvariate(0, spread) if spread else 1.0)

    async def _seated(self, request: web.Request, asked: wire.Asked, rule: Rule | None) -> web.StreamResponse:
        """Waits for a seat, then answers. A client that goes away leaves the queue or frees its seat."""
        limit = self._options.max_num_queued_reqs
        if limit and self._seats.locked() and self._waiting >= limit:
            self._counts["rejected"] += 1
            raise wire.RequestRefused(503, wire.BUSY, "Service Unavailable")
        self._waiting += 1
        try:
            await self._seats.acquire()
        finally:
            self._waiting -= 1
        self._running += 1
        try:
            await asyncio.sleep(self.next_delay())
            return await self._answer(request, asked, rule)
        except asyncio.CancelledError:
            self._counts["abort"] += 1
            raise
        finally:
            self._running -= 1
            self._seats.release()

    async def _answer(self, request: web.Request, asked: wire.Asked, rule: Rule | None) -> web.StreamResponse:
        if rule and (early := await _instead(request, rule)):
            return early
        if self._options.plain and (rule is None or rule.do == "delay"):
            self._counts["stop"] += 1
            return web.Response(body=self._plain_body, content_type="application/json")
        cached = 0 if self._options.plain else self._prefixes.cached(asked)
        given, model = _scripted(asked, rule)
        self._count(asked, given, cached)
        if asked.stream:
            return await _streamed(request, asked, given, cached, model)
        data = json.dumps(wire.completion(asked, given, cached, model), separators=(",", ":")).encode()
        if rule and rule.do == "truncated":
            return await _half(request, data)
        return web.Response(body=data, content_type="application/json")

    def _count(self, asked: wire.Asked, given: wire.Answered, cached: int) -> None:
        self._counts[given.finish] += 1
        self._counts["prompt"] += asked.prompt_tokens
        self._counts["cached"] += cached
        self._counts["generated"] += given.completion_tokens


def _plain_body(name: str) -> bytes:
    given = wire.Answered(wire.PLAIN, PLAIN_REASONING, "stop", 20, 90)
    return json.dumps(wire.completion(wire.unread(b"", name), given, 0, name), separators=(",", ":")).encode()


def _verdict_json(asked: wire.Asked, rule: Rule | None) -> tuple[str, str]:
    """Content and reasoning of the practice judge's answer, or of the one for all."""
    if not asked.developer:
        return wire.PLAIN, PLAIN_REASONING
    judged = asdict(judge(asked.developer, asked.user))
    reasoning = judged.pop("reasoning")
    if rule and rule.do == "wrong_ids":
        judged |= {"label": "violates", "sections": ["ZZ-9.9", "NOPE-1"]}
    return json.dumps(judged, ensure_ascii=False), str(reasoning)


def _scripted(asked: wire.Asked, rule: Rule | None) -> tuple[wire.Answered, str]:
    """The answer, spoiled as the rule says, and the model that is said to have given it."""
    content, reasoning = _verdict_json(asked, rule)
    given = wire.answered(content, reasoning, asked.limit)
    do = rule.do if rule else ""
    if rule and do == "cut_off":
        limits = {
            "reasoning": wire.BEFORE + given.reasoning_tokens // 2,
            "header": wire.BEFORE + given.reasoning_tokens + 1,
            "final": given.completion_tokens - wire.AFTER - 8,
        }
        given = wire.answered(content, reasoning, limits[rule.where])
    elif do == "garbage":
        given = replace(given, content="I think this one is probably fine, but who can say? {label: allowed")
    elif do == "empty":
        given = replace(given, content=None)
    elif do == "both_null":
        given = replace(given, content=None, reasoning=None)
    elif do == "leak":
        given = replace(given, content=LEAK + content)
    return given, "another-model" if do == "wrong_model" else asked.model


async def _instead(request: web.Request, rule: Rule) -> web.StreamResponse | None:
    """Faults that come in place of an answer; None where an answer follows."""
    if rule.do == "delay":
        await asyncio.sleep(rule.seconds)
    elif rule.do == "status":
        return _status(rule)
    elif rule.do == "html":
        return web.Response(text="<!doctype html><title>Gateway</title><p>Hello", content_type="text/html")
    elif rule.do == "reset":
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    elif rule.do == "hang":
        await asyncio.Event().wait()
    elif rule.do == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return None


def _status(rule: Rule) -> web.Response:
    if rule.body:
        return web.Response(text=rule.body, status=rule.status)
    if rule.status == 503:
        return _json(wire.RequestRefused(503, wire.BUSY, "Service Unavailable").body, 503)
    return _json(
        wire.RequestRefused(rule.status, "Scripted failure.", "InternalServerError").body, rule.status
    )


async def _half(request: web.Request, data: bytes) -> web.StreamResponse:
    """Half a body under the full length, then the connection closes."""
    response = web.StreamResponse(
        headers={"content-type": "application/json", "content-length": str(len(data))}
    )
    await response.prepare(request)
    await response.write(data[: len(data) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _streamed(
    request: web.Request, asked: wire.Asked, given: wire.Answered, cached: int, model: str
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    for chunk in wire.stream_events(asked, given, cached, model):
        await response.write(chunk)
    await response.write_eof()
    return response


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    data = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return web.Response(body=data, status=status, headers=headers, content_type="application/json")


async def serve(options: Options, started: Callable[[str], None] = print) -> None:
    """Serves until SIGTERM or SIGINT, then stops as the real server does under its shutdown time-out."""
    standin = Standin(options)
    runner = web.AppRunner(standin.app(), handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, options.host, options.port, backlog=1024).start()
    signalled = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, signalled.set)
    port = runner.addresses[0][1]
    started(
        f"Practice reasoner {options.served_model_name} (not a language model) on http://{options.host}:{port}/v1"
    )
    await signalled.wait()
    await standin.drain()
    await runner.cleanup()


def main(argv: Sequence[str] | None = None) -> int:
    """Command line of the stand-in. Gives the exit status: 0, or 2 for a bad script or a taken port."""
    try:
        options = options_from(argv)
    except ScriptError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        asyncio.run(serve(options, lambda line: print(line, flush=True)))
    except OSError as error:
        print(
            f"Cannot listen on {options.host}:{options.port} ({error.strerror}). Choose another --port.",
            file=sys.stderr,
        )
        return 2
    return 0


def options_from(argv: Sequence[str] | None = None) -> Options:
    """The options that a command line means; argparse ends the process for a wrong one. Raises ScriptError."""
    parser = argparse.ArgumentParser(
        prog="standin", description="Practice reasoner with the real engine's protocol."
    )
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--script", type=Path, help="file with faults to act out")
    parser.add_argument("--api-key", default="", help="key that callers of /v1 must send")
    parser.add_argument(
        "--served-model-name",
        type=_practice_name,
        default=wire.MODEL,
        help="another name, to play another model",
    )
    parser.add_argument("--max-num-seqs", type=_positive, default=256, help="calls that run at once")
    parser.add_argument("--max-num-queued-reqs", type=int, default=0, help="longest queue; 0 means no limit")
    parser.add_argument("--max-model-len", type=_positive, default=16_384, help="context size in tokens")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that every answer takes")
    parser.add_argument(
        "--spread", type=float, default=0.0, help="how unevenly: sigma of a log-normal around --delay"
    )
    parser.add_argument("--seed", type=int, default=0, help="draws the same delays each time")
    parser.add_argument(
        "--plain", action="store_true", help="answer everything alike, unread: for measurements of who asks"
    )
    parser.add_argument(
        "--shutdown-timeout", type=float, default=0.0, help="seconds given to running calls at the end"
    )
    given = vars(parser.parse_args(argv))
    script = given.pop("script")
    return Options(**given, script=read_script(script) if script else ())


def _practice_name(text: str) -> str:
    if not text.startswith("practice-"):
        raise argparse.ArgumentTypeError(
            "must begin with practice-, so that nobody takes it for a language model"
        )
    return text


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
