"""A load generator that costs little beside the server: prepared bytes over keep-alive sockets, one thread each."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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


def request_bytes(address: str, method: str, path: str, body: bytes = b"", key: str = "") -> bytes:
    """One HTTP/1.1 request, ready to send."""
    host = urlsplit(address).netloc
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    if key:
        head += f"Authorization: Bearer {key}\r\n"
    return head.encode() + b"\r\n" + body


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
    parts = urlsplit(address)
    answers = []
    with socket.create_connection((parts.hostname or "localhost", parts.port or 80)) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = wire.makefile("rb")
        for request in requests:
            begun = time.perf_counter()
            wire.sendall(request)
            answers.append((_read_answer(reader), time.perf_counter() - begun))
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
