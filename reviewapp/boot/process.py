"""One child process: started in its own session, on the leash, stopped in good order."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from reviewapp.boot.leash import Leash, family, follow_parent

_LOG_LIMIT = 20 * 1024 * 1024


class Child(Protocol):
    """What a process is known by while it runs; `subprocess.Popen` is one."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, number: int, /) -> None: ...


class Process:
    """A named command that can be started again after it ended.

    `log` is a file that receives its output (None: the terminal). `stop_signal` asks it to
    stop in good order. `identity` holds the user switch of `places.Place.identity`. `fork`
    makes the child of another process, from name, command and output file; it has that one's
    environment and folder.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path | None,
        stop_signal: int = signal.SIGTERM,
        identity: Mapping[str, Any] | None = None,
        fork: Callable[[str, Sequence[str], int | None], Child] | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.env = dict(env)
        self.cwd = cwd
        self.log = log
        self.stop_signal = stop_signal
        self.identity = dict(identity or {})
        self._fork = fork
        self._child: Child | None = None
        self._leash: Leash | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self, leash: Leash, stdin: int = subprocess.DEVNULL) -> None:
        """Start it. Call from the main thread only: the kernel ties the child to that thread."""
        self._leash = leash
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(_open_log(self.log)).fileno() if self.log else None
            child = self._fork(self.name, self.command, out) if self._fork else self._popen(stdin, out)
        self._child = child
        leash.hold(child.pid, self.stop_signal)

    def _popen(self, stdin: int, out: int | None) -> Child:
        return subprocess.Popen(
            self.command,
            env=self.env,
            cwd=self.cwd,
            stdin=stdin,
            stdout=out,
            stderr=None if out is None else subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=follow_parent(self.stop_signal),
            **self.identity,
        )

    def ended(self) -> int | None:
        """Its exit status once it has ended (negative: the signal), else None."""
        return self._child.poll() if self._child else None

    def send(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self._child and self._child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; True when it ended in time."""
        if self._child is None:
            return True
        try:
            self._child.wait(timeout=max(seconds, 0.01))
        except subprocess.TimeoutExpired:
            return False
        self.forget()
        return True

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Kill it and its process group at once, and reap it."""
        if self._child and self._child.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(10)
        self.forget()

    def forget(self) -> None:
        """Take an ended process off the leash, and kill whatever it left in its session.

        A work-horse has a process group of its own, but shares the session.
        """
        if self._child and self._leash:
            for left in family({self._child.pid}):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(left, signal.SIGKILL)
            self._leash.release(self._child.pid)

    def last_words(self, count: int = 5) -> str:
        """The last lines of its log, to show beside an error."""
        if self.log is None or not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 8000))
            text = file.read().decode("utf-8", "replace")
        return "\n".join(text.strip().splitlines()[-count:])


def stop_together(processes: Sequence[Process], seconds: float) -> list[str]:
    """Ask all to stop, wait up to `seconds` in all, kill the rest; returns the names killed."""
    for process in processes:
        process.send(process.stop_signal)
    until = time.monotonic() + seconds
    killed = []
    for process in processes:
        if not process.wait(until - time.monotonic()):
            process.kill()
            killed.append(process.name)
    return killed


def _open_log(path: Path) -> Any:
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "ab", buffering=0)


def living_in(folder: Path) -> set[int]:
    """Processes whose working directory is `folder` (Linux; elsewhere none can be seen)."""
    wanted = str(folder.resolve())
    found = set()
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if entry.isdigit():
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{entry}/cwd") == wanted:
                    found.add(int(entry))
    return found


def wait_until_left(folder: Path, seconds: float = 8.0) -> None:
    """Wait until what a killed start left running in `folder` is gone; in the end, kill it."""
    until = time.monotonic() + seconds
    while (left := living_in(folder)) and time.monotonic() < until:
        time.sleep(0.05)
    for pid in left:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    while living_in(folder) and time.monotonic() < until + 2:
        time.sleep(0.05)
