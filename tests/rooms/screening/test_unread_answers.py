"""Answers that could not be read: kept and shown to people where they may read the item, erased with it, told to no key."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.test import Client

from inference import Failure, FailureKind
from reviewapp.accounts.actions import issue_key
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.review import actions as review
from reviewapp.review.models import Task
from reviewapp.screening import actions, reads, reads_engine
from reviewapp.screening.actions import Claim, Outcome
from reviewapp.screening.models import UnreadAnswer
from tests.cast import Cast
from tests.rooms.screening.desk import ABUSE, IDENTITY, arrive, claimed, engine, publish, score, verdict

ClientFor = Callable[[Person], Client]
RAW = 'It is <b>Zebra</b>, so {"label": "violates"}'
WHY = "The answer is not one JSON object and nothing else."


def unreadable(claim: Claim, kind: FailureKind = FailureKind.INVALID, raw: str = RAW) -> Outcome:
    return Outcome(claim, Failure(kind, WHY, raw))


def tell(*outcomes: Outcome) -> None:
    actions.commit_verdicts(outcomes=outcomes, engine=engine())


def an_unread_item() -> UUID:
    """An item whose engine sent something unreadable twice; a person gets it."""
    publish("harassment")
    (item,) = arrive(ABUSE, policies=["harassment"])
    score()
    for place in range(2):
        (claim,) = claimed()
        tell(unreadable(claim, raw=RAW if place else "the first one"))
    return item


def test_people_read_it_folded_beside_the_reason(cast: Cast, client_for: ClientFor) -> None:
    item = an_unread_item()
    review.admit()
    page = client_for(cast.ana).get(f"/review/{item}").content.decode()
    assert "No machine verdict" in page and f"Harassment</bdi>: {WHY}" in page
    assert "It is &lt;b&gt;Zebra&lt;/b&gt;, so {&quot;label&quot;" in page, "as text, the last one"
    assert "the first one" not in page


def test_it_is_not_shown_before_a_blind_call(cast: Cast, client_for: ClientFor) -> None:
    item = an_unread_item()
    review.admit()
    Task.objects.update(blind=True)
    client = client_for(cast.ana)
    assert "Hidden until your call" in client.get(f"/review/{item}").content.decode()
    for address in (f"/review/{item}", f"/review/{item}/late", "/engine/", "/"):
        assert "Zebra" not in client.get(address).content.decode()
    assert "Zebra" not in client_for(cast.ad).get("/engine/").content.decode()


def test_no_key_and_no_export_gets_it(
    cast: Cast, client_for: ClientFor, tmp_path: Path, settings: Any
) -> None:
    settings.REVIEW_HOME = tmp_path
    item = an_unread_item()
    key = issue_key(name="all", scopes=["read", "export"], actor=OPERATOR).key
    bearer = {"Authorization": f"Bearer {key}"}
    for address in (f"/api/v1/items/{item}", "/api/v1/items?source=forum", "/metrics"):
        answer = Client().get(address, headers=bearer)
        assert answer.status_code == 200 and "Zebra" not in answer.content.decode()
    for kind in ("items", "verdicts", "audit"):
        out = tmp_path / kind
        call_command("export", kind, format="jsonl", out=out, stdout=io.StringIO())
        assert "Zebra" not in out.read_text()


def test_it_goes_with_the_item(cast: Cast) -> None:
    item = an_unread_item()
    assert [(each.why, each.raw) for each in reads.said_of(item).unread] == [(WHY, RAW)]
    actions.erase_content(item_ids=[item])
    assert UnreadAnswer.objects.get().raw == "" and reads.said_of(item).unread == ()


def test_a_verdict_after_all_takes_its_place(cast: Cast) -> None:
    publish("harassment")
    (item,) = arrive(ABUSE, policies=["harassment"])
    score()
    (claim,) = claimed()
    tell(unreadable(claim))
    assert len(reads.said_of(item).unread) == 1, "it waits for its second try"
    (claim,) = claimed()
    tell(Outcome(claim, verdict(claim)))
    assert reads.said_of(item).unread == ()


@pytest.mark.parametrize("kind", list(FailureKind))
def test_only_faults_of_the_answer_are_kept(db: str, kind: FailureKind) -> None:
    publish("harassment")
    arrive(ABUSE, policies=["harassment"])
    score()
    (claim,) = claimed()
    tell(unreadable(claim, kind))
    faults = {FailureKind.INVALID, FailureKind.CUT_OFF, FailureKind.WRONG_MODEL, FailureKind.REFUSED}
    assert UnreadAnswer.objects.exists() == (kind in faults)


def test_an_owner_that_lost_its_lease_keeps_nothing(db: str) -> None:
    publish("harassment")
    arrive(ABUSE, policies=["harassment"])
    score()
    (claim,) = claimed()
    tell(unreadable(replace(claim, epoch=claim.epoch - 1)))
    assert not UnreadAnswer.objects.exists()


def test_an_admin_finds_those_on_the_golden_set_on_the_engine_page(
    cast: Cast, store: str, settings: Any, client_for: ClientFor
) -> None:
    settings.REASONER_URLS = ["http://127.0.0.1:9/v1"]
    publish("harassment")
    actions.note_engine(endpoint=0, identity=IDENTITY)
    actions.tend_canaries()
    for _ in range(2):
        tell(*(unreadable(claim) for claim in claimed(2)))
    assert {(each.asked, each.policy) for each in reads_engine.unread_answers()} == {
        ("Judge now, canary", "Harassment")
    }
    page = client_for(cast.ad).get("/engine/").content.decode()
    assert "Answers that could not be read" in page and "&lt;b&gt;Zebra&lt;/b&gt;" in page
    assert "Zebra" not in client_for(cast.ana).get("/engine/").content.decode()
