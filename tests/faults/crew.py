"""The product's processes on one database and one store, each of which a test may kill and start again by name."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from reviewapp.boot.process import Child
from tests import servers

NAMES: Final = ("reasoner", "web", "score", "reason", "sweeper")


class Crew:
    """Web server, the two workers, the sweeper and the practice reasoner; each leads a process group of its own."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._home = home
        self._web, self._reasoner = servers.free_port(), servers.free_port()
        self.address = f"http://localhost:{self._web}"
        self._environment = dict(environment) | {"REASONER_URL": f"http://127.0.0.1:{self._reasoner}/v1"}
        self._running: dict[str, Child] = {}

    def start(self, *names: str) -> None:
        """Start these, all unless named, and wait until those with an address answer."""
        for name in names or NAMES:
            log = self._home / f"{name}.log"
            self._running[name] = servers.launch(name, self._command(name), self._environment, log)
        for name, url in self._doors().items():
            if name in (names or NAMES):
                servers.wait_until_up(url, self._running[name], self._home / f"{name}.log")

    def revive(self) -> list[str]:
        """Start whatever ended by itself, as the supervisor of `up` does; gives the names."""
        ended = [name for name, process in self._running.items() if process.poll() is not None]
        if ended:
            self.start(*ended)
        return ended

    def kill(self, name: str) -> None:
        """SIGKILL for the process, its group and the groups of its children, as a power cut would."""
        process = self._running[name]
        found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
        for group in (process.pid, *map(int, found.stdout.split())):
            for send in (os.killpg, os.kill):
                try:
                    send(group, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        process.wait(10)

    def end(self) -> None:
        """Kill them all."""
        for name in self._running:
            self.kill(name)

    def _command(self, name: str) -> list[str]:
        if name == "reasoner":
            return ["-m", "inference.standin", "--port", str(self._reasoner)]
        if name == "web":
            return servers.web_command(self._web)
        return ["-m", "reviewapp.sweeper"] if name == "sweeper" else ["-m", "reviewapp.worker", name]

    def _doors(self) -> dict[str, str]:
        return {
            "reasoner": f"http://127.0.0.1:{self._reasoner}/health",
            "web": f"http://127.0.0.1:{self._web}/healthz",
        }
