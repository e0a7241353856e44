"""The file of an export while it grows: owner-only, hashed as it is written, cut back to what the database knows."""

import fcntl
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from django.conf import settings

_BLOCK: Final = 1 << 20


class Mark(NamedTuple):
    """A place to come back to."""

    place: int
    digest: "hashlib._Hash"


class Busy(Exception):
    """Another process writes this file."""


class Short(Exception):
    """Fewer bytes are there than the database counts: another disk, or somebody cut the file."""


class Spool:
    """One open file with the SHA-256 of all that is in it; one process at a time. Raises Busy, Short, OSError."""

    def __init__(self, path: Path, *, keep: int = 0) -> None:
        """Open `path`, keep its first `keep` bytes and drop the rest."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise Busy(str(path.name)) from error
        self.digest = hashlib.sha256()
        self._reread(keep)

    def _reread(self, keep: int) -> None:
        left = keep
        while left:
            block = self._file.read(min(left, _BLOCK))
            if not block:
                self._file.close()
                raise Short(f"{keep - left} of {keep} bytes are there")
            self.digest.update(block)
            left -= len(block)
        self._file.seek(keep)
        self._file.truncate()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    def write(self, data: bytes) -> None:
        """Append."""
        self._file.write(data)
        self.digest.update(data)

    def mark(self) -> Mark:
        """Where we are."""
        return Mark(self._file.tell(), self.digest.copy())

    def rewind(self, mark: Mark) -> None:
        """Forget everything after `mark`."""
        self._file.seek(mark.place)
        self._file.truncate()
        self.digest = mark.digest.copy()

    def settle(self) -> None:
        """Make what was written survive a power cut."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file and let others have it."""
        self._file.close()


def path_of(export: object, format: str, *, part: bool = False) -> Path:
    """Where the file of an export is, or grows. The name holds the export's id and nothing else."""
    return Path(settings.REVIEW_HOME) / "exports" / f"{export}.{format}{'.part' if part else ''}"


def remove(export: object, formats: Iterable[str]) -> None:
    """Delete the files of an export, whatever there is of them."""
    for format in formats:
        path_of(export, format).unlink(missing_ok=True)
        path_of(export, format, part=True).unlink(missing_ok=True)
