"""The recorded answers of the real engine behind a real socket: a request that was recorded gets its recorded answer."""

import json
from pathlib import Path
from typing import Any, Final

from aiohttp import web

FOLDER: Final = Path(__file__).parent / "captures"
Key = tuple[str, str, str, str]


def capture(name: str) -> Any:
    """One recorded exchange, or list of names."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def app() -> web.Application:
    """An engine that knows the recorded requests and no others."""
    recorded = {}
    for path in sorted(FOLDER.glob("*.json")):
        exchange = json.loads(path.read_text())
        if isinstance(exchange, dict) and "request" in exchange:
            key = "" if path.stem.startswith("error-401-no") else "nope" if "401" in path.stem else "test-key"
            recorded[_key(exchange["request"], key)] = exchange

    async def answer(request: web.Request) -> web.Response:
        text = await request.text()
        try:
            body = json.loads(text) if text else None
        except ValueError:
            body = text
        asked = {"method": request.method, "path": request.path, "body": body}
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        # Pages about the server were recorded without a key, and want none.
        exchange = recorded.get(_key(asked, key)) or recorded.get(_key(asked, "test-key"))
        if exchange is None:
            return web.Response(status=599, text="this request was not recorded")
        reply = exchange.get("response")
        text = "" if reply is None else reply if isinstance(reply, str) else json.dumps(reply)
        return web.Response(status=exchange["status"], text=text, content_type="application/json")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text="".join(f'{name}{{engine="0"}} 0.0\n' for name in capture("metrics-names")))

    made = web.Application()
    made.router.add_get("/metrics", metrics)
    made.router.add_route("*", "/{path:.*}", answer)
    return made


def _key(asked: dict[str, Any], key: str) -> Key:
    return str(asked["method"]), str(asked["path"]), key, json.dumps(asked.get("body"), sort_keys=True)
