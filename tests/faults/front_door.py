"""A copy of the front door over a product of a few lines, so that its faults can be tried alone."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reviewapp.boot.services import free_port

ROOT = Path(__file__).parents[2]
_WAIT = "import time\nwhile True:\n    time.sleep(1)\n"
_PRODUCT = {
    "reviewapp/__init__.py": "",
    "reviewapp/settings.py": "SECRET_KEY = 'x'\nINSTALLED_APPS = ['reviewapp.audit']\nUSE_TZ = True\n",
    "reviewapp/audit/__init__.py": "",
    "reviewapp/audit/management/__init__.py": "",
    "reviewapp/audit/management/commands/__init__.py": "",
    "reviewapp/audit/management/commands/seed.py": """
import os, psycopg
from django.core.management.base import BaseCommand
class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("--migrate", action="store_true")
        parser.add_argument("--policies", action="store_true")
        parser.add_argument("--demo", action="store_true")
    def handle(self, **options):
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS seen (line text)")
""",
    "reviewapp/audit/management/commands/collectstatic.py": """
import os, pathlib
from django.core.management.base import BaseCommand
class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("--no-input", action="store_true")
        parser.add_argument("--ignore", action="append")
    def handle(self, **options):
        folder = pathlib.Path(os.environ["REVIEW_STATIC"])
        folder.mkdir()
        (folder / "made").write_text(pathlib.Path("static/page.css").read_text())
""",
    "static/page.css": "blue",
    "reviewapp/audit/management/commands/remember.py": """
import os, psycopg
from django.core.management.base import BaseCommand
class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("line", nargs="?")
    def handle(self, line, **options):
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            if line:
                connection.execute("INSERT INTO seen VALUES (%s)", [line])
            for row in connection.execute("SELECT line FROM seen ORDER BY line"):
                print("remembered", row[0])
""",
    "reviewapp/wsgi.py": """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine"]
""",
    # A worker with a child in a group of its own, as an RQ work-horse is.
    "reviewapp/worker.py": "import os\nif os.fork() == 0:\n    os.setpgrp()\n" + _WAIT,
    "reviewapp/sweeper.py": _WAIT,
    "reviewapp/loaded.py": "",
    "inference/__init__.py": "",
    "inference/standin.py": _WAIT,
}


@dataclass
class FrontDoor:
    """One copied checkout. Its path has a space and lies below a 0700 folder."""

    uid: int | None = None
    port: int = field(default_factory=free_port)
    top: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="review-door-", dir="/tmp")))
    _process: "subprocess.Popen[str] | None" = None

    def __post_init__(self) -> None:
        self.root = self.top / "a checkout"
        self.home = self.top / "the home"
        shutil.copytree(ROOT / "reviewapp" / "boot", self.root / "reviewapp" / "boot")
        for name, text in _PRODUCT.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        for name in ("manage.py", "pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, self.root)
        if self.uid is not None:
            for folder, _, files in os.walk(self.top):
                for path in (Path(folder), *(Path(folder, name) for name in files)):
                    os.chown(path, self.uid, self.uid)

    def environment(self) -> dict[str, str]:
        """No service of the running suite leaks in; the packages are the suite's own."""
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        kept.pop("REVIEW_FRONT_DOOR", None)
        kept |= {"REVIEW_PYTHON": sys.executable, "REVIEW_HOME": str(self.home), "HOME": str(self.top)}
        return kept

    def run(self, *arguments: str, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run one command to its end."""
        return subprocess.run(
            self._command(*arguments), env=self.environment(), cwd="/", capture_output=True, text=True,
            timeout=seconds, user=self.uid, group=self.uid, extra_groups=None if self.uid is None else [],
        )  # fmt: skip

    def up(self, *options: str) -> list[str]:
        """Start `up` and return its lines once it is ready; fails with them when it ends before."""
        self._process = subprocess.Popen(
            self._command("up", "--port", str(self.port), *options), env=self.environment(), cwd="/",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            user=self.uid, group=self.uid, extra_groups=None if self.uid is None else [],
        )  # fmt: skip
        assert self._process.stdout is not None
        lines: list[str] = []
        for row in self._process.stdout:
            lines.append(row.rstrip())
            if row.startswith("Ready in"):
                return lines
        raise AssertionError("\n".join(lines))

    @property
    def pid(self) -> int:
        """The front process."""
        assert self._process is not None
        return self._process.pid

    def end(self, number: int = signal.SIGTERM, seconds: float = 30) -> int:
        """Signal the front process; its exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        self._process.communicate(timeout=seconds)
        return self._process.returncode

    def family(self) -> set[int]:
        """Living processes that carry this checkout or home in command, folder or environment."""
        found = set()
        mark = str(self.top).encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                        continue
                    words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                except OSError:
                    continue
                if mark in words or os.fsencode(self.holder_of_servers()) in words:
                    found.add(int(entry.name))
        return found

    def server_pids(self) -> set[int]:
        """Postgres and its backends, by their working folder."""
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if str((entry / "cwd").readlink()).startswith(self.holder_of_servers()):
                        found.add(int(entry.name))
                except OSError:
                    continue
        return found

    def everyone(self) -> set[int]:
        """All processes of this copy but the front one."""
        return (self.family() | self.server_pids()) - {self._process.pid if self._process else 0}

    def holder_of_servers(self) -> str:
        """The folder with the servers' data."""
        pointer = self.home / "servers.path"
        return pointer.read_text().strip() if pointer.exists() else str(self.home / "servers")

    def remove(self) -> None:
        """End it the hard way and delete everything."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
        wait_for(lambda: not self.everyone(), 8)
        shutil.rmtree(self.holder_of_servers(), ignore_errors=True)
        if (self.home / "sockets.path").exists():
            shutil.rmtree((self.home / "sockets.path").read_text().strip(), ignore_errors=True)
        shutil.rmtree(self.top, ignore_errors=True)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.root / "manage.py"), *arguments]


def wait_for(claim: Callable[[], object], seconds: float) -> bool:
    """Whether `claim()` came true within `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if claim():
            return True
        time.sleep(0.05)
    return bool(claim())
