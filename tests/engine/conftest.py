"""Fixtures for engine tests: live stand-in servers, each a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

Start = Callable[..., str]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The real engine runs only where it is asked for by its mark; elsewhere its tests are skipped, with the way to run them."""
    if "real_vllm" in str(config.getoption("-m")):
        return
    skip = pytest.mark.skip(
        reason="NOT RUN: the real engine. Run it with: manage.py test -m real_vllm (3.5 GB once)"
    )
    for item in items:
        if item.get_closest_marker("real_vllm"):
            item.add_marker(skip)


@contextmanager
def running_standin(*options: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A stand-in on a free port. Gives its address without `/v1`, and the process."""
    command = [sys.executable, "-m", "inference.standin", "--port", "0", *options]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[-1].removesuffix("/v1")
        # Chat calls wait for the token tables; this one is refused for its missing fields once they are there.
        httpx.post(f"{address}/v1/chat/completions", json={}, timeout=60, trust_env=False)
        yield address, server
    finally:
        server.kill()
        server.wait()
        assert server.stdout is not None
        server.stdout.close()


@pytest.fixture(scope="module")
def start_standin() -> Iterator[Start]:
    """Starts a stand-in with the options given and returns its address; all are stopped after the module."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(running_standin(*options))[0]
