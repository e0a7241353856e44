"""A receiver that can behave badly: on real sockets, with what it got kept for the test."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """`manner` says what it does with the next posts; `got` holds headers and body of each."""

    port: int = 0
    manner: str = "200"
    got: list[tuple[dict[str, str], bytes, float]] = field(default_factory=list)

    @property
    def host(self) -> str:
        """What an operator names in WEBHOOK_HOSTS."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}/in"

    def ids(self) -> list[str]:
        """The webhook-id of each post, in order."""
        return [headers["webhook-id"] for headers, _, _ in self.got]


@contextmanager
def listening(manner: str = "200") -> Iterator[Receiver]:
    """A receiver on a free port of loopback."""
    receiver = Receiver(manner=manner)
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append((headers, body, time.monotonic()))
            with contextlib.suppress(OSError):
                _answer(self, receiver.manner, ended)

        def log_message(self, *_: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        ended.set()
        server.shutdown()
        server.server_close()


def _answer(handler: BaseHTTPRequestHandler, manner: str, ended: threading.Event) -> None:
    if manner == "hang":
        ended.wait(20)
    elif manner == "slowloris":
        _drip(handler.connection, ended)
    elif manner == "reset":
        handler.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf")
        handler.connection.shutdown(socket.SHUT_RDWR)
    elif manner == "nonsense":
        handler.connection.sendall(b"SSH-2.0-not-http\r\n\r\n")
        handler.connection.shutdown(socket.SHUT_RDWR)
    elif manner == "flood":
        handler.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n")
        while not ended.is_set():
            handler.connection.sendall(b"x" * 65536)
    else:
        _plainly(handler, manner)


def _drip(connection: socket.socket, ended: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not ended.wait(0.1):
        connection.sendall(b"X: y\r\n")


def _plainly(handler: BaseHTTPRequestHandler, manner: str) -> None:
    status, _, header = manner.partition(" ")
    handler.send_response(int(status))
    if header:
        name, _, value = header.partition("=")
        handler.send_header(name, value)
    handler.send_header("Content-Length", "4")
    handler.end_headers()
    handler.wfile.write(b"busy")
