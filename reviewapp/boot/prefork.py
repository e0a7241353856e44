"""One interpreter that has loaded the product and forks its processes: they share what it loaded, and start at once.

Run as `python -m reviewapp.boot.prefork MODULE` it imports MODULE, then takes orders on its standard input, a socket:
one JSON line `{"name": …, "command": [python, "-m", module, …]}` each, with the file for the output attached. A child says
`{"pid": …}` once it leads a session of its own; its end is told as `{"pid": …, "status": …}`. After SIGTERM, or when
nobody holds the other end of the socket any more, it stops its children and ends with the last of them.
"""

import contextlib
import gc
import json
import multiprocessing
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

from reviewapp.boot.leash import Leash, follow_parent, name_process
from reviewapp.boot.process import Process
from reviewapp.boot.say import BootError

_LONGEST_ORDER = 16_384
_PATIENCE = 30.0
_HANDLED = (signal.SIGCHLD, signal.SIGTERM)


class Prefork:
    """The supervisor's end: starts the interpreter, and has it fork. It may be started again after its end."""

    def __init__(
        self, python: Path, module: str, *, env: Mapping[str, str], cwd: Path, log: Path | None
    ) -> None:
        command = [str(python), "-m", "reviewapp.boot.prefork", module]
        # What has threads cannot be forked safely; numpy's wait for matrices that nobody here multiplies.
        env = {**env, "OPENBLAS_NUM_THREADS": "1"}
        self.process = Process("prefork", command, env=env, cwd=cwd, log=log)
        self._line: _Line | None = None

    def start(self, leash: Leash) -> None:
        """Start it; does not wait until all is loaded."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.process.start(leash, stdin=theirs.fileno())
        self._line = _Line(ours)

    def fork(self, name: str, command: Sequence[str], out: int | None) -> "Forked":
        """A child that runs `command`, `python -m MODULE …`, with its output in the file `out` (None: the terminal).

        Raises BootError with the last words of the interpreter where there is none within 30 s.
        """
        line = self._line
        pid = line.order(name, command, out) if line else None
        if line is None or pid is None:
            raise BootError(
                f"The product is not loaded; see {self.process.log}.\n{self.process.last_words(15)}"
            )
        return Forked(pid, line)

    def stop(self, seconds: float = 2.0) -> None:
        """End it; its children have ended."""
        if self._line is not None:
            self._line.close()
            if not self.process.wait(seconds):
                self.process.kill()


class Forked:
    """A child of the forking interpreter, with what `subprocess.Popen` has of it. It does not outlive that one."""

    def __init__(self, pid: int, line: "_Line") -> None:
        self.pid = pid
        self._line = line
        self._status: int | None = None

    def poll(self) -> int | None:
        """Its exit status (negative: the signal), None while it runs."""
        if self._status is None:
            self._line.read()
            self._status = self._line.ended.get(self.pid)
        if self._status is None and self._line.gone:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._status = -signal.SIGKILL
        return self._status

    def wait(self, timeout: float) -> int:
        """Wait for its end; raises subprocess.TimeoutExpired."""
        until = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            self._line.read(until - time.monotonic())
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)


class _Line:
    """The socket to one forking interpreter, and what came over it; `gone` once that one has ended."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._rest = b""
        self._born: list[int] = []
        self.ended: dict[int, int] = {}
        self.gone = False

    def order(self, name: str, command: Sequence[str], out: int | None) -> int | None:
        """The process id of a new child, None where there is no answer."""
        row = json.dumps({"name": name, "command": list(command)}).encode() + b"\n"
        until = time.monotonic() + _PATIENCE
        with contextlib.suppress(OSError):
            socket.send_fds(self._end, [row], [] if out is None else [out])
            while not self._born and not self.gone and time.monotonic() < until:
                self.read(until - time.monotonic())
        if self._born:
            return self._born.pop()
        self.close()
        return None

    def read(self, seconds: float = 0.0) -> None:
        """Take what has come, waiting up to `seconds` for the first of it."""
        while not self.gone and select.select([self._end], [], [], max(seconds, 0.0))[0]:
            seconds = 0.0
            try:
                came = self._end.recv(_LONGEST_ORDER)
            except OSError:
                came = b""
            if not came:
                self.close()
            *rows, self._rest = (self._rest + came).split(b"\n")
            for row in rows:
                self._take(json.loads(row))

    def close(self) -> None:
        self.gone = True
        self._end.close()

    def _take(self, news: Mapping[str, int]) -> None:
        if "status" in news:
            self.ended[news["pid"]] = news["status"]
        else:
            self._born.append(news["pid"])


class _Stopped(BaseException):
    """SIGTERM."""


class _Parent:
    """The forking interpreter's end of the line."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._children: set[int] = set()
        self._follow = follow_parent(signal.SIGKILL)

    def take_orders(self) -> list[str]:
        """Fork for every order. Returns in each child with the command that it is to run; here with none, in the end."""
        signal.signal(signal.SIGCHLD, self._tell_ends)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            while (order := socket.recv_fds(self._end, _LONGEST_ORDER, 1))[0]:
                asked = json.loads(order[0])
                if self._fork(asked["name"], asked["command"], order[1]):
                    return list(asked["command"])
        except _Stopped:
            pass
        self._end_with_children()
        return []

    def _fork(self, name: str, command: Sequence[str], files: Sequence[int]) -> bool:
        """Whether this is the child."""
        # No handler of the parent's may run in the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
        pid = os.fork()
        if pid:
            self._children.add(pid)
        else:
            self._settle(name, command, files)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
        for file in files:
            os.close(file)
        return not pid

    def _settle(self, name: str, command: Sequence[str], files: Sequence[int]) -> None:
        os.setsid()
        self._follow()
        for number in _HANDLED:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for file in files:
            os.dup2(file, 1)
            os.dup2(file, 2)
        name_process(name, command)
        self._tell({"pid": os.getpid()})
        self._end.detach()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)

    def _tell(self, news: Mapping[str, int]) -> None:
        with contextlib.suppress(OSError):
            self._end.sendall(json.dumps(news).encode() + b"\n")

    def _tell_ends(self, number: int = 0, frame: FrameType | None = None) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._tell_end(*ended)

    def _tell_end(self, pid: int, status: int) -> None:
        self._children.discard(pid)
        self._tell({"pid": pid, "status": os.waitstatus_to_exitcode(status)})

    def _stop(self, number: int, frame: FrameType | None) -> NoReturn:
        raise _Stopped

    def _end_with_children(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        with contextlib.suppress(ChildProcessError):
            while True:
                self._tell_end(*os.wait())


def main() -> None:
    """Load, then fork until told to stop; what a child runs ends here too."""
    gc.disable()
    import_module(sys.argv[1])
    multiprocessing.set_start_method("fork")
    # A collection would write to every object, and each child would get a copy of every page.
    gc.freeze()
    command = _Parent(socket.socket(fileno=0)).take_orders()
    if command:
        gc.enable()
        sys.argv = command[2:]
        runpy.run_module(command[2], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
