"""Starts the servers a command needs, and says in environment variables where they are."""

import http.client
import os
import shutil
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reviewapp.boot.environment import packages_folder
from reviewapp.boot.home import Home
from reviewapp.boot.leash import Leash
from reviewapp.boot.places import Place, lock_place, place_for, socket_folder
from reviewapp.boot.postgres import Postgres
from reviewapp.boot.prefork import Prefork
from reviewapp.boot.process import Process, stop_together
from reviewapp.boot.say import BootError
from reviewapp.boot.valkey import Valkey

DATABASE, DOORBELL, REASONER, WEB, PREFORK = "database", "doorbell", "reasoner", "web", "prefork"
_SETTINGS = "reviewapp.settings"
_LOADED = "reviewapp.loaded"
WEB_THREADS = 8


class Services:
    """Embedded servers of one home. Each part is left out when the person named one of their own."""

    def __init__(self, root: Path, home: Home, python: Path, place: Place | None = None) -> None:
        self.root = root
        self.home = home
        self.python = python
        self.place = place
        self.leash = Leash()
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self.prefork: Prefork | None = None
        self.reasoner: Process | None = None
        self.web: Process | None = None
        self.static: Path | None = None
        self._sockets: Path | None = None
        self._reasoner_url = ""
        self._web_url = ""

    def start(
        self,
        needs: Sequence[str],
        pg_settings: Mapping[str, str] | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        """Start database, doorbell and stand-in reasoner as far as needed, all at once; wait for the first two.

        With PREFORK, what `child` makes from then on is forked. `meanwhile` is called before the wait.
        """
        own_database = DATABASE in needs and not os.environ.get("DATABASE_URL")
        own_doorbell = DOORBELL in needs and not os.environ.get("REDIS_URL")
        if own_database or own_doorbell:
            place = self.place or place_for(self.home.path, packages_folder(self.python))
            lock_place(place)
            self._sockets = self._socket_folder(place)
            if own_database:
                self.postgres = Postgres(place, self._sockets, self.home.log("postgres"), pg_settings or {})
            if own_doorbell:
                self.valkey = Valkey(place, self._sockets, self.home.log("valkey"))
        port = free_port()
        if REASONER in needs and not os.environ.get("REASONER_URL"):
            self._reasoner_url = f"http://127.0.0.1:{port}/v1"
        if PREFORK in needs:
            self.prefork = self._start_prefork()
        if self.postgres:
            self.postgres.start(self.leash)
        if self.valkey:
            self.valkey.start(self.leash)
        if self._reasoner_url:
            self.reasoner = self.child("reasoner", ["-m", "inference.standin", "--port", str(port)])
            self.reasoner.start(self.leash)
        if meanwhile:
            meanwhile()
        if self.postgres:
            self.postgres.wait_ready()
            self.postgres.prepare()
        if self.valkey:
            self.valkey.recover(self.leash)

    def environment(self, *, owner: bool) -> dict[str, str]:
        """Variables for a child; `owner` adds the database owner's address, for commands only."""
        env = dict(os.environ)
        env.setdefault("SECRET_KEY", self.home.secret("secret-key", 50))
        env.setdefault("ALLOWED_HOSTS", "")
        env |= {"DJANGO_SETTINGS_MODULE": _SETTINGS, "REVIEW_HOME": str(self.home.path)}
        env["PYTHONUNBUFFERED"] = "1"
        env.pop("PYTHONHOME", None)
        env.pop("REVIEW_FRONT_DOOR", None)
        if self.postgres:
            env["DATABASE_URL"] = self.postgres.url()
            env.pop("DATABASE_OWNER_URL", None)
            if owner:
                env["DATABASE_OWNER_URL"] = self.postgres.url("review_owner")
        if self.valkey:
            env["REDIS_URL"] = self.valkey.url()
        if self._reasoner_url:
            env["REASONER_URL"] = self._reasoner_url
        if self._web_url:
            env["REVIEW_URL"] = self._web_url
        if self.static:
            env["REVIEW_STATIC"] = str(self.static)
        return env

    def child(self, name: str, arguments: Sequence[str]) -> Process:
        """A Python process of the product, in the checkout, with the services' addresses."""
        fork = self.prefork.fork if self.prefork else None
        command, env = [str(self.python), *arguments], self.environment(owner=False)
        return Process(name, command, env=env, cwd=self.root, log=self._log(name), fork=fork)

    def web_process(self, host: str, port: int) -> Process:
        """The web server: one process, a few threads, because Python runs one thread at a time anyway."""
        self._web_url = f"http://{_dialled(host)}:{port}"
        arguments = ["-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)]
        arguments += ["--workers", "1", "--blocking-threads", str(WEB_THREADS), "--backlog", "1024"]
        arguments += ["--no-ws", "--http", "1", "--respawn-failed-workers", "--workers-kill-timeout", "10"]
        arguments += ["--log-level", "warning", "reviewapp.wsgi:application"]
        self.web = self.child("web", arguments)
        return self.web

    def wait_web(self, host: str, port: int, seconds: float = 40.0) -> None:
        """Return when `GET /healthz` answers 200. Raises BootError when it does not."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if _healthy(_dialled(host).strip("[]"), port):
                return
            if self.web is not None and self.web.ended() is not None:
                raise BootError(f"The web process did not start:\n{self.web.last_words(15)}")
            time.sleep(0.03)
        words = self.web.last_words(15) if self.web else ""
        raise BootError(
            f"The web process did not answer within {seconds:.0f} s; see {self.home.log('web')}.\n{words}"
        )

    def stop(self, others: Sequence[Process] = (), seconds: float = 18.0) -> None:
        """Stop `others`, web and reasoner together, then the servers; at most about 28 s in all."""
        ends = [process for process in (*others, self.web, self.reasoner) if process is not None]
        stop_together(list(dict.fromkeys(ends)), seconds)
        if self.prefork:
            self.prefork.stop()
        if self.valkey:
            self.valkey.stop(2.0)
        if self.postgres:
            self.postgres.stop("fast", 6.0)
        self.close()

    def close(self) -> None:
        """Let go of the leash and the socket folder."""
        self.leash.close()
        if self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _start_prefork(self) -> Prefork:
        env, log = self.environment(owner=False), self._log("prefork")
        made = Prefork(self.python, _LOADED, env=env, cwd=self.root, log=log)
        made.start(self.leash)
        return made

    def _log(self, name: str) -> Path | None:
        return None if os.environ.get("LOG_FORMAT") == "json" else self.home.log(name)

    def _socket_folder(self, place: Place) -> Path:
        """A new one; the one a killed start left behind goes."""
        note = self.home.path / "sockets.path"
        if note.exists():
            left = Path(note.read_text().strip())
            if left.name.startswith("review-") and left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
        made = socket_folder(place)
        note.write_text(f"{made}\n")
        return made


def free_port() -> int:
    """A port on 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_port(host: str, port: int) -> None:
    """Raises BootError when the web port cannot be had."""
    if not 0 < port < 65536:
        raise BootError(
            f"There is no port {port}. Choose one from 1 to 65535: python3 manage.py up --port 8000"
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BootError(
            f"Port {port} on {host} cannot be used ({reason}). Choose another one: "
            f"python3 manage.py up --port {port + 1 if 1023 < port < 65535 else 8000}"
        ) from error


def _dialled(host: str) -> str:
    """The address at which a listener on `host` is reached from this machine."""
    if host in {"0.0.0.0", ""}:
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def _healthy(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
