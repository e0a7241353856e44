"""The list of queues: what waits, what is in one's hands, and what an empty or a strained house says."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.audit.clock import database_time
from reviewapp.policies.models import Version
from reviewapp.review import actions, reads_home
from reviewapp.review.models import Task
from reviewapp.review.rules_care import greeting
from reviewapp.screening import reads_machines
from reviewapp.screening.actions import Tally, note_pace, open_circuit
from tests.cast import Cast
from tests.rooms.review import stage
from tests.rooms.screening.desk import engine

SignIn = Callable[[Person], Client]


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def claimed(person: Person) -> dict[str, Any]:
    claim = actions.claim_next(queue=stage.queue_of(), person=person)
    assert claim is not None
    return {"task": claim.task, "epoch": claim.epoch, "person": person}


def test_queues_stand_by_the_time_that_is_left_with_the_policies_that_lead_there(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(2, version=fraud)
    Task.objects.filter(pk=Task.objects.order_by("pk")[0].pk).update(
        queue=stage.queue_of("everything-else"), due_at=database_time() - timedelta(minutes=5)
    )
    found = reads_home.home(cast.ana)
    assert [line.slug for line in found.queues[:2]] == ["everything-else", "scams-spam"]
    assert found.late == found.queues[0].name
    assert found.policies["scams-spam"] == ((fraud.title, 1),)
    assert "everything-else" not in found.policies
    page = client_for(cast.ana).get("/").content.decode()
    assert page.index("5 min late") < page.index('data-waiting="scams-spam"')
    assert f"<bdi>{fraud.title}</bdi> v1" in page


def test_continue_leads_to_no_queue_that_serves_members_alone(cast: Cast, fraud: Version) -> None:
    stage.line_up(3, version=fraud)
    actions.escalate(**claimed(cast.ana), kind="threat_to_life")

    def leads_to(person: Person) -> str:
        found = reads_home.home(person)
        assert found.queues[0].slug == "urgent-life" and found.next is not None
        return found.next.slug

    assert [leads_to(cast.mo), leads_to(cast.sam)] == ["scams-spam", "urgent-life"]
    queue = stage.queue_of("urgent-life")
    actions.set_member(queue=queue, member=cast.mo.pk, ordinal=1, person=cast.sam)
    assert leads_to(cast.mo) == "urgent-life"


def test_a_hold_says_what_it_waits_for_and_an_escalation_stays_in_sight_until_it_is_decided(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(2, version=fraud)
    actions.hold(
        **claimed(cast.ana), until=database_time() + timedelta(hours=2), waits_for="translation", note=""
    )
    actions.end_shift(person=cast.mo)
    actions.escalate(**claimed(cast.ana), kind="legal")
    held, escalated = reads_home.home(cast.ana).mine
    assert (held.state, held.why) == ("held", "A translation")
    assert (escalated.state, escalated.why) == ("escalated", "Legal")
    page = client_for(cast.ana).get("/").content.decode()
    assert "Escalated: Legal" in page and "waits for: A translation" in page and "End my shift" in page
    actions.end_shift(person=cast.ana)
    page = client_for(cast.ana).get("/").content.decode()
    assert "Escalated: Legal" in page and "End my shift" not in page
    assert reads_home.home(cast.mo).mine == ()
    actions.restrict(item=escalated.item, person=cast.sam, reference="case 1")
    assert reads_home.home(cast.ana).mine == ()


def test_continue_opens_what_is_in_hand_else_the_queue_with_the_least_time_left(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    client = client_for(cast.ana)
    assert "Continue" not in client.get("/").content.decode()
    stage.line_up(2, version=fraud)
    assert reads_home.home(cast.ana).next == reads_home.home(cast.ana).queues[0]
    page = client.get("/").content.decode()
    assert 'action="/queues/scams-spam/next"' in page.partition("Continue")[0]
    item = client.post("/queues/scams-spam/next").headers["Location"]
    assert f'href="{item}" data-key="Enter"' in client.get("/").content.decode()


def test_a_break_is_told_until_one_works_again_and_to_nobody_else(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(2, version=fraud)
    client = client_for(cast.ana)
    item = client.post("/queues/scams-spam/next").headers["Location"]
    assert client.post("/shift/break").headers["Location"] == "/"
    page = client.get("/").content.decode()
    assert "Your break began at" in page and "Take a break" not in page and "Good " not in page
    assert "Your break began" not in client_for(cast.mo).get("/").content.decode()
    assert not Task.objects.exclude(state="waiting").exists()
    client.get(item)  # to read what one does not hold is not work
    assert "Your break began at" in client.get("/").content.decode()
    client.get(client.post("/queues/scams-spam/next").headers["Location"])
    client.post("/shift/end")
    page = client.get("/").content.decode()
    assert "Your break" not in page and "Take a break" in page and cast.ana.name in page


def test_a_break_is_offered_to_who_works_queues_alone(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    stage.line_up(1, version=fraud)
    auditor = client_for(cast.au)
    assert "Take a break" not in auditor.get("/").content.decode()
    assert auditor.post("/shift/break").status_code == 403


@pytest.mark.parametrize(
    ("hours", "said"),
    [(range(5, 12), "Good morning"), (range(12, 18), "Good afternoon"), ([*range(18, 24), *range(5)], "Good evening")],
)  # fmt: skip
def test_one_is_greeted_by_the_hour_of_ones_own_day(hours: list[int], said: str) -> None:
    assert {greeting(hour) for hour in hours} == {f"{said}, %(name)s."}


def test_an_empty_house_says_what_stands_and_what_is_missing_before_real_use(
    cast: Cast, fraud: Version, client_for: SignIn, settings: Any
) -> None:
    settings.PUBLIC_URL = ""
    client = client_for(cast.ad)
    page = client.get("/").content.decode()
    assert "1 policy is published" in page and "fraud" in page
    assert "No language model judges here yet" in page and "only this machine can sign in" in page
    assert "Invite a second person" not in page and "See the rules" in page
    assert "See the rules" not in client_for(cast.ana).get("/").content.decode()
    Person.objects.exclude(pk=cast.ad.pk).update(is_active=False)
    settings.PUBLIC_URL = "https://review.example"
    page = client.get("/").content.decode()
    assert "Invite a second person" in page and "only this machine can sign in" not in page


def test_who_works_is_told_when_verdicts_come_late_or_not_at_all(
    cast: Cast, fraud: Version, client_for: SignIn, settings: Any
) -> None:
    settings.REASONER_URLS = ["http://127.0.0.1:9/v1"]
    stage.line_up(1, version=fraud)
    engine()
    stage_pace(rate=0.01)
    for _ in range(3):
        stage.ask(stage.wait_for_a_person(), fraud)
    assert reads_machines.strain() == reads_machines.Strain(3, False, 5)
    page = client_for(cast.ana).get("/").content.decode()
    assert "The reasoner is slow." in page and "3 verdicts wait, about 5 min." in page
    assert "slow: 0 verdicts/s" in client_for(cast.ana).get("/engine/chip").content.decode()
    stage_pace(rate=10.0)
    assert reads_machines.strain() is None
    assert "The reasoner is" not in client_for(cast.ana).get("/").content.decode()
    open_circuit(endpoint=0, reason="The engine cannot be reached.", failures=20)
    page = client_for(cast.ana).get("/").content.decode()
    assert "The reasoner is away." in page and "3 verdicts wait." in page


def stage_pace(*, rate: float) -> None:
    """The pump's own word of how fast verdicts come."""
    tally = Tally(
        verdicts=1, failures=0, prompt_tokens=1, completion_tokens=1, cached_tokens=0, busy_seconds=1.0
    )
    note_pace(endpoint=0, in_flight=4, window=32, verdicts_per_second=rate, tally=tally)
