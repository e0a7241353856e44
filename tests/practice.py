"""The practice reasoner on a thread of this process: the real server on a real port, whose script a test may change."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from inference.standin import Standin, options_from
from inference.standin_script import Rule
from tests.engine.live import in_thread


@dataclass(frozen=True, slots=True)
class Practice:
    """A running one. `url` is what REASONER_URL takes."""

    url: str
    server: Standin

    def follow(self, *rules: dict[str, Any], delay: float = 0.0) -> None:
        """Act out `rules` (see `inference.standin_script`) from now on, each answer taking `delay` seconds."""
        self.server.script = tuple(
            Rule(**{**rule, "calls": frozenset(rule.get("calls", ()))}) for rule in rules
        )
        self.server.delay = delay


@contextmanager
def practising(*options: str) -> Iterator[Practice]:
    """A practice reasoner with the options of its command line, on a free port unless told; it ends with the block."""
    wanted = options_from(["--port", "0", *options])
    server = Standin(wanted)
    app = server.app()
    app.on_startup.append(lambda _: server.load_vocabulary())
    with in_thread(app, port=wanted.port) as port:
        yield Practice(f"http://127.0.0.1:{port}/v1", server)
