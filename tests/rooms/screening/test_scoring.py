"""Scoring batches of what arrived."""

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from threading import Timer
from typing import Any

import pytest
from django.db import connection

from inference import Prefilter, Spoken
from reviewapp.audit.actions import OPERATOR, Actor
from reviewapp.audit.models import Event
from reviewapp.intake import actions as intake
from reviewapp.intake.models import Item
from reviewapp.policies import actions as policies
from reviewapp.screening import actions, jobs, reads
from reviewapp.screening.actions.scoring import BadSwitch
from reviewapp.screening.models import Judgement, Run, Score
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.screening.desk import ABUSE, ORDINARY, ROOT, arrive, publish, score, state_of

REPORT = [{"kind": "user_report", "reason": "spam", "reporter_id": "u1"}]


def test_each_item_goes_its_way_with_one_event(db: str) -> None:
    publish()
    abuse, ordinary = arrive(ABUSE, ORDINARY)
    (empty,) = arrive("", content={"text": "", "attachments": [{"url": "https://example.com/a.png"}]})
    assert score() == 3
    assert (state_of(abuse), state_of(ordinary), state_of(empty)) == (
        "awaiting_verdict",
        "passed",
        "awaiting_review",
    )
    event = Event.objects.get(verb="item.scored")
    assert event.data["routes"] == {"pass": 1, "people": 1, "reason": 1}
    assert event.data["states"] == {"awaiting_review": 1, "awaiting_verdict": 1, "passed": 1}
    assert event.subjects == [empty, abuse, ordinary]
    assert set(Judgement.objects.filter(item=abuse).values_list("version__policy__slug", flat=True)) >= {
        "harassment"
    }
    assert Run.objects.get().kind == "live"
    assert reads.said_of(empty).why_not == "it has no text that a machine could read"


def test_a_second_pass_finds_nothing(db: str) -> None:
    publish()
    arrive(ABUSE)
    assert (score(), score()) == (1, 0)
    assert Score.objects.count() == 1 and Event.objects.filter(verb="item.scored").count() == 1


def test_two_workers_score_each_item_once(db: str) -> None:
    publish()
    for _ in range(4):
        arrive(*[ABUSE, ORDINARY] * 50)

    def work(_: int) -> int:
        batch = partial(actions.score_batch, prefilter=Prefilter.shipped(), read=lambda _: Spoken(), limit=30)
        return sum(iter(batch, 0))

    assert sum(at_once(4, work)) == 400
    assert Score.objects.count() == 400 and not Item.objects.filter(state="received").exists()
    assert Judgement.objects.count() == Judgement.objects.values("item", "version").distinct().count()


def _later(seconds: float, act: Callable[[], object]) -> Timer:
    def run() -> None:
        act()
        connection.close()  # this thread's own

    timer = Timer(seconds, run)
    timer.start()
    return timer


def test_a_run_takes_what_comes_while_it_lingers_and_ends_when_nothing_does(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    monkeypatch.setattr(jobs, "LINGERS", 3.0)
    arrive(ORDINARY)
    later = _later(0.4, lambda: arrive(ABUSE, ABUSE))
    begun = time.monotonic()
    assert jobs.score_received() == 3
    later.join()
    assert 3.0 < time.monotonic() - begun < 20 and not Item.objects.filter(state="received").exists()


def test_a_run_that_finds_nothing_ends_at_once(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LINGERS", 30.0)
    begun = time.monotonic()
    assert jobs.score_received() == 0
    assert time.monotonic() - begun < jobs.LINGERS


def test_a_run_that_is_told_to_stop_does_not_linger(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    monkeypatch.setattr(jobs, "LINGERS", 60.0)
    arrive(ABUSE)
    before = signal.getsignal(signal.SIGTERM)
    later = _later(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM))
    begun = time.monotonic()
    assert jobs.score_received() == 1
    later.join()
    assert time.monotonic() - begun < 10 and signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    "fields",
    [{"flags": REPORT}, {"language": "fr"}, {"policies": ["fraud"]},
     {"content": {"text": ORDINARY, "attachments": [{"url": "https://example.com/a.png"}]}}],
)  # fmt: skip
def test_what_is_never_passed(db: str, fields: dict[str, Any]) -> None:
    publish()
    (item,) = arrive(ORDINARY, **fields)
    score()
    assert state_of(item) in {"awaiting_verdict", "awaiting_review"}


GERMAN = "Der Zug war heute pünktlich, und das Wetter in den Bergen war herrlich"


def test_a_language_that_nobody_sent_is_read_from_the_text_and_stored_beside(db: str) -> None:
    publish()
    (german, english) = arrive(GERMAN, ORDINARY)
    (short,) = arrive("ok")
    (sent,) = arrive(GERMAN, language="fr")
    score()
    stored = dict(Item.objects.values_list("pk", "detected"))
    assert stored == {german: "de", english: "en", short: "und", sent: "und"}
    assert set(Item.objects.exclude(pk=sent).values_list("language", flat=True)) == {"und"}


@pytest.mark.parametrize(
    ("text", "language"),
    [("убей себя", "und"), ("死ね", "en"), ("te voy a matar", "und"), ("geh doch sterben", "und")],
)
def test_what_may_be_no_english_is_never_passed(db: str, text: str, language: str) -> None:
    publish("harassment")
    (item,) = arrive(text, language=language)
    score()
    assert state_of(item) in {"awaiting_verdict", "awaiting_review"}


def test_a_detected_language_keeps_an_item_from_being_passed_but_no_policy_from_judging_it(db: str) -> None:
    publish("harassment")
    english_only = (ROOT / "policies_seed" / "spam.md").read_text(encoding="utf-8")
    english_only = english_only.replace("  countries: []\n", "  countries: []\n  languages: [en]\n", 1)
    policies.import_policy(source=english_only, actor=OPERATOR, publish=True)
    (item,) = arrive(GERMAN, flags=REPORT)
    (quiet,) = arrive(GERMAN)
    score()
    assert state_of(quiet) != "passed"
    assert "spam" in set(Judgement.objects.filter(item=item).values_list("version__policy__slug", flat=True))


def test_a_flag_names_a_policy_and_moves_it_up_the_line(db: str) -> None:
    publish()
    (item,) = arrive(ORDINARY, flags=REPORT)
    score()
    judgements = Judgement.objects.filter(item=item)
    assert {each.version.policy.slug for each in judgements} == {"spam", "fraud"}
    assert {each.priority for each in judgements} == {50}


def test_the_sample_and_the_switch_send_ordinary_items_on(cast: Cast) -> None:
    publish()
    (sampled,) = arrive(ORDINARY)
    score(draw=0.0)
    assert state_of(sampled) == "awaiting_verdict"
    actions.switch_prefilter(send_everything_on=True, sample_share=0.05, actor=Actor.person(cast.ad.pk))
    (sent,) = arrive(ORDINARY + " again")
    score()
    assert state_of(sent) == "awaiting_verdict"
    assert {event.data["field"] for event in Event.objects.filter(verb="prefilter.switched")} == {
        "send_everything_on", "sample_share",
    }  # fmt: skip
    with pytest.raises(BadSwitch):
        actions.switch_prefilter(send_everything_on=True, sample_share=2, actor=Actor.person(cast.ad.pk))


def test_a_restricted_item_is_not_read(cast: Cast) -> None:
    publish()
    (item,) = arrive(ABUSE)
    intake.restrict(item=item, reference="R-1", person=cast.sam)
    score()
    assert state_of(item) == "awaiting_review"
    assert Score.objects.get(item=item).risk is None and not Judgement.objects.exists()
