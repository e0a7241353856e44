"""Engines that cannot work: the engine page and the log say what is wrong and what to do, and people go on without them."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.review import actions as review
from reviewapp.review.models import Queue, Task
from reviewapp.screening import actions, jobs
from reviewapp.screening.models import Circuit, Judgement
from tests.cast import Cast
from tests.engine.wrong_addresses import EXPECTED, wrong_addresses
from tests.practice import practising
from tests.rooms.screening.desk import ABUSE, arrive, execute, publish, score, state_of

ClientFor = Callable[[Person], Client]


def test_every_wrong_address_is_told_on_the_page_and_in_the_log_and_people_go_on(
    cast: Cast,
    store: str,
    settings: Any,
    tmp_path: Path,
    client_for: ClientFor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publish("harassment")
    (item,) = arrive(ABUSE, policies=["harassment"])
    score()
    unreadable = {"no address": "localhost:8000"}
    words = {name: said for name, (_, said) in EXPECTED.items()} | {"no address": "must look like http"}
    with wrong_addresses(tmp_path) as found, caplog.at_level(logging.WARNING, "reviewapp.screening"):
        wrong = found | unreadable
        settings.REASONER_URLS = list(wrong.values())
        for endpoint in range(len(wrong)):
            assert jobs.pump_judgements(endpoint) == 0
    client = client_for(cast.ana)
    page = client.get("/engine/").content.decode()
    assert page.count("Open: no calls") == len(wrong) == len(words)
    for place, name in enumerate(wrong):
        assert words[name] in page, name
        lines = [line for line in caplog.messages if line.startswith(f"engine-{place + 1} gets no calls")]
        assert len(lines) == 1 and words[name] in lines[0]
    assert "Reasoner is away" in client.get("/engine/chip").content.decode()
    row = Judgement.objects.get()
    assert (row.state, row.transients, row.timeouts, row.invalids) == ("pending", 0, 0, 0), (
        "no item pays for it"
    )
    execute("UPDATE intake_item SET changed_at = changed_at - interval '16 min' WHERE id = %s", item)
    assert actions.sweep().overdue == 1 and state_of(item) == "awaiting_review"
    review.seed_queues(actor=OPERATOR)
    assert review.admit() == 1
    queue = Queue.objects.get(pk=Task.objects.get().queue_id)
    assert review.claim_next(queue=queue.pk, person=cast.ana)
    screen = client.get(f"/review/{item}").content.decode()
    assert "No machine verdict" in screen and "Harassment: verdict still pending" in screen


def test_the_same_trouble_is_logged_once_and_a_new_one_again(
    db: str, caplog: pytest.LogCaptureFixture
) -> None:
    for reason in ("Away.", "Away.", "Another."):
        actions.open_circuit(endpoint=0, reason=reason, failures=1)
    assert [line.rpartition(": ")[2] for line in caplog.messages] == ["Away.", "Another."]
    assert Circuit.objects.get().probes == 3


@pytest.mark.parametrize(
    ("context", "text", "words"),
    [
        (1_200, ABUSE, "The policy is too long for this engine: it takes "),
        (
            4_096,
            "\U0001f600\U0001f525" * 40_000,
            "parts of the engine&#x27;s context of 4096 tokens; at most 16",
        ),
    ],
)
def test_what_is_longer_than_the_context_goes_to_people_with_the_figures(
    cast: Cast, store: str, settings: Any, client_for: ClientFor, context: int, text: str, words: str
) -> None:
    publish("harassment")
    (item,) = arrive(text, policies=["harassment"], flags=[{"kind": "user_report"}])
    score()
    with practising("--max-model-len", str(context)) as practice:
        settings.REASONER_URLS = [practice.url]
        assert jobs.pump_judgements() == 0
    assert state_of(item) == "awaiting_review" and Judgement.objects.get().failure_kind == "too_long"
    client = client_for(cast.ana)
    page = client.get("/engine/").content.decode()
    assert "Policy and item are too long for the reasoner" in page and words in page
    review.admit()
    screen = client.get(f"/review/{item}").content.decode()
    assert "No machine verdict" in screen and words.removeprefix("The ") in screen
    assert "--max-model-len" in screen


def test_a_web_page_in_place_of_answers_stops_the_calls_and_keeps_the_line(
    cast: Cast, store: str, settings: Any, client_for: ClientFor
) -> None:
    publish("harassment")
    arrive(*[f"{ABUSE} {number}" for number in range(30)], policies=["harassment"])
    score()
    with practising() as practice:
        settings.REASONER_URLS = [practice.url]
        practice.follow({"do": "html"})
        assert jobs.pump_judgements() == 0
        page = client_for(cast.ana).get("/engine/").content.decode()
        assert "Open: no calls" in page and "A web page answered instead of the engine. Check" in page
        assert Judgement.objects.filter(state="pending").count() == 30, "no item goes to people for it"
        practice.follow()
        execute("UPDATE screening_circuit SET retry_at = clock_timestamp()")
        execute("UPDATE screening_judgement SET not_before = NULL")
        assert jobs.pump_judgements() == 30
    assert Circuit.objects.get().state == "closed"
