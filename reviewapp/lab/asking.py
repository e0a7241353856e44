"""Asks one engine about labelled rows directly, a window of calls at a time: what `manage.py evaluate` runs on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

from inference import Effort, ItemText, PolicyText, Reasoner, Verdict
from reviewapp.lab.rules_labelled import Answer, LabelledText, joined

WINDOW: Final = 64
CALL_SECONDS: Final = 120.0
TRIES: Final = 3
PAUSE_SECONDS: Final = 1.0
_AGAIN: Final = frozenset({"transient", "busy", "timeout", "invalid", "cut_off"})


async def answers(
    reasoner: Reasoner, policies: Sequence[PolicyText], rows: Sequence[LabelledText], effort: Effort
) -> AsyncIterator[Answer]:
    """Answers in the order in which they come, each row asked once for each policy; at most WINDOW rows in flight."""
    waiting = iter(enumerate(rows))
    calls: set[asyncio.Task[Answer]] = set()
    try:
        while True:
            for ordinal, row in waiting:
                calls.add(asyncio.create_task(_row(reasoner, policies, ordinal, row, effort)))
                if len(calls) >= WINDOW:
                    break
            if not calls:
                return
            done, calls = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            for call in done:
                yield call.result()
    finally:
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


async def _row(
    reasoner: Reasoner, policies: Sequence[PolicyText], ordinal: int, row: LabelledText, effort: Effort
) -> Answer:
    item = ItemText(id=row.key, text=row.text)
    return joined([await _ask(reasoner, policy, item, ordinal, effort) for policy in policies])


async def _ask(
    reasoner: Reasoner, policy: PolicyText, item: ItemText, ordinal: int, effort: Effort
) -> Answer:
    """One call; what may pass by itself is tried again, an unreadable answer with more room."""
    reason = ""
    for tried in range(TRIES):
        said = await reasoner.judge(policy, item, effort, CALL_SECONDS, larger=tried > 0)
        if isinstance(said, Verdict):
            return _read(said, ordinal)
        reason = f"{said.kind.value}: {said.reason}"
        if said.kind.value not in _AGAIN or tried == TRIES - 1:
            break
        await asyncio.sleep(PAUSE_SECONDS * (1 + tried))
    return Answer(ordinal=ordinal, failure=reason)


def _read(said: Verdict, ordinal: int) -> Answer:
    return Answer(
        ordinal, said.label.value, tuple(said.sections), said.confidence.value, said.rationale, "",
        said.usage.prompt_tokens, said.usage.completion_tokens, said.usage.cached_tokens, said.seconds,
    )  # fmt: skip
