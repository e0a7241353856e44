"""The home folder: who runs it, its version, its secrets, and where its services listen."""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reviewapp.boot.say import BootError, line

_ROOM_NEEDED = 200 * 1024 * 1024


def product_version(root: Path) -> str:
    """The version in pyproject.toml."""
    with (root / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def chosen_path(root: Path, option: str | None) -> Path:
    """`--home`, else `REVIEW_HOME`, else `.review` in the checkout."""
    return Path(option or os.environ.get("REVIEW_HOME") or root / ".review").expanduser().absolute()


class Home:
    """One folder of data. `open` it first, then `lock` it before anything runs on it."""

    def __init__(self, path: Path, version: str) -> None:
        self.path = path
        self.version = version
        self._lock_file: Any = None

    def open(self) -> None:
        """Make the folder (0700) and check it. Raises BootError that says what to do."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.path / "logs").mkdir(mode=0o700, exist_ok=True)
            probe = self.path / f".probe-{os.getpid()}"
            probe.write_text("x")
            probe.unlink()
        except OSError as error:
            raise self._unusable(error) from error
        if shutil.disk_usage(self.path).free < _ROOM_NEEDED:
            raise BootError(
                f"Less than {_ROOM_NEEDED // 1024 // 1024} MB are free in {self.path}. "
                "Free some space, or choose another place with --home DIR."
            )
        self._check_version()

    def lock(self, command: str, port: int | None = None) -> None:
        """Take the home for this process; waits for a short command, refuses a second `up`.

        Raises BootError naming the process that runs it.
        """
        self._lock_file = (self.path / "lock").open("a+")
        told = False
        while not self._try_lock():
            holder = self.holder()
            if holder.get("command", "up") == "up":
                raise BootError(_already(self.path, holder))
            if not told:
                line(
                    f"· Waiting for `manage.py {holder['command']}` (process {holder['pid']}), which uses this home"
                )
                told = True
            time.sleep(0.2)
        self._lock_file.truncate(0)
        self._lock_file.write(json.dumps({"pid": os.getpid(), "command": command, "port": port}))
        self._lock_file.flush()
        (self.path / "version").write_text(self.version + "\n")

    def running(self) -> dict[str, Any] | None:
        """What `up` wrote for other commands while it runs on this home, else None."""
        runtime = self.path / "runtime.json"
        if not runtime.exists():
            return None
        with (self.path / "lock").open("a+") as probe, contextlib.suppress(BlockingIOError):
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
        found: dict[str, Any] = json.loads(runtime.read_text())
        return found

    def holder(self) -> dict[str, Any]:
        """The process that holds the lock: pid, command, port."""
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self.path / "lock").read_text())
            return found
        return {}

    def write_runtime(self, facts: Mapping[str, Any]) -> None:
        """Tell other commands where the services are (0600; the file appears whole)."""
        fresh = self.path / "runtime.json.new"
        fresh.unlink(missing_ok=True)
        write_private(fresh, json.dumps(facts, indent=1))
        fresh.rename(self.path / "runtime.json")

    def release(self) -> None:
        """Give the home back."""
        (self.path / "runtime.json").unlink(missing_ok=True)
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    def secret(self, name: str, length: int) -> str:
        """A random secret kept in a 0600 file of this home; made when first asked for."""
        path = self.path / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(length) + "\n")
        return path.read_text().strip()

    def log(self, name: str) -> Path:
        """The log file of one process."""
        return self.path / "logs" / f"{name}.log"

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _check_version(self) -> None:
        path = self.path / "version"
        if not path.exists():
            return
        found = path.read_text().strip()
        if _numbers(found) > _numbers(self.version):
            raise BootError(
                f"{self.path} was written by version {found}; this checkout is {self.version}. "
                "Update the checkout, or choose another place with --home DIR."
            )

    def _unusable(self, error: OSError) -> BootError:
        if error.errno == errno.ENOSPC:
            return BootError(
                f"The disk is full at {self.path}. Free some space, or choose another place with --home DIR."
            )
        return BootError(
            f"{self.path} cannot be written ({error.strerror}). "
            "Start as the user it belongs to, or choose another place with --home DIR."
        )


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _already(path: Path, holder: Mapping[str, Any]) -> str:
    address = f" at http://localhost:{holder['port']}" if holder.get("port") else ""
    return (
        f"{path} is already run by process {holder.get('pid', '?')}{address}. "
        f"Use that one, stop it (Ctrl-C there, or `kill {holder.get('pid', 'PID')}`), or choose another place with --home DIR."
    )
