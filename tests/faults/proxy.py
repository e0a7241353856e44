"""A TCP proxy before an engine that cuts, resets, slows or lets through, and counts the questions that pass it."""

import socket
import struct
import threading
import time
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

_RESET: Final = struct.pack("ii", 1, 0)


class Proxy:
    """Runs within a `with`. `mode` may be changed at any time and holds for every answer from then on.

    `pass`: as it is; `cut`: after 40 bytes of the answer the connection closes; `reset`: it is reset instead of an
    answer; `slow`: one byte of the answer each 50 ms; `refuse`: nobody listens. All but `refuse` leave answers to
    other questions than those for a verdict alone.
    """

    def __init__(self, engine: str) -> None:
        parts = urlsplit(engine)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}/v1"
        self.mode = "pass"
        self.questions = 0
        self._ended = threading.Event()
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._door.close()
        for one in list(self._open):
            self._close(one)

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                caller, _ = self._door.accept()
            except OSError:
                return
            if self.mode == "refuse":
                self._reset(caller)
                continue
            engine = socket.create_connection(self._target)
            self._open |= {caller, engine}
            asked = threading.Event()
            threading.Thread(target=self._upwards, args=[caller, engine, asked], daemon=True).start()
            threading.Thread(target=self._downwards, args=[caller, engine, asked], daemon=True).start()

    def _upwards(self, caller: socket.socket, engine: socket.socket, asked: threading.Event) -> None:
        try:
            while data := caller.recv(65_536):
                questions = data.count(b"POST /v1/chat/completions")
                self.questions += questions
                if questions:
                    asked.set()
                elif data.startswith(b"GET "):
                    asked.clear()
                engine.sendall(data)
        except OSError:
            pass
        self._close(engine)

    def _downwards(self, caller: socket.socket, engine: socket.socket, asked: threading.Event) -> None:
        try:
            while data := engine.recv(65_536):
                mode = self.mode if asked.is_set() else "pass"
                if mode == "reset":
                    self._reset(caller)
                    break
                if mode == "cut":
                    caller.sendall(data[:40])
                    break
                if mode == "slow":
                    for place in range(len(data)):
                        caller.sendall(data[place : place + 1])
                        time.sleep(0.05)
                else:
                    caller.sendall(data)
        except OSError:
            pass
        self._close(caller)
        self._close(engine)

    def _reset(self, one: socket.socket) -> None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._close(one, socket.SHUT_RD)

    def _close(self, one: socket.socket, how: int = socket.SHUT_RDWR) -> None:
        """Wake whoever reads from it first: until then the kernel keeps it open."""
        self._open.discard(one)
        for end in (lambda: one.shutdown(how), one.close):
            try:
                end()
            except OSError:
                continue
