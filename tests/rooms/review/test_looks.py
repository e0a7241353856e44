"""What several looks, several policies and several parts come to, as the person before the screen reads it."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Task
from reviewapp.screening.models import Judgement, Run, Stability
from tests.cast import Cast
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def page_of(client: Client, item: UUID) -> str:
    return client.get(f"/review/{item}").content.decode()


def looked(item: UUID, version: Version, agree: int, looks: int) -> None:
    """The outcome of second looks."""
    Stability.objects.create(
        item_id=item, version=version, looks=looks, agree=agree, unstable=agree < looks, sections=[]
    )


def another_look(item: UUID, version: Version) -> Judgement:
    run, _ = Run.objects.get_or_create(kind="second_look")
    return Judgement.objects.create(run=run, version=version, item_id=item)


@pytest.mark.parametrize(
    ("agree", "looks", "there", "absent"),
    [
        (2, 3, "Unstable (2 of 3 agree)", "Judged 3 times"),
        (3, 3, "Judged 3 times: stable (3 of 3)", "Unstable"),
    ],
)
def test_a_badge_tells_of_looks_that_differ_and_a_quiet_line_of_looks_that_agree(
    cast: Cast, fraud: Version, client_for: SignIn, agree: int, looks: int, there: str, absent: str
) -> None:
    (item,) = stage.line_up(1, version=fraud)
    looked(item, fraud, agree, looks)
    page = page_of(client_for(cast.ana), item)
    assert there in page and absent not in page


def test_while_somebody_looks_again_the_screen_says_so_and_fills_in_when_they_have(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    (item,) = stage.line_up(1, version=fraud)
    look = another_look(item, fraud)
    client = client_for(cast.ana)
    page = page_of(client, item)
    assert "Being judged again" in page
    address = f"/review/{item}/late?seen=" + page.partition("/late?seen=")[2][:16]
    assert client.get(address).status_code == 204
    Judgement.objects.filter(pk=look.pk).update(state="done")
    looked(item, fraud, 1, 2)
    late = client.get(address)
    assert late.status_code == 200 and "Unstable (1 of 2 agree)" in late.content.decode()
    assert "Being judged again" not in late.content.decode()


def test_other_policies_stand_under_the_lead_and_the_one_that_confirm_accepts_is_marked(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    spam = stage.publish("spam")
    item = stage.wait_for_a_person()
    stage.say(item, spam, "allowed", confidence="low", rationale="A plain offer.")
    stage.say(item, fraud)
    actions.admit()
    actions.claim_next(queue=stage.queue_of(), person=cast.ana)
    page = page_of(client_for(cast.ana), item)
    listed = page[page.index("Other policies that judged") :]
    assert (
        listed.index(f"{fraud.title}</bdi> v1")
        < listed.index("Confirm accepts this")
        < listed.index(f"{spam.title}</bdi> v1")
    )
    assert listed.count("Confirm accepts this") == 1 and "A plain offer." in listed


def test_a_long_item_says_in_how_many_parts_it_was_judged_and_shows_the_one_that_counts(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item = stage.wait_for_a_person("First part. Send the code now. Last part.")
    stage.say(item, fraud, parts=3, place=[12, 30])
    actions.admit()
    page = page_of(client_for(cast.ana), item)
    assert "judged in 3 parts" in page and "characters 13 to 30" in page
    assert (
        page.index("First part.")
        < page.index('id="part-from"')
        < page.index("Send the code")
        < page.index('id="part-to"')
    )
    calm = stage.wait_for_a_person("Nothing here.")
    stage.say(calm, fraud, "allowed", parts=2, place=None, evidence_for=[])
    said = page_of(client_for(cast.ana), calm)
    assert "All of them are allowed." in said and 'id="part-from"' not in said


def test_before_a_blind_call_neither_looks_nor_parts_are_told(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item = stage.wait_for_a_person("First part. Send the code now. Last part.")
    stage.say(item, fraud, parts=3, place=[12, 30])
    looked(item, fraud, 2, 3)
    another_look(item, fraud)
    actions.admit()
    Task.objects.update(blind=True)
    client = client_for(cast.ana)
    page = page_of(client, item)
    for told in ("Unstable", "judged in", "part-from", "judged again", "late?seen"):
        assert told not in page, told
    assert client.get(f"/review/{item}/late?seen=other").status_code == 204


def test_judge_now_asks_ahead_and_the_verdict_comes_into_its_place(
    cast: Cast, fraud: Version, client_for: SignIn, store: str
) -> None:
    item = stage.wait_for_a_person()
    stage.ask(item, fraud)
    Judgement.objects.update(state="failed", failure_kind="timeout")
    actions.admit()
    client = client_for(cast.ana)
    page = page_of(client, item)
    assert "Judge now</button>" in page and "no verdict came. Asks ahead of the rest." in page
    answer = client.post(f"/review/{item}/judge", headers={"HX-Request": "true"}).content.decode()
    assert "Being judged ahead of the rest: 1 policy to go" in answer and "/late?seen=" in answer
    assert "Override records your call" in answer, "no reasoner runs here, so it says what to do"
    assert client.post(f"/review/{item}/judge").headers["Location"] == f"/review/{item}"
    address = f"/review/{item}/late?seen=" + answer.partition("/late?seen=")[2][:16]
    assert client.get(address).status_code == 204
    Judgement.objects.filter(state="pending").update(state="failed", failure_kind="timeout")
    assert "Judge now</button>" in client.get(address).content.decode(), "a failure comes in too"
    assert client_for(cast.bo).post(f"/review/{item}/judge").status_code == 403
    assert "Judge now" not in page_of(client_for(cast.bo), item)


def test_judge_now_says_why_not_and_gives_nothing_away_before_a_blind_call(
    cast: Cast, fraud: Version, client_for: SignIn, store: str
) -> None:
    (item,) = stage.line_up(1, version=fraud)
    client = client_for(cast.ana)
    assert "Judge now" not in page_of(client, item)
    for headers in ({}, {"HX-Request": "true"}):
        refused = client.post(f"/review/{item}/judge", headers=headers)
        assert refused.status_code == 409 and "There is nothing to ask again" in refused.content.decode()
    Judgement.objects.update(state="failed")
    Task.objects.update(blind=True)
    assert "Judge now" not in page_of(client, item)
    blind = client.post(f"/review/{item}/judge", headers={"HX-Request": "true"})
    assert blind.status_code == 409 and "Hidden until your call" in blind.content.decode()
    assert not Judgement.objects.filter(state="pending").exists()
