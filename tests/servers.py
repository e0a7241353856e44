"""The product's own processes, started for a test or a benchmark on a database and a store of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

import httpx
from django.conf import settings

from reviewapp.boot.leash import Leash
from reviewapp.boot.prefork import Prefork
from reviewapp.boot.process import Child
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


def launch(name: str, command: Sequence[str], env: Mapping[str, str], log: Path | None = None) -> Child:
    """`command`, `-m MODULE …`, in a process that leads a session of its own, with its output in `log` where one is named.

    It is forked, as those of `up` are, from an interpreter that has loaded the libraries, and ends with this one.
    """
    started, base = _interpreter()
    names = {name for name in base.keys() | env.keys() if base.get(name) != env.get(name)}
    differences = json.dumps({name: env.get(name) for name in sorted(names)})
    forked = [sys.executable, "-m", "tests.forked", differences, *command[1:]]
    with ExitStack() as stack:
        out = stack.enter_context(log.open("ab")).fileno() if log else None
        return started.fork(name, forked, out)


@cache
def _interpreter() -> tuple[Prefork, Mapping[str, str]]:
    """The one that processes are forked from, started when the first is wanted, and its environment."""
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    made = Prefork(Path(sys.executable), "tests.loaded", env=env, cwd=ROOT, log=None)
    made.start(Leash())
    return made, env


@contextmanager
def process(name: str, command: Sequence[str], env: Mapping[str, str], home: Path) -> Iterator[Child]:
    """A process with its log in `home`; killed at the end if SIGTERM is not enough."""
    started = launch(name, command, env, home / f"{name}.log")
    try:
        yield started
    finally:
        end(started)


def end(process: Child) -> None:
    """Ask it to end; kill it after 15 s."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait(15)


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
def worker(queue: str, database: str, home: Path, extra: Mapping[str, str]) -> Iterator[Child]:
    """An RQ worker of `queue`."""
    with process(
        f"worker-{queue}", ["-m", "reviewapp.worker", queue], environment(database, home, extra), home
    ) as one:
        yield one


@contextmanager
def sweeper(database: str, home: Path, extra: Mapping[str, str]) -> Iterator[Child]:
    """The sweeper."""
    with process("sweeper", ["-m", "reviewapp.sweeper"], environment(database, home, extra), home) as one:
        yield one


def wait_until_up(url: str, server: Child, log: Path) -> None:
    """Return when `url` answers 200; raises RuntimeError with the end of the log when it does not within 30 s."""
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"{log.stem} ended at once:\n{log.read_text()[-3000:]}")
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer in 30 s:\n{log.read_text()[-3000:]}")
