"""What the processes under `manage.py up` cost: processor time and memory, by what they are for."""

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.costs import stat_of

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_WORDS: Final = {
    "bin/postgres": "database", "valkey": "store", "granian": "web", "worker score": "score", "worker reason": "pump",
    "worker deliver": "deliver", "worker export": "export", "reviewapp.sweeper": "sweeper",
}  # fmt: skip
_PREFORK: Final = "reviewapp.boot.prefork"


@dataclass
class Census:
    """Looks at the children of one `up` again and again; what ended between two looks keeps its last figures.

    `samples`: for each look the seconds since the start and the proportional memory in bytes of each kind.
    """

    up: int
    samples: list[tuple[float, Mapping[str, int]]] = field(default_factory=list)
    _begun: float = field(default_factory=time.monotonic)
    _kinds: dict[int, str] = field(default_factory=dict)
    _seconds: dict[tuple[int, str], tuple[str, float]] = field(default_factory=dict)

    def leaders(self) -> dict[str, int]:
        """Kind to the process that `up` started for it, or had forked, as far as it lives."""
        everyone = _everyone()
        parents = {self.up} | {
            pid for pid, fields in everyone.items() if int(fields[1]) == self.up and _PREFORK in _command(pid)
        }
        found = {}
        for pid, fields in everyone.items():
            if int(fields[1]) in parents and fields[0] != "Z" and (kind := _kind(pid)):
                found[kind] = pid
        return found

    def look(self) -> None:
        """Take one sample."""
        everyone = _everyone()
        self._kinds |= {pid: kind for kind, pid in self.leaders().items()}
        memory: dict[str, int] = defaultdict(int)
        for pid, fields in everyone.items():
            # A job has a group of its own in its worker's session; a server of the database has even its own session.
            kind = self._kinds.get(int(fields[3])) or self._kinds.get(int(fields[1]))
            if kind:
                self._seconds[pid, fields[19]] = (kind, sum(map(int, fields[11:13])) / _TICKS)
                memory[kind] += _proportional(pid)
        self.samples.append((time.monotonic() - self._begun, dict(memory)))

    def seconds(self) -> dict[str, float]:
        """Processor seconds of each kind so far."""
        found: dict[str, float] = defaultdict(float)
        for kind, used in self._seconds.values():
            found[kind] += used
        return dict(found)

    def growth(self, kind: str) -> float:
        """Bytes an hour between the medians of the two halves of the samples, the first fifth left out; 0 of too few."""
        points = [(at, memory[kind]) for at, memory in self.samples if kind in memory]
        points = points[len(points) // 5 :]
        early, late = points[: len(points) // 2], points[len(points) // 2 :]
        if len(early) < 3:
            return 0.0
        grew = statistics.median(size for _, size in late) - statistics.median(size for _, size in early)
        return (
            3600 * grew / (statistics.median(at for at, _ in late) - statistics.median(at for at, _ in early))
        )

    def most(self, kind: str) -> int:
        """The most bytes that a kind ever held."""
        return max((memory.get(kind, 0) for _, memory in self.samples), default=0)


def _everyone() -> dict[int, list[str]]:
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return {pid: fields for pid in pids if (fields := stat_of(pid))}


def _kind(pid: int) -> str:
    words = _command(pid)
    return next((kind for word, kind in _WORDS.items() if word in words), "")


def _command(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _proportional(pid: int) -> int:
    """Bytes that a process holds, its share of common pages included; 0 where it has gone or may not be looked at."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
