"""What work cost in processor time: this process, a process with its children, and the database's servers."""

import os
import time
from pathlib import Path
from typing import Final

from django.db import connection

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_REAPED_AFTER: Final = 0.3
_PROC: Final = Path("/proc")


class Meter:
    """Seconds of processor time since it was made: `python` of this process, `database` of all servers of the cluster.

    `database` stays 0 where the database runs on another machine.
    """

    def __init__(self) -> None:
        self._postmaster = _postmaster()
        self._begun = time.perf_counter()
        self._python, self._database = time.process_time(), self._of_database()

    @property
    def seconds(self) -> float:
        """Wall seconds."""
        return time.perf_counter() - self._begun

    @property
    def python(self) -> float:
        """Of this process, all threads."""
        return time.process_time() - self._python

    @property
    def database(self) -> float:
        """Of the database's servers, those that ended meanwhile included."""
        time.sleep(_REAPED_AFTER)  # a server that is just ending is counted nowhere for a moment
        return self._of_database() - self._database

    def _of_database(self) -> float:
        return tree_seconds(self._postmaster) if self._postmaster else 0.0


def tree_seconds(pid: int) -> float:
    """Processor seconds of a process, its living children and those that it has waited for; 0 where there is none."""
    return own_seconds(pid, with_ended=True) + sum(own_seconds(child) for child in children(pid))


def own_seconds(pid: int, *, with_ended: bool = False) -> float:
    """Processor seconds of one process, on request with those of its children that ended; 0 where there is none."""
    fields = stat_of(pid)
    return sum(map(int, fields[11 : 15 if with_ended else 13])) / _TICKS if fields else 0.0


def children(pid: int) -> list[int]:
    """The living children of a process."""
    return [other for other in _all() if (fields := stat_of(other)) and int(fields[1]) == pid]


def _all() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def stat_of(pid: int) -> list[str]:
    """The fields after the name, from the state on; empty where there is no such process."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _postmaster() -> int:
    """The process that started this connection's server; 0 where that is on another machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = stat_of(cursor.fetchone()[0])
    parent = int(fields[1]) if fields else 0
    name = _PROC / str(parent) / "comm"
    return parent if parent and name.exists() and "postgres" in name.read_text() else 0
