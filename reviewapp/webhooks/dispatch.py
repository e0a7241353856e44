"""Keeps posts in flight to every endpoint at once; one that hangs holds no other up."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from reviewapp.webhooks import actions
from reviewapp.webhooks.actions import Claimed
from reviewapp.webhooks.rules import message_id, signature
from reviewapp.webhooks.wire import Answer, Sender

Bodies = Callable[[Sequence[Claimed]], Mapping[UUID, dict[str, Any]]]
"""Builds what deliveries say, by their ids, at the moment they are sent."""

WORK_SECONDS: Final = 240.0
"""Below the time limit of the queue; what is left is rung for again."""
MOST_IN_FLIGHT: Final = 64
_LOOK_SECONDS: Final = 0.2


def deliver(*, bodies: Bodies, seconds: float = WORK_SECONDS) -> int:
    """Post what is due until nothing is, or `seconds` have passed; gives how many posts were made.

    All SQL is done on the calling thread; the threads only speak HTTP.
    """
    until = time.monotonic() + seconds
    flying: dict[Future[Answer], Claimed] = {}
    posted = 0
    sender = Sender(settings.WEBHOOK_HOSTS)
    try:
        with ThreadPoolExecutor(MOST_IN_FLIGHT) as threads:
            while True:
                if time.monotonic() < until:
                    for claimed, body in _claim(flying, bodies):
                        flying[threads.submit(_post, sender, claimed, body)] = claimed
                if not flying:
                    return posted
                done, _ = wait(flying, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
                if done:
                    actions.settle(results=[(flying.pop(future), future.result()) for future in done])
                    posted += len(done)
    finally:
        sender.close()


def _claim(flying: Mapping[Any, Claimed], bodies: Bodies) -> list[tuple[Claimed, bytes]]:
    room = MOST_IN_FLIGHT - len(flying)
    if not room:
        return []
    in_flight = Counter(claimed.endpoint for claimed in flying.values())
    claimed = actions.claim_due(in_flight=in_flight, most=room)
    texts = bodies(claimed) if claimed else {}
    return [(each, encoded(texts[each.id])) for each in claimed]


def encoded(body: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _post(sender: Sender, claimed: Claimed, body: bytes) -> Answer:
    identity, now = message_id(claimed.announcement.hex), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(claimed.secrets, identity=identity, timestamp=now, body=body),
    }
    return sender.post(claimed.url, headers, body)
