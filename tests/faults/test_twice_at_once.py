"""The same request many times at once over HTTP: one item, one decision, one winner; the loser keeps what they typed.

The scene is set without the API, so the checker has a few things to say beforehand; nothing may come on top.
"""

import re
from collections import Counter
from uuid import UUID

import httpx
import pytest

from reviewapp.accounts.actions import issue_key
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.intake.models import Item
from reviewapp.review.models import Decision
from reviewapp.webhooks.models import Delivery
from tests import checker
from tests.cast import Cast
from tests.racing import at_once
from tests.robots import Robot, hidden_fields, item_of
from tests.rooms.review import stage
from tests.rooms.screening.desk import execute, one

pytestmark = pytest.mark.fault
TYPED = "It quotes the threat to warn others"


def events(verb: str) -> int:
    """How many events of a kind there are."""
    return int(one(f"SELECT count(*) FROM audit_event WHERE verb = '{verb}'"))


def test_a_hundred_duplicates_at_once_are_one_item(db: str, store: str, live_server: str) -> None:
    key = issue_key(name="forum", scopes=["ingest"], actor=OPERATOR).key

    def send(text: str) -> httpx.Response:
        item = {"external_id": "post-1", "source": "forum", "content": {"text": text}}
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.post(
            f"{live_server}/api/v1/items", json=item, headers=headers, trust_env=False, timeout=30
        )

    answers = at_once(100, lambda number: send("the same words"))
    assert Counter(answer.status_code for answer in answers) == {202: 100}
    sent = [answer.json()["items"][0] for answer in answers]
    assert len({each["id"] for each in sent}) == 1 and sum(each["created"] for each in sent) == 1
    assert Item.objects.count() == 1 and events("item.received") == 1

    answers = at_once(20, lambda number: send("other words"))
    assert {answer.status_code for answer in answers} == {202}
    assert sum(answer.json()["items"][0]["created"] for answer in answers) == 1
    assert list(Item.objects.order_by("revision").values_list("revision", "is_current")) == [
        (1, False),
        (2, True),
    ]
    assert checker.problems([UUID(sent[0]["id"])]) == []


def open_desk(address: str, person: Person) -> tuple[Robot, str, dict[str, str]]:
    """Somebody with the next item on the screen: their session, the item, and the hidden fields of its form."""
    robot = Robot(address, person, 1)
    page = robot.post("/queues/scams-spam/next", {})
    item = item_of(page)
    assert item is not None
    fields = hidden_fields(page.text)
    return robot, item, {name: fields[name] for name in ("task", "epoch", "nonce", "verdict", "shown")}


def test_fifty_posts_of_one_form_are_one_decision(db: str, store: str, cast: Cast, live_server: str) -> None:
    stage.line_up(3, version=stage.publish("fraud"))
    staged = checker.problems()
    robot, item, seat = open_desk(live_server, cast.ana)
    answers = at_once(50, lambda number: robot.post(f"/review/{item}/confirm", seat))
    assert Counter(answer.status_code for answer in answers) == {200: 50}
    assert len({item_of(answer) for answer in answers}) == 1, "all of them show the same next item"
    assert Decision.objects.count() == 1 and Delivery.objects.count() == 1
    assert events("decision.made") == 1 and checker.problems() == staged


def override_with(seat: dict[str, str]) -> dict[str, str]:
    """A filled override form."""
    return seat | {"section": "allowed", "reason_code": "quoted_speech", "reason": TYPED}


def test_the_late_one_of_two_gets_409_and_keeps_the_text(
    db: str, store: str, cast: Cast, live_server: str
) -> None:
    stage.line_up(1, version=stage.publish("fraud"))
    staged = checker.problems()
    ana, item, hers = open_desk(live_server, cast.ana)
    execute("UPDATE review_task SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'claimed'")
    lapsed = ana.post(f"/review/{item}/override", override_with(hers))
    assert lapsed.status_code == 409 and TYPED in lapsed.text
    assert "claim it again" in lapsed.text and Decision.objects.count() == 0

    execute("UPDATE review_task SET state = 'waiting', claimed_by_id = NULL, lease_until = NULL")
    mo, same, his = open_desk(live_server, cast.mo)
    assert same == item
    assert mo.post(f"/review/{item}/confirm", his).status_code == 200
    late = ana.post(f"/review/{item}/override", override_with(hers))
    assert late.status_code == 409 and TYPED in late.text and "already decided" in late.text
    assert re.search(rf"/decisions/{Decision.objects.get().pk}", late.text), "it shows what was decided"
    assert Decision.objects.get().person_id == cast.mo.pk and checker.problems() == staged


def test_of_two_who_post_at_once_only_the_holder_decides(
    db: str, store: str, cast: Cast, live_server: str
) -> None:
    stage.line_up(1, version=stage.publish("fraud"))
    staged = checker.problems()
    ana, item, hers = open_desk(live_server, cast.ana)
    mo = Robot(live_server, cast.mo, 2)
    seats = {0: (ana, hers), 1: (mo, hers | {"nonce": "0190f3f4-0000-7000-8000-000000000001"})}

    def decide(number: int) -> int:
        robot, seat = seats[number]
        return robot.post(f"/review/{item}/override", override_with(seat)).status_code

    assert at_once(2, decide) == [200, 409]
    assert Decision.objects.get().person_id == cast.ana.pk and checker.problems() == staged
