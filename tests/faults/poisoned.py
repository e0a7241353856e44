"""A reason worker that dies at once when it judges an item that says so: `python -m tests.faults.poisoned QUEUE`."""

import os
import signal
import sys
from typing import Any, Final

from inference import Reasoner
from reviewapp import worker

WORD: Final = "this item kills whoever judges it"
_judge = Reasoner.judge


async def judge(self: Reasoner, policy: Any, item: Any, *more: Any, **named: Any) -> Any:
    """Die as of a fault in a library, or judge."""
    if WORD in item.text:
        os.kill(os.getpid(), signal.SIGKILL)
    return await _judge(self, policy, item, *more, **named)


if __name__ == "__main__":
    Reasoner.judge = judge  # type: ignore[method-assign]
    worker.main(sys.argv[1])
