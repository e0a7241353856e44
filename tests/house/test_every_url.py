"""Every address, walked by every role and by nobody: the who-may table is what decides, on all of them."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import MAY, may
from tests.cast import Cast

Clients = Callable[[Person], Client]
OPEN = {"account_login", "healthz", "readyz", "metrics"}
"""What nobody needs to sign in for: the door itself, and what machines ask."""

INLINE = re.compile(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=")
"""What no page holds, whatever it says: styles and scripts of its own."""

STAND_INS = {"uuid": str(uuid4()), "slug": "spam", "str": "word", "int": "1", "path": "a/b"}


def addresses(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, before + str(entry.pattern))
        else:
            yield before + str(entry.pattern), entry


PAGES = [(route, entry) for route, entry in addresses() if not route.startswith("api/")]
OPERATIONS = [(route, entry) for route, entry in addresses() if route.startswith("api/")]


def filled(route: str) -> str:
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: STAND_INS[found[1] or "str"], route)


def permission_of(entry: URLPattern) -> Any:
    return getattr(entry.callback, "permission", "unsaid")


def test_there_is_something_to_walk() -> None:
    assert len(PAGES) > 25 and len(OPERATIONS) > 5


@pytest.mark.parametrize(("route", "entry"), PAGES, ids=[route or "/" for route, _ in PAGES])
def test_a_page_says_who_may_open_it(route: str, entry: URLPattern) -> None:
    permission = permission_of(entry)
    assert permission is not None or entry.name in OPEN, f"/{route} is open and should not be"
    assert permission is None or permission in MAY, f"/{route} does not say who may"


def test_nobody_gets_in_unsigned(db: str) -> None:
    client = Client()
    for route, entry in PAGES:
        if entry.name not in OPEN:
            answers = [method(filled(route)) for method in (client.get, client.post)]
            sent_away = [answer for answer in answers if answer.status_code != 405]
            assert sent_away, f"/{route} takes neither GET nor POST"
            for answer in sent_away:
                assert answer.status_code == 302, f"/{route}: {answer.status_code}"
                assert answer.headers["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("who", ["ana", "sam", "bo", "cy", "au", "ad"])
def test_each_role_gets_in_where_the_table_says_and_nowhere_else(
    cast: Cast, client_for: Clients, who: str, store: str
) -> None:
    person: Person = getattr(cast, who)
    for route, entry in PAGES:
        if entry.name in OPEN or entry.name == "account_logout":
            continue
        allowed = may(person.roles, permission_of(entry))
        for name in ("get", "post"):
            answer = getattr(client_for(person), name)(filled(route))
            where = f"{name} /{route} as {person.roles}: {answer.status_code}"
            assert answer.status_code < 500, where
            if not allowed:
                assert answer.status_code in {403, 405}, where
            elif name == "get":
                assert answer.status_code != 403, where


def test_no_operation_of_the_api_answers_without_a_key_or_to_a_session(
    cast: Cast, client_for: Clients
) -> None:
    for client in (Client(), client_for(cast.ad)):
        for route, _ in OPERATIONS:
            if route.endswith(("openapi.json", "v1/")):
                continue
            for name in ("get", "post", "delete"):
                answer = getattr(client, name)(filled(route))
                assert answer.status_code in {401, 405}, f"{name} /{route}: {answer.status_code}"


def test_every_answer_carries_the_policy_of_the_page_and_is_not_stored(
    cast: Cast, client_for: Clients
) -> None:
    client = client_for(cast.ad)
    for route, _ in PAGES:
        answer = client.get(filled(route))
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "default-src 'none'" in policy and "unsafe" not in policy, route
        assert answer.headers.get("X-Frame-Options") == "DENY", route
        assert (
            "no-store" in answer.headers.get("Cache-Control", "")
            or "no-cache" in answer.headers["Cache-Control"]
        ), route
        if "html" in answer.headers.get("Content-Type", ""):
            assert not INLINE.search(answer.content.decode()), route
