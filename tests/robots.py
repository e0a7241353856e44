"""Scripted moderators in real sessions: they sign in, take the next item, read the form and send it, like a browser."""

import random
import re
from html.parser import HTMLParser
from typing import Any

import httpx
from django.conf import settings
from django.test import Client

from reviewapp.accounts.models import Person


class _Fields(HTMLParser):
    """The hidden fields of a page by name; the first of a name counts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a hidden input."""
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden" and given.get("name"):
            self.found.setdefault(str(given["name"]), given.get("value") or "")


def hidden_fields(page: str) -> dict[str, str]:
    """Name to value of the hidden fields of `page`."""
    parser = _Fields()
    parser.feed(page)
    return parser.found


def item_of(page: httpx.Response) -> str | None:
    """The item whose review screen `page` is, or whose screen came as a fragment."""
    found = re.search(r"/review/([0-9a-f-]{36})$", page.headers.get("HX-Push-Url", str(page.url)))
    return found[1] if found else None


def can_confirm(page: str) -> bool:
    """Whether the confirm button of a review screen works."""
    button = re.search(r'<button[^>]*data-key="c"[^>]*>', page)
    return button is not None and "aria-disabled" not in button[0]


class Robot:
    """One moderator. `decide` is one item: confirm what can be confirmed, override one in five, and the rest.

    Without scripts each answer is a whole page; with `scripts` it is the part that a browser with scripts swaps in.
    """

    def __init__(self, address: str, person: Person, seed: int, *, scripts: bool = False) -> None:
        session = Client()
        session.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        cookie = session.cookies[settings.SESSION_COOKIE_NAME].value
        self.web = httpx.Client(
            base_url=address,
            cookies={settings.SESSION_COOKIE_NAME: cookie},
            follow_redirects=True,
            trust_env=False,
            timeout=30,
        )
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={cookie}"
        self.headers = {"Referer": address} | ({"HX-Request": "true"} if scripts else {})
        self.chance = random.Random(seed)
        self.decided: list[str] = []
        self.refused = 0
        self.troubles: list[int] = []
        self.screen: httpx.Response | None = None
        home = self.web.get("/")
        self.token = hidden_fields(home.text)["csrfmiddlewaretoken"]

    def decide(self, queue: str) -> bool:
        """Decide the item on the screen, or else take the next one of `queue` first; False when there is none."""
        page = self.screen or self.post(f"/queues/{queue}/next", {})
        self.screen = None
        item = item_of(page)
        if item is None:
            return False
        fields = hidden_fields(page.text)
        if "nonce" not in fields:
            return True
        seat = {
            name: fields[name] for name in ("task", "epoch", "nonce", "verdict", "shown") if name in fields
        }
        if can_confirm(page.text) and self.chance.random() > 0.2:
            answer = self.post(f"/review/{item}/confirm", seat)
        else:
            own = {
                "section": "allowed",
                "action": "none",
                "reason_code": "context_missed",
                "reason": "Seen in context.",
            }
            answer = self.post(f"/review/{item}/override", seat | own)
        self._note(item, answer)
        return True

    def _note(self, item: str, answer: httpx.Response) -> None:
        """Count what came of a form; the answer to a decision shows the next item."""
        if answer.status_code == 409:
            self.refused += 1
        elif answer.status_code < 400:
            self.decided.append(item)
            self.screen = answer if item_of(answer) else None
        else:
            self.troubles.append(answer.status_code)

    def work(self, queues: list[str], most: int) -> None:
        """Decide up to `most` items, queue after queue, until none gives one."""
        while len(self.decided) < most:
            if not any(self.decide(queue) for queue in queues):
                return

    def post(self, path: str, data: dict[str, Any]) -> httpx.Response:
        return self.web.post(
            path,
            data={"csrfmiddlewaretoken": self.token, **data},
            headers=self.headers,
        )
