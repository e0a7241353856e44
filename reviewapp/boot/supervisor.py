"""Keeps processes running: starts one that ended again, after a wait that grows."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reviewapp.boot.leash import Leash
from reviewapp.boot.process import Process
from reviewapp.boot.say import BootError, line

_LONGEST_WAIT = 30.0
_STEADY_AFTER = 15.0


@dataclass
class Kept:
    """One kept process: `start` brings it back; `wait` is the next pause in seconds."""

    process: Callable[[], Process]
    start: Callable[[], None]
    wait: float = 1.0
    started: float = field(default_factory=time.monotonic)
    again_at: float | None = None


class Supervisor:
    """Watches processes until told to stop."""

    def __init__(self, leash: Leash) -> None:
        self._leash = leash
        self._kept: list[Kept] = []

    def keep(self, process: Process) -> None:
        """Keep a process of the product; it must have been started."""
        self._kept.append(Kept(lambda: process, lambda: process.start(self._leash)))

    def keep_server(self, process: Callable[[], Process], start: Callable[[], None]) -> None:
        """Keep an embedded server that has a start of its own."""
        self._kept.append(Kept(process, start))

    def look(self, now: float) -> None:
        """One round: note what ended, start again what is due."""
        for kept in self._kept:
            if kept.again_at is None:
                self._note_end(kept, now)
            elif now >= kept.again_at:
                self._start_again(kept, now)

    def watch(self, stopping: Callable[[], bool], pause: float = 0.2) -> None:
        """Rounds until `stopping` says so."""
        while not stopping():
            self.look(time.monotonic())
            time.sleep(pause)

    def processes(self) -> Sequence[Process]:
        """What is kept at this moment."""
        return [kept.process() for kept in self._kept]

    def _note_end(self, kept: Kept, now: float) -> None:
        process = kept.process()
        status = process.ended()
        if status is None:
            return
        process.forget()
        if now - kept.started > _STEADY_AFTER:
            kept.wait = 1.0
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        line(f"! {process.name} {how}; starting it again in {kept.wait:.0f} s")
        words = process.last_words(3)
        if status > 0 and words:
            line("    " + words.replace("\n", "\n    "))
        kept.again_at = now + kept.wait
        kept.wait = min(kept.wait * 2, _LONGEST_WAIT)

    def _start_again(self, kept: Kept, now: float) -> None:
        kept.again_at, kept.started = None, now
        try:
            kept.start()
        except (OSError, BootError) as error:
            line(f"! {kept.process().name} cannot start: {error}")
            kept.again_at = now + kept.wait
            kept.wait = min(kept.wait * 2, _LONGEST_WAIT)
        else:
            line(f"· {kept.process().name} runs again, process {kept.process().pid}")
