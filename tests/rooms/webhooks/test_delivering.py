"""Deliveries arrive once they are final, whatever their receivers do, under one id each."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from reviewapp.accounts.models import Notice
from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from reviewapp.ids import new_id
from reviewapp.review import reads_api, reads_outbox
from reviewapp.review.actions import admit, release_decisions, undo
from reviewapp.webhooks import actions, dispatch, wire
from reviewapp.webhooks.models import Attempt, Delivery, Endpoint
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.review import stage
from tests.rooms.review.test_deciding import confirm, lead_of, take
from tests.rooms.webhooks.receiver import Receiver, listening


@pytest.fixture
def receive(settings: Any) -> Iterator[Callable[..., Receiver]]:
    """Opens receivers whose hosts the operator has named."""
    opened = []

    def open_one(manner: str = "200") -> Receiver:
        context = listening(manner)
        receiver = context.__enter__()
        opened.append(context)
        settings.WEBHOOK_HOSTS = settings.WEBHOOK_HOSTS | {receiver.host}
        return receiver

    settings.WEBHOOK_HOSTS = frozenset()
    yield open_one
    for context in opened:
        context.__exit__(None, None, None)


def told(receiver: Receiver, *, events: tuple[str, ...] = ()) -> actions.Issued:
    """An endpoint at `receiver`."""
    return actions.add_endpoint(name="Hooks", url=receiver.url, events=events, actor=OPERATOR)


def tell(count: int = 1) -> None:
    """Tests for each endpoint, waiting."""
    for endpoint in Endpoint.objects.values_list("pk", flat=True):
        for _ in range(count):
            actions.send_test(endpoint=endpoint, actor=OPERATOR)


def deliver(seconds: float = 30.0) -> int:
    return dispatch.deliver(bodies=reads_outbox.bodies, seconds=seconds)


def states() -> list[str]:
    return list(Delivery.objects.order_by("created_at").values_list("state", flat=True))


def make_due() -> None:
    Delivery.objects.filter(state="waiting").update(release_at=Now())
    Endpoint.objects.update(retry_at=None)


def test_a_final_decision_arrives_signed_without_reasoning_or_a_name(cast: Cast, receive: Any) -> None:
    receiver = receive()
    secret = told(receiver, events=("decision.made",)).secret
    version = stage.publish("fraud")
    item = stage.line_up(1, version=version)[0]
    decided = confirm(take(cast.ana), cast.ana, lead_of(item))
    assert deliver() == 0, "it is held while it can be undone"
    Delivery.objects.update(release_at=Now())
    release_decisions()
    assert deliver() == 1
    headers, body, _ = receiver.got[0]
    assert Webhook(secret).verify(body, headers)["type"] == "decision.made"
    said = json.loads(body)["data"]
    assert said["item"]["id"] == str(item)
    assert said["item"]["external_id"] == "item-000"
    assert said["decision"]["id"] == str(decided.decision)
    assert (said["decision"]["label"], said["decision"]["final"]) == ("violates", True)
    assert said["policy"] == {"slug": "fraud", "version": version.number, "hash": version.hash}
    assert said["findings"][0]["section"] == version.sections.all()[0].code
    for secret_word in ("First thoughts", "It asks for a code", "Send the code", "ana", "Ana", "reviewer-"):
        assert secret_word not in body.decode()
    assert states() == ["delivered"]


@pytest.mark.parametrize(
    "flag", ["", "automated", "user_report", "trusted_flagger", "legal_notice", "authority_order"]
)
def test_who_flagged_can_be_told_once_the_decision_is_final(cast: Cast, receive: Any, flag: str) -> None:
    receiver, flags_only = receive(), receive()
    told(receiver)
    told(flags_only, events=("flag.resolved",))
    version = stage.publish("fraud")
    item = stage.wait_for_a_person(flags=[flag] if flag else [])
    stage.say(item, version)
    admit()
    decided = confirm(take(cast.ana), cast.ana, lead_of(item))
    Delivery.objects.update(release_at=Now())
    release_decisions()
    deliver()
    bodies = [json.loads(body) for _, body, _ in receiver.got]
    wanted = ["decision.made"] + ["flag.resolved"] * (flag not in {"", "automated"})
    assert sorted(body["type"] for body in bodies) == wanted
    assert len({json.dumps(body["data"]) for body in bodies}) == 1
    assert len(set(receiver.ids())) == len(wanted), "two announcements, two ids"
    assert [json.loads(body)["type"] for _, body, _ in flags_only.got] == wanted[1:]
    feed = reads_api.decisions(sources=["forum"], limit=9, cursor="").items
    assert [each["id"] for each in feed] == [str(decided.decision)], "it has one place in the feed"


def test_of_a_flagged_item_nothing_leaves_when_the_decision_is_undone(cast: Cast, receive: Any) -> None:
    receiver = receive()
    told(receiver)
    item = stage.wait_for_a_person(flags=["user_report"])
    stage.say(item, stage.publish("fraud"))
    admit()
    decided = confirm(take(cast.ana), cast.ana, lead_of(item))
    undo(decision=decided.decision, person=cast.ana)
    make_due()
    assert deliver() == 0 and states() == ["cancelled"] * 2


def test_an_undone_decision_never_leaves(cast: Cast, receive: Any) -> None:
    receiver = receive()
    told(receiver)
    item = stage.line_up(1, version=stage.publish("fraud"))[0]
    decided = confirm(take(cast.ana), cast.ana, lead_of(item))
    undo(decision=decided.decision, person=cast.ana)
    Delivery.objects.update(release_at=Now())
    release_decisions()
    deliver()
    assert not any(json.loads(body)["data"].get("decision", {}).get("id") == str(decided.decision) for _, body, _ in receiver.got)  # fmt: skip


def test_of_a_restricted_item_only_its_ids_are_said(cast: Cast, receive: Any) -> None:
    receiver = receive()
    told(receiver)
    item = stage.line_up(1, version=stage.publish("fraud"))[0]
    confirm(take(cast.ana), cast.ana, lead_of(item))
    stage.tell("intake_item", "restricted = true", item)
    Delivery.objects.update(release_at=Now())
    release_decisions()
    deliver()
    data = json.loads(receiver.got[0][1])["data"]
    assert set(data) == {"item"}
    assert data["item"]["restricted"] is True


@pytest.mark.parametrize(
    ("manner", "problem"),
    [
        ("500", "answered 500"),
        ("301 Location=http://127.0.0.1:1/", "answered 301"),
        ("404", "answered 404"),
        ("reset", "the connection broke off"),
        ("nonsense", "the connection broke off"),
        ("hang", "no answer in time"),
        ("slowloris", "no answer in time"),
    ],
)
def test_what_did_not_arrive_is_tried_again_later_under_the_same_id(
    db: str, receive: Any, monkeypatch: pytest.MonkeyPatch, manner: str, problem: str
) -> None:
    monkeypatch.setattr(dispatch, "Sender", partial(wire.Sender, seconds=1.0))
    receiver = receive(manner)
    told(receiver)
    tell()
    deliver()
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("waiting", 1)
    assert Attempt.objects.get().problem == problem
    receiver.manner = "200"
    make_due()
    deliver()
    assert states() == ["delivered"]
    assert len(receiver.ids()) == 2
    assert len(set(receiver.ids())) == 1


def test_a_flood_of_an_answer_is_cut_off(db: str, receive: Any) -> None:
    receiver = receive("flood")
    told(receiver)
    tell()
    begun = time.monotonic()
    deliver()
    assert states() == ["delivered"]
    assert time.monotonic() - begun < 5


def test_tls_that_fails_is_not_sent_to(db: str, receive: Any) -> None:
    receiver = receive()
    actions.add_endpoint(name="Hooks", url=f"https://{receiver.host}/in", events=(), actor=OPERATOR)
    tell()
    deliver()
    assert receiver.got == []
    assert Attempt.objects.get().problem == "the certificate is not trusted, or TLS failed"


def test_a_receiver_that_is_gone_stops_its_endpoint_tells_admins_and_keeps_what_waits(
    cast: Cast, receive: Any
) -> None:
    receiver = receive("410")
    issued = told(receiver)
    tell(3)
    deliver()
    endpoint = Endpoint.objects.get()
    assert (endpoint.active, endpoint.stopped_why) == (False, "answered 410 Gone")
    assert Event.objects.filter(verb="webhook.stopped").count() == 1
    assert list(Notice.objects.values_list("person", "kind")) == [(cast.ad.pk, "webhook_stopped")]
    receiver.manner = "200"
    actions.resume_endpoint(endpoint=issued.endpoint, actor=OPERATOR)
    make_due()
    deliver()
    assert states() == ["delivered"] * 3


def test_a_paused_endpoint_gets_what_it_missed_when_it_is_resumed(cast: Cast, receive: Any) -> None:
    receiver = receive()
    issued = told(receiver)
    actions.pause_endpoint(endpoint=issued.endpoint, why="maintenance", actor=OPERATOR)
    with transaction.atomic():
        actions.announce(events=["flag.resolved"], item=new_id(), decision=None, release_at=timezone.now())
    actions.release_due()
    deliver()
    assert receiver.got == [] and states() == ["waiting"]
    actions.resume_endpoint(endpoint=issued.endpoint, actor=OPERATOR)
    tell()
    assert Delivery.objects.filter(endpoint=issued.endpoint).count() == 2


def test_a_decision_keeps_its_place_in_the_feed_when_the_only_endpoint_it_waited_for_is_removed(
    cast: Cast, receive: Any
) -> None:
    receiver = receive()
    issued = told(receiver)
    for item in stage.line_up(2, version=stage.publish("fraud")):
        confirm(take(cast.ana), cast.ana, lead_of(item))
        if not Endpoint.objects.get().removed_at:
            actions.remove_endpoint(endpoint=issued.endpoint, actor=OPERATOR)
    Delivery.objects.update(release_at=Now())
    release_decisions()
    assert deliver() == 0 and receiver.got == []
    assert len(reads_api.decisions(sources=["forum"], limit=9, cursor="").items) == 2
    assert set(Delivery.objects.values_list("endpoint", flat=True)) == {issued.endpoint, None}


def test_what_was_on_its_way_when_its_endpoint_was_removed_is_settled_and_not_tried_again(
    db: str, receive: Any
) -> None:
    issued = told(receive("500"))
    tell()
    claimed = actions.claim_due(in_flight={}, most=5)
    actions.remove_endpoint(endpoint=issued.endpoint, actor=OPERATOR)
    actions.settle(results=[(claimed[0], wire.Answer(500, "", 0.1, "", None))])
    make_due()
    assert deliver() == 0 and states() == ["waiting"]


def test_an_address_that_nothing_can_be_sent_to_is_told_and_holds_no_other_up(db: str, receive: Any) -> None:
    bad, good = told(receive()), told(receive())
    Endpoint.objects.filter(pk=bad.endpoint).update(url="https://hooks.example.org/prüfung")
    tell()
    deliver()
    problems = dict(Attempt.objects.values_list("delivery__endpoint", "problem"))
    assert problems == {bad.endpoint: "this could not be sent: check the address", good.endpoint: ""}


def test_retry_after_is_honoured(db: str, receive: Any) -> None:
    told(receive("429 Retry-After=7200"))
    tell()
    deliver()
    row = Delivery.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT release_at - clock_timestamp() FROM webhooks_delivery")
        assert timedelta(hours=1.9) < cursor.fetchone()[0] <= timedelta(hours=2.1)
    assert row.state == "waiting"


def test_after_ten_tries_it_is_dead_and_can_be_replayed(db: str, receive: Any) -> None:
    receiver = receive("500")
    issued = told(receiver)
    tell()
    for _ in range(10):
        make_due()
        deliver()
    assert states() == ["dead"]
    receiver.manner = "200"
    assert actions.replay(endpoint=issued.endpoint, actor=OPERATOR, only_dead=True) == 1
    make_due()
    deliver()
    assert states() == ["delivered"]
    assert len(receiver.ids()) == 11
    assert len(set(receiver.ids())) == 1


def test_a_failing_endpoint_is_left_alone_for_a_while(db: str, receive: Any) -> None:
    receiver = receive("500")
    told(receiver)
    tell(30)
    deliver()
    assert len(receiver.got) < 30, "its circuit opened"
    assert deliver() == 0
    assert Endpoint.objects.filter(failures__gte=5, retry_at__gt=Now()).exists()


def test_an_endpoint_that_fails_for_three_days_is_stopped(db: str, receive: Any) -> None:
    told(receive("500"))
    tell()
    Endpoint.objects.update(failing_since=Now() - timedelta(days=3, minutes=1), failures=1)
    deliver()
    assert Endpoint.objects.get().stopped_why == "failed for 3 days"


def test_one_that_hangs_holds_no_other_up(db: str, receive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "Sender", partial(wire.Sender, seconds=8.0))
    healthy, hung = receive(), receive("hang")
    told(hung)
    told(healthy)
    tell(40)
    begun = time.monotonic()
    deliver(seconds=7.0)
    assert len(healthy.got) == 40
    assert max(at for _, _, at in healthy.got) - begun < 8.0, "before the first that hangs was given up"
    assert len(hung.got) <= 16


def test_a_name_that_leads_home_is_not_posted_to(
    db: str, receive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = receive()
    actions.add_endpoint(name="Hooks", url="https://hooks.example.org/in", events=(), actor=OPERATOR)
    answers = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(wire.socket, "getaddrinfo", lambda *args, **kwargs: answers)
    tell()
    deliver()
    assert receiver.got == []
    assert Attempt.objects.get().problem.startswith("not sent: the name leads to an address")


def test_a_dispatcher_that_died_on_the_way_loses_nothing(db: str, receive: Any) -> None:
    receiver = receive()
    told(receiver)
    tell(2)
    claimed = actions.claim_due(in_flight={}, most=10)
    assert len(claimed) == 2
    assert deliver() == 0, "another dispatcher leaves them alone"
    assert actions.return_lapsed() == 0
    Delivery.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert actions.return_lapsed() == 2
    deliver()
    assert states() == ["delivered"] * 2
    late = [(each, wire.Answer(500, "answered 500", 0.1)) for each in claimed]
    actions.settle(results=late)
    assert states() == ["delivered"] * 2, "what the first one met comes too late"


def test_two_dispatchers_at_once_post_each_delivery_once(db: str, receive: Any) -> None:
    receiver = receive()
    told(receiver)
    tell(60)
    assert sum(at_once(2, lambda _: deliver())) == 60
    assert len(set(receiver.ids())) == len(receiver.ids()) == 60


def test_an_endpoint_is_told_of_what_it_asked_for(db: str, receive: Any) -> None:
    some, every = receive(), receive()
    told(some, events=("flag.resolved",))
    told(every)
    with transaction.atomic():
        actions.announce(events=["decision.made"], item=new_id(), decision=None, release_at=timezone.now())
    assert [str(row.endpoint_id) for row in Delivery.objects.all()] == [str(_endpoint_at(every))]


def _endpoint_at(receiver: Receiver) -> UUID:
    return Endpoint.objects.get(url=receiver.url).pk
