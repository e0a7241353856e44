"""The pages about machines, for people and for machines."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.screening import actions, reads_machines
from reviewapp.screening.actions import Outcome
from reviewapp.screening.models import ScreeningSettings
from reviewapp.screening.rules import PRACTICE_NOTICE
from tests.cast import Cast
from tests.rooms.screening.desk import (
    ABUSE,
    ORDINARY,
    arrive,
    claimed,
    engine,
    failure,
    publish,
    score,
    verdict,
)

ClientFor = Callable[[Person], Client]


@pytest.fixture
def at_work(cast: Cast, settings: Any) -> Cast:
    """One endpoint that is known, one verdict, one failure, one passed item."""
    settings.REASONER_URLS = ["http://127.0.0.1:9/v1"]
    publish("harassment")
    arrive(ABUSE, ABUSE + " 2", policies=["harassment"])
    arrive(ORDINARY)
    score()
    first, second = claimed()
    outcomes = [Outcome(first, verdict(first)), Outcome(second, failure("refused"))]
    actions.commit_verdicts(outcomes=outcomes, engine=engine(), endpoint=0)
    done = actions.Tally(
        verdicts=1, failures=1, prompt_tokens=100, completion_tokens=10, cached_tokens=50, busy_seconds=2.0
    )
    actions.note_pace(endpoint=0, in_flight=0, window=32, verdicts_per_second=0.5, tally=done)
    return cast


def test_the_engine_page_tells_who_answers_and_what_failed(at_work: Cast, client_for: ClientFor) -> None:
    page = client_for(at_work.ana).get("/engine/").content.decode()
    for words in (PRACTICE_NOTICE.replace("'", "&#x27;"), "practice-test", "Closed, healthy",
                  "The reasoner refused the request", "50<small> %</small>"):  # fmt: skip
        assert words in page


def test_the_chip_says_how_the_reasoner_is(at_work: Cast, client_for: ClientFor, settings: Any) -> None:
    client = client_for(at_work.mo)
    assert "Practice reasoner: nothing waits" in client.get("/engine/chip").content.decode()
    actions.open_circuit(endpoint=0, reason="The engine cannot be reached.", failures=20)
    away = client.get("/engine/chip").content.decode()
    assert 'class="engine bad"' in away and "Practice reasoner is away" in away
    settings.REASONER_URLS = []
    assert 'class="engine warn"' in client.get("/engine/chip").content.decode()


def test_only_an_admin_switches_the_prefilter(at_work: Cast, client_for: ClientFor) -> None:
    page = client_for(at_work.ana).get("/prefilter/").content.decode()
    assert "starter threshold, not measured on your traffic" in page and "An admin can change this" in page
    assert "[0.987, 0.995]" in page or "Own test" in page
    form = {"send_everything_on": "on", "sample_percent": "5"}
    assert client_for(at_work.sam).post("/prefilter/", form).status_code == 403
    assert client_for(at_work.ad).post("/prefilter/", form).status_code == 302
    row = ScreeningSettings.objects.get()
    assert (row.send_everything_on, row.sample_share) == (True, 0.05)
    refused = client_for(at_work.ad).post("/prefilter/", {"sample_percent": "many"})
    assert refused.status_code == 422 and "from 0 to 100" in refused.content.decode()


def test_the_cards_figures_are_those_of_the_card() -> None:
    groups = reads_machines.card_figures(reads_machines.SHIPPED / "MODEL_CARD.md")
    heading, figures = groups[0]
    assert heading.startswith("Own test: ") and figures[0].what == "any violation"
    assert figures[0].recall.count(",") >= 1 and "[" in figures[0].recall


def test_health_needs_no_database_and_readiness_does(at_work: Cast, client: Client, settings: Any) -> None:
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 200
    told = ready.json()
    assert told["database"] == told["migrations"] == "ok" and told["reasoner"] == "Closed, healthy"
    assert PRACTICE_NOTICE in told["notices"]


def test_metrics_are_numbers_and_hold_no_content(at_work: Cast, client: Client) -> None:
    text = client.get("/metrics").content.decode()
    assert 'review_items{state="awaiting_review"} 2.0' in text
    assert "review_verdicts_last_hour 1.0" in text and "review_failures_last_hour 1.0" in text
    assert 'review_engine_up{endpoint="0"} 1.0' in text
    assert "idiot" not in text and "harassment" not in text
