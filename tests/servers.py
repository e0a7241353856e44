"""The product's own processes, started for a test or a benchmark on a database and a store of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from django.conf import settings

from reviewapp.boot.static import COLLECT
from tests.databases import ROOT, url_of


def free_port() -> int:
    """A TCP port on loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(database: str, home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process that works on `database` with `home` as its folder."""
    return os.environ | {
        "DATABASE_URL": url_of(database),
        "DATABASE_OWNER_URL": url_of(database, owner=True),
        "REVIEW_HOME": str(home),
        "SECRET_KEY": settings.SECRET_KEY,
        **(extra or {}),
    }


@contextmanager
def process(
    name: str, command: list[str], env: Mapping[str, str], home: Path
) -> "Iterator[subprocess.Popen[bytes]]":
    """A process in a group of its own, with its log in `home`; killed at the end if SIGTERM is not enough."""
    with (home / f"{name}.log").open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, *command],
            env=dict(env),
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(15)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def web_command(port: int) -> list[str]:
    """Arguments of the interpreter for the real web server on `port` of loopback."""
    return [
        "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--blocking-threads", "8",
        "--no-ws", "reviewapp.wsgi:application",
    ]  # fmt: skip


def static_files(home: Path) -> dict[str, str]:
    """Static files in `home` as `up` makes them; gives what a web process must be told to serve them."""
    told = {"REVIEW_STATIC": str(home / "static")}
    subprocess.run([sys.executable, *COLLECT], cwd=ROOT, env=os.environ | told, check=True)
    return told


@contextmanager
def web_server(database: str, home: Path, extra: Mapping[str, str] | None = None) -> Iterator[str]:
    """The real web server. Gives its address, such as http://localhost:40001."""
    port = free_port()
    env = environment(database, home, extra)
    with process("web", web_command(port), env, home) as server:
        wait_until_up(f"http://127.0.0.1:{port}/healthz", server, home / "web.log")
        yield f"http://localhost:{port}"


@contextmanager
def practice_reasoner(home: Path, *options: str) -> Iterator[str]:
    """The stand-in reasoner. Gives the base URL that REASONER_URL takes."""
    port = free_port()
    command = ["-m", "inference.standin", "--port", str(port), *options]
    with process("reasoner", command, os.environ, home) as server:
        wait_until_up(f"http://127.0.0.1:{port}/health", server, home / "reasoner.log")
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def worker(
    queue: str, database: str, home: Path, extra: Mapping[str, str]
) -> "Iterator[subprocess.Popen[bytes]]":
    """An RQ worker of `queue`."""
    with process(
        f"worker-{queue}", ["-m", "reviewapp.worker", queue], environment(database, home, extra), home
    ) as one:
        yield one


@contextmanager
def sweeper(database: str, home: Path, extra: Mapping[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    """The sweeper."""
    with process("sweeper", ["-m", "reviewapp.sweeper"], environment(database, home, extra), home) as one:
        yield one


def wait_until_up(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when `url` answers 200; raises RuntimeError with the end of the log when it does not within 30 s."""
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"{server.args!r} ended at once:\n{log.read_text()[-3000:]}")
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer in 30 s:\n{log.read_text()[-3000:]}")
