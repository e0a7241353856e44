"""What the embedded servers have in common: launched from a place on the leash, waited for, killed."""

import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from reviewapp.boot.leash import Leash
from reviewapp.boot.places import Place
from reviewapp.boot.process import Process
from reviewapp.boot.say import BootError


class Server:
    """One server with its data in a place. A kind of it says how it is launched, when it is ready, and why it is not."""

    called: ClassVar[str]
    """Its name for people."""
    patience: ClassVar[float]
    """Seconds within which it is ready on any machine."""

    def __init__(self, place: Place, name: str, log: Path) -> None:
        self.place = place
        self.name = name
        self.data = place.data / name
        self.log = log
        self._process: Process | None = None

    @property
    def started(self) -> bool:
        """Whether it was launched."""
        return self._process is not None

    @property
    def process(self) -> Process:
        """The server's own process; raises BootError before the first start."""
        if self._process is None:
            raise BootError(f"{self.called} was not started.")
        return self._process

    def launch(
        self, leash: Leash, command: Sequence[str], env: Mapping[str, str], stop_signal: int = signal.SIGTERM
    ) -> None:
        """Run `command` as the place's user; does not wait until it is ready."""
        self._process = Process(
            self.name, command, env=env, cwd=Path("/"), log=self.log, stop_signal=stop_signal,
            identity=self.place.identity(),
        )  # fmt: skip
        self._process.start(leash)

    def wait_ready(self, seconds: float | None = None) -> None:
        """Return when it takes requests; raises BootError when it ends, or is not ready after `seconds`."""
        patience = self.patience if seconds is None else seconds
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.is_ready():
                return
            if self.process.ended() is not None:
                raise BootError(self.why_it_ended())
            time.sleep(0.01)
        raise BootError(f"{self.called} was not ready after {patience:.0f} s; see {self.log}.")

    def is_ready(self) -> bool:
        """Whether it takes requests now."""
        raise NotImplementedError

    def why_it_ended(self) -> str:
        """What its log says, and what to do."""
        return f"{self.called} did not start. From {self.log}:\n{self.process.last_words()}"

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Kill the server; what it started follows by itself."""
        self.process.send(number)
        self.process.wait(10)
