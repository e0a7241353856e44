"""A load generator that costs little beside the server: prepared bytes over keep-alive sockets, one thread each."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: wall seconds, the seconds of each request, and how many had each status."""

    seconds: float
    latencies: list[float]
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


def request_bytes(
    address: str, method: str, path: str, body: bytes = b"", key: str = "", cookie: str = ""
) -> bytes:
    """One HTTP/1.1 request, ready to send."""
    host = urlsplit(address).netloc
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    if key:
        head += f"Authorization: Bearer {key}\r\n"
    if cookie:
        head += f"Cookie: {cookie}\r\n"
    return head.encode() + b"\r\n" + body


class Wire:
    """One keep-alive socket."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._socket = socket.create_connection((parts.hostname or "localhost", parts.port or 80))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def send(self, request: bytes) -> tuple[int, float]:
        """The status of the answer, and the seconds until all of it was there."""
        begun = time.perf_counter()
        self._socket.sendall(request)
        return _read_answer(self._reader), time.perf_counter() - begun

    def close(self) -> None:
        """Hang up."""
        self._reader.close()
        self._socket.close()


def send_all(address: str, requests: Sequence[bytes], connections: int, *, pause: float = 0.0) -> Load:
    """Send every request once over `connections` sockets; `pause` seconds between two requests of a socket."""
    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        parts = list(
            pool.map(lambda at: _send(address, requests[at::connections], pause), range(connections))
        )
    seconds = time.perf_counter() - start
    statuses: dict[int, int] = {}
    latencies = []
    for part in parts:
        for status, latency in part:
            statuses[status] = statuses.get(status, 0) + 1
            latencies.append(latency)
    return Load(seconds, latencies, statuses)


def _send(address: str, requests: Sequence[bytes], pause: float) -> list[tuple[int, float]]:
    answers = []
    with closing(Wire(address)) as wire:
        for request in requests:
            answers.append(wire.send(request))
            if pause:
                time.sleep(pause)
    return answers


def _read_answer(reader: BinaryIO) -> int:
    status = int(reader.readline().split()[1])
    length = 0
    while line := reader.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    reader.read(length)
    return status
