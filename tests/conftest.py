"""Fixtures for every test: a database of its own, the cast, clients, a running server and a browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
os.environ.setdefault("PARTITION_MONTHS_AHEAD", "1")
# Playwright runs an event loop in the test's own thread; the tests themselves are synchronous.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

import httpx
import pytest
import redis
from django.conf import settings
from django.test import Client

from reviewapp.accounts.models import Person
from tests import databases
from tests.cast import Cast, gather

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest_plugins = ["tests.embedded"]


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


def free_port() -> int:
    """A TCP port on loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def live_server(db: str, tmp_path: Path) -> Iterator[str]:
    """The real web server on this test's database. Gives its address, such as http://localhost:40001."""
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": databases.url_of(db),
        "REVIEW_HOME": str(tmp_path),
        "SECRET_KEY": "a key of the test suite that opens nothing",
        "REVIEW_PROCESS": "web",
    }
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--blocking-threads", "8", "--no-ws", "reviewapp.wsgi:application",
    ]  # fmt: skip
    log = (tmp_path / "web.log").open("w")
    server = subprocess.Popen(command, env=environment, cwd=databases.ROOT, stdout=log, stderr=log)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/healthz", server, tmp_path / "web.log")
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(15)
        log.close()


def _wait_until_up(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"the web server ended at once:\n{log.read_text()[-3000:]}")
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the web server did not answer in 30 s:\n{log.read_text()[-3000:]}")


def chromium_path() -> str | None:
    """Where a Chromium of the system is, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """One headless Chromium for the session; skips loudly where none is installed."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium on this machine; `apt-get install chromium` brings one")
    from playwright.sync_api import sync_playwright

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
        page.set_default_timeout(8_000)
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
