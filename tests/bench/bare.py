"""The bare limit of the pump: the same questions, as many in flight, over a plain aiohttp session and nothing else."""

import asyncio
import json
from collections.abc import Sequence
from typing import Final

import aiohttp

from inference import Effort, ItemText, PolicyText
from inference.prompt import request_body
from inference.standin_wire import MODEL

_HEADERS: Final = {"content-type": "application/json"}


def questions(policy: PolicyText, texts: Sequence[str]) -> list[bytes]:
    """The bodies that the product would send, made beforehand."""
    return [
        json.dumps(
            request_body(
                policy, ItemText(str(number), text), model=MODEL, effort=Effort.LOW, structured=True
            ),
            ensure_ascii=False,
        ).encode()
        for number, text in enumerate(texts)
    ]


async def ask_all(url: str, bodies: Sequence[bytes], flying: int) -> int:
    """Ask everything with `flying` calls in flight at any time; returns how many answers were verdicts."""
    waiting = iter(bodies)
    connector = aiohttp.TCPConnector(limit=flying)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def one_after_another() -> int:
            good = 0
            for body in waiting:
                async with session.post(f"{url}/chat/completions", data=body, headers=_HEADERS) as answer:
                    said = json.loads(await answer.read())
                    good += json.loads(said["choices"][0]["message"]["content"])["label"] == "allowed"
            return good

        return sum(await asyncio.gather(*(one_after_another() for _ in range(flying))))
