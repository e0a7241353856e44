"""The pump keeps the engine's slots full: it takes a little ahead of the window, and gives back what it did not ask."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from django.db import connection

from inference import Reasoner
from reviewapp import doorbell
from reviewapp.screening import actions, pump
from reviewapp.screening.models import CurrentVerdict, Judgement
from reviewapp.screening.rules_line import Lane
from tests import checker, loop
from tests.cast import gather
from tests.rooms.screening.desk import ABUSE, arrive, one, publish, score, standin


def _wait_for_a_verdict(count: int) -> None:
    publish("harassment")
    arrive(*[f"{ABUSE} number {number}" for number in range(count)], policies=["harassment"])
    while score():
        pass


@contextmanager
def _pumping(settings: Any, url: str, *, window: int) -> Iterator[threading.Thread]:
    settings.REASONER_URLS = [url]

    def work() -> None:
        asyncio.run(pump.pump(0, 0, window=window))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(30)
        assert not thread.is_alive()


def _running(url: str) -> int:
    page = httpx.get(url.removesuffix("/v1") + "/metrics", trust_env=False).text
    line = next(line for line in page.splitlines() if line.startswith("vllm:num_requests_running"))
    return int(float(line.rsplit(" ", 1)[1]))


def _leased() -> int:
    return Judgement.objects.filter(state="leased").count()


def test_a_quarter_of_the_window_is_taken_ahead_and_only_the_window_is_asked(db: str, settings: Any) -> None:
    _wait_for_a_verdict(20)
    with standin("--plain", "--delay", "1.5") as url, _pumping(settings, url, window=8):
        assert loop.wait_until(lambda: _running(url) == 8, seconds=20)
        assert _leased() == 10
    assert CurrentVerdict.objects.count() == 20 and _leased() == 0 and checker.problems() == []


def test_slots_are_filled_again_while_the_database_is_slow(
    db: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _wait_for_a_verdict(20)
    asked: list[object] = []
    filled: list[bool] = []
    judge, commit = Reasoner.judge, actions.commit_verdicts

    def ask(*given: Any, **named: Any) -> Any:
        asked.append(given)
        return judge(*given, **named)

    def store(**named: Any) -> Any:
        if not filled:
            filled.append(loop.wait_until(lambda: len(asked) == 10, seconds=20))
        return commit(**named)

    monkeypatch.setattr(Reasoner, "judge", ask)
    monkeypatch.setattr(actions, "commit_verdicts", store)
    with standin("--plain", "--delay", "0.7") as url, _pumping(settings, url, window=8):
        assert loop.wait_until(lambda: CurrentVerdict.objects.count() == 20, seconds=60)
    assert filled == [True] and len(asked) == 20 and checker.problems() == []


def test_what_was_taken_ahead_goes_back_unasked_and_uncounted_at_a_pause(db: str, settings: Any) -> None:
    _wait_for_a_verdict(20)
    with standin("--plain", "--delay", "2") as url, _pumping(settings, url, window=8):
        assert loop.wait_until(lambda: _running(url) == 8, seconds=20)
        actions.pause_engine(endpoint=0, reason="A test", drop=False, minutes=None, person=gather().ad)
    states = sorted(Judgement.objects.values_list("state", flat=True))
    assert states == ["done"] * 8 + ["pending"] * 12
    assert one("SELECT max(crashes + transients + timeouts) FROM screening_judgement") == 0


def test_somebody_before_a_screen_waits_behind_nothing_that_was_taken_ahead(db: str, settings: Any) -> None:
    _wait_for_a_verdict(12)
    cast = gather()
    with standin("--plain", "--delay", "60") as url, _pumping(settings, url, window=8):
        assert loop.wait_until(lambda: _running(url) == 8, seconds=20)
        waiting = Judgement.objects.filter(state="pending").order_by("-rank_at").first()
        assert waiting is not None and waiting.item_id is not None
        assert actions.judge_now(item=waiting.item_id, person=cast.ana) == 1
        assert loop.wait_until(lambda: _running(url) == 9, seconds=20), "a slot of its own"
        assert Judgement.objects.get(lane=Lane.NOW).state == "leased"
        actions.pause_engine(endpoint=0, reason="A test", drop=True, minutes=None, person=cast.ad)
    assert _leased() == 0


def test_a_run_of_the_pump_ends_before_it_is_stopped_from_outside() -> None:
    longest = pump.RUN_SECONDS + pump.DRAIN_SECONDS + pump.CALL_SECONDS
    assert longest < doorbell.JOB_SECONDS["reason"]
