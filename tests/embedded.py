"""Private servers for tests that pull the plug, and the rule that CI never skips the browser.

`start_postgres` and `start_valkey` give servers that nobody else uses; whatever a test leaves
running ends with the pytest process. Load as a plugin: `pytest_plugins = ["tests.embedded"]`.
"""

import functools
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reviewapp.boot.environment import packages_folder
from reviewapp.boot.leash import Leash
from reviewapp.boot.places import Place, passing_place, socket_folder
from reviewapp.boot.postgres import FAST_SETTINGS, Postgres
from reviewapp.boot.valkey import Valkey


@functools.cache
def _leash() -> Leash:
    """Never told `bye`: when this process ends, the watcher stops all that is left."""
    return Leash()


@dataclass
class _Folder:
    """Where one private server lives; in /tmp as root, since its own user must reach it."""

    path: Path
    place: Place = field(init=False)
    sockets: Path = field(init=False)

    def __post_init__(self) -> None:
        if os.geteuid() == 0:
            self.path = Path(tempfile.mkdtemp(prefix="review-private-", dir="/tmp"))
            self.path.chmod(0o711)
        self.path.mkdir(parents=True, exist_ok=True)
        self.place = passing_place(self.path / "servers", packages_folder(Path(sys.executable)))
        self.sockets = socket_folder(self.place)

    def remove(self) -> None:
        shutil.rmtree(self.sockets, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)


class PrivatePostgres:
    """A cluster of one test. `url` is the app role's address, `owner_url` the owner's."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self._folder = _Folder(folder)
        self._server = Postgres(
            self._folder.place, self._folder.sockets, self._folder.path / "postgres.log", settings
        )
        self.url = self._server.url()
        self.owner_url = self._server.url("review_owner")

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._server.process.pid

    def start(self) -> None:
        """Start it (again) and wait until it accepts connections."""
        self._server.start(_leash())
        self._server.wait_ready()
        self._server.prepare()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the postmaster and wait for its end."""
        self._server.kill(number)

    def stop(self, mode: str = "fast") -> None:
        """Stop it in good order (`smart`, `fast` or `immediate`)."""
        self._server.stop(mode)

    def remove(self) -> None:
        """Stop it at once and delete its data."""
        self._server.stop("immediate")
        self._folder.remove()


class PrivateValkey:
    """A doorbell server of one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = _Folder(folder)
        self._server = Valkey(self._folder.place, self._folder.sockets, self._folder.path / "valkey.log")
        self.url = self._server.url()

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._server.process.pid

    def start(self) -> None:
        """Start it (again) and wait until it answers."""
        self._server.start(_leash())
        self._server.wait_ready()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal and wait for its end."""
        self._server.kill(number)

    def stop(self) -> None:
        """Stop it in good order."""
        self._server.stop()

    def remove(self) -> None:
        """Stop it and delete its data."""
        self._server.stop()
        self._folder.remove()


def start_postgres(folder: Path, *, durable: bool = True, **settings: str) -> PrivatePostgres:
    """A running private cluster; `durable=False` trades safety for speed. Call from the main thread."""
    server = PrivatePostgres(folder, {**({} if durable else FAST_SETTINGS), **settings})
    server.start()
    return server


def start_valkey(folder: Path) -> PrivateValkey:
    """A running private doorbell server. Call from the main thread."""
    server = PrivateValkey(folder)
    server.start()
    return server


@pytest.fixture
def private_postgres(tmp_path: Path) -> Iterator[PrivatePostgres]:
    """A durable cluster that a test may kill."""
    server = start_postgres(tmp_path / "postgres")
    yield server
    server.remove()


@pytest.fixture
def private_valkey(tmp_path: Path) -> Iterator[PrivateValkey]:
    """A doorbell server that a test may kill."""
    server = start_valkey(tmp_path / "valkey")
    yield server
    server.remove()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI a skipped browser test is a failure: a green run must mean that the pages were seen."""
    report = yield
    if (
        os.environ.get("CI")
        and report.skipped
        and item.get_closest_marker("browser")
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: browser tests must not be skipped on CI; install Chromium"
    return report
