"""Fixtures for every test: a database of its own, the cast, clients, a running server and a browser."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
os.environ.setdefault("PARTITION_MONTHS_AHEAD", "1")
# Chance has no place in most tests; those of blind calls mark their tasks themselves.
os.environ.setdefault("BLIND_PERCENT", "0")
# Playwright runs an event loop in the test's own thread; the tests themselves are synchronous.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

import pytest
import redis
from django.conf import settings
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.boot.checks import find_chromium
from tests import databases, pseudo, servers
from tests.cast import Cast, gather

# The settings may have been read before this module set their environment.
settings.BLIND_PERCENT = 0

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest_plugins = ["tests.embedded"]
PATIENCE_MS = 30_000
"""How long a step in the browser may take: long, as a passing one never waits for it, and a busy machine is no fault."""


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks."""
    config.addinivalue_line("markers", "browser: drives a real Chromium")
    config.addinivalue_line("markers", "fault: kills real servers or processes")


@pytest.fixture(scope="session")
def template() -> str:
    """The migrated database that every test's own is cloned from."""
    return databases.ensure_template()


@pytest.fixture(scope="session", autouse=True)
def _open_database(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def db(template: str) -> Iterator[str]:
    """A fresh database; commits are real. Gives its name."""
    with databases.cloned(template) as name:
        yield name


@pytest.fixture
def store() -> Iterator[str]:
    """An empty Valkey database of this test process. Gives its URL."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    yield settings.REDIS_URL
    client.flushdb()


@pytest.fixture
def cast(db: str) -> Cast:
    """Ana, Mo, Sam, Bo, Cy, Au and Ad."""
    return gather()


@pytest.fixture
def client_for() -> Callable[[Person], Client]:
    """A signed-in Django test client for somebody."""

    def sign_in(person: Person) -> Client:
        client = Client()
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture(autouse=True)
def _live_server_helper() -> None:
    """Takes the place of pytest-django's, which would make a database of its own for every test with a live server."""


@pytest.fixture(scope="session")
def pseudo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the catalog of the made-up language that runs from right to left."""
    return pseudo.write(tmp_path_factory.mktemp("languages"))


@pytest.fixture
def web_settings() -> dict[str, str]:
    """Environment of the web server beyond the usual; a module that needs some has a fixture of this name."""
    return {}


@pytest.fixture
def live_server(db: str, tmp_path: Path, web_settings: dict[str, str]) -> Iterator[str]:
    """The real web server on this test's database. Gives its address, such as http://localhost:40001."""
    with servers.web_server(db, tmp_path, web_settings) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """One headless Chromium for a module, whose event loop ends with it; skips loudly where none is installed."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on this machine; `apt-get install chromium` brings one")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def page_for(browser: "Browser", live_server: str) -> "Iterator[Callable[..., Page]]":
    """A page in a browser context of its own, signed in as somebody; fails the test on a script error."""
    contexts = []
    problems: list[str] = []

    def open_page(person: Person | None = None, **options: Any) -> "Page":
        context = browser.new_context(base_url=live_server, **options)
        contexts.append(context)
        if person is not None:
            context.add_cookies([_session_cookie(person, live_server)])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.set_default_timeout(PATIENCE_MS)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == [], "scripts failed on the page"


def _session_cookie(person: Person, address: str) -> Any:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return {
        "name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value, "url": address,
    }  # fmt: skip
