"""Gates and re-runs keep the engine as busy as the bare client does: their verdicts a second at the same calls in flight."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.db import connection
from django.test import override_settings

from reviewapp.audit.actions import OPERATOR
from reviewapp.lab import actions
from reviewapp.lab.models import Study
from reviewapp.lab.rules import MOST_REPEATS
from reviewapp.lab.selection import Wish
from reviewapp.review import actions as review
from reviewapp.screening.models import Judgement
from reviewapp.screening.pump import pump
from tests.bench.measure import Figure, figure
from tests.bench.pump import (
    SPREAD,
    Measured,
    arrive_for_a_verdict,
    ask_bare,
    engine_at,
    measured,
    still_window,
)
from tests.cast import Cast, gather
from tests.rooms.policies import stage

IN_FLIGHT: Final = 64
LATENCY: Final = 1.5
ITEMS: Final = 640
REPEATS: Final = MOST_REPEATS
ROUNDS: Final = 2
STEP_SECONDS: Final = 1.0


def lab_runs(_database: str) -> Iterator[Figure]:
    """Judgements a second of a gate and of a re-run ÷ answers a second of the bare client to as many questions."""
    cast = gather()
    changed = stage.seed("harassment").replace("This policy", "In other words, this policy", 1)
    draft = stage.draft_of(cast, stage.publish_seed("harassment"), changed)
    arrive_for_a_verdict(ITEMS)
    with engine_at() as url, override_settings(REASONER_URLS=[url]):
        asyncio.run(pump(0, 0))
    review.seed_queues(actor=OPERATOR)
    while review.admit():
        pass
    for name, start in (("gate", _gate), ("re-run", _backtest)):
        ours, limit = [], []
        for seed in range(ROUNDS):
            options = ("--delay", str(LATENCY), "--spread", str(SPREAD), "--seed", str(seed))
            study = start(draft.pk, cast)
            ours.append(_ours(study, options))
            limit.append(ask_bare(IN_FLIGHT, _judgements(study), options))
        yield figure(
            f"lab {name}", f"judgements/s with {IN_FLIGHT} in flight against answers/s of a bare client",
            [each.rate for each in ours], [each.rate for each in limit], at_least=0.95, unit="/s",
        )  # fmt: skip


def _gate(draft: UUID, cast: Cast) -> UUID:
    return actions.start_gate(version=draft, repeats=REPEATS, person=cast.bo)


def _backtest(draft: UUID, cast: Cast) -> UUID:
    wish = Wish(last=1, passed=0, closed=0, waiting=ITEMS)
    return actions.start_backtest(version=draft, wish=wish, intended=(), person=cast.bo)


def _ours(study: UUID, options: tuple[str, ...]) -> Measured:
    """The study's first step is done when the time begins; the others come each second, as the sweeper takes them."""
    actions.advance_studies()
    with engine_at(*options) as url, override_settings(REASONER_URLS=[url]), still_window(), _stepping():
        ours = measured(lambda: _pump_until(lambda: _is_over(study)))
    assert ours.done == _judgements(study), "each was judged once"
    actions.advance_studies()
    assert Study.objects.get(pk=study).state == "done"
    return ours


def _pump_until(done: Callable[[], bool]) -> int:
    total = 0
    while not done():
        total += asyncio.run(pump(0, 0, seconds=600, window=IN_FLIGHT)).done
    return total


@contextmanager
def _stepping() -> Iterator[None]:
    stop = threading.Event()

    def step() -> None:
        while not stop.wait(STEP_SECONDS):
            actions.advance_studies()
        connection.close()

    thread = threading.Thread(target=step)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _is_over(study: UUID) -> bool:
    """Whether all has been asked and has ended."""
    row = Study.objects.get(pk=study)
    everything = _judgements(study) == row.total if row.kind == "gate" else row.asked == row.total
    return (
        everything and not Judgement.objects.filter(run=row.run_id, state__in=["pending", "leased"]).exists()
    )


def _judgements(study: UUID) -> int:
    return Judgement.objects.filter(run__in=Study.objects.filter(pk=study).values("run")).count()
