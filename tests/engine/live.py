"""Small real servers for tests, each in a thread of its own."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web


@contextmanager
def in_thread(app: web.Application, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[int]:
    """An aiohttp application on a port of this machine, a free one unless it is named. Gives the port."""
    loop = asyncio.new_event_loop()
    # As the stand-in's own process runs: a caller that goes away ends its call.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
        return int(runner.addresses[0][1])

    # A handshake that fails is what some tests are about; the loop would print it.
    loop.set_exception_handler(lambda *_: None)
    listening = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield listening
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def running_tcp(greeting: bytes) -> Iterator[int]:
    """A plain TCP server that greets and hangs up. Gives its port."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with connection:
                connection.sendall(greeting)
                connection.settimeout(2)
                connection.recv(4096)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(server.getsockname()[1])
    finally:
        stopping.set()
        thread.join(5)
        server.close()
