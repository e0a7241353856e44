"""An admin adds endpoints, sees what was delivered, and sends it again; nobody else does."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from reviewapp.webhooks import actions
from reviewapp.webhooks.models import Delivery, Endpoint
from tests.cast import Cast
from tests.racing import at_once
from tests.robots import hidden_fields

Clients = Callable[[Person], Client]
FIELDS = {"name": "Marketplace", "url": "https://hooks.example.org/review", "event": ["decision.made"]}


@pytest.fixture
def admin(cast: Cast, client_for: Clients) -> Client:
    return client_for(cast.ad)


@pytest.fixture
def endpoint(admin: Client) -> Endpoint:
    admin.post("/webhooks/", FIELDS)
    return Endpoint.objects.get()


def test_only_admins_come_in(cast: Cast, client_for: Clients) -> None:
    for person in cast:
        expected = 200 if person == cast.ad else 403
        assert client_for(person).get("/webhooks/").status_code == expected


def test_the_secret_is_shown_once(admin: Client) -> None:
    answer = admin.post("/webhooks/", FIELDS)
    secret = Endpoint.objects.get().secret
    assert answer.status_code == 201
    assert secret in answer.content.decode()
    for path in ("/webhooks/", f"/webhooks/{Endpoint.objects.get().pk}"):
        assert secret not in admin.get(path).content.decode()
    assert Event.objects.get(verb="webhook.added").data == {"events": ["decision.made"]}


def test_a_reload_adds_no_second_endpoint_and_turns_no_second_secret(admin: Client) -> None:
    form = FIELDS | hidden_fields(admin.get("/webhooks/").content.decode())
    assert [admin.post("/webhooks/", form).status_code for _ in range(2)] == [201, 409]
    path = f"/webhooks/{Endpoint.objects.get().pk}"
    form = {"once": hidden_fields(admin.get(path).content.decode())["once"]}
    assert admin.post(f"{path}/turn", form).status_code == 200
    turned = Endpoint.objects.get().secret
    again = admin.post(f"{path}/turn", form)
    assert again.status_code == 409 and "was sent before" in again.content.decode()
    assert Endpoint.objects.get().secret == turned


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": "http://hooks.example.org/"}, "must start with https"),
        ({"url": "https://10.0.0.1/"}, "not on the public internet"),
        ({"name": " "}, "Name the endpoint"),
        ({"event": ["decision.made", "everything"]}, "There is no event everything"),
    ],
)
def test_what_cannot_be_saved_says_why_and_keeps_the_words(
    admin: Client, change: dict[str, Any], says: str
) -> None:
    answer = admin.post("/webhooks/", FIELDS | change)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert (FIELDS | change)["url"] in answer.content.decode()
    assert not Endpoint.objects.exists()


def test_a_turned_secret_signs_beside_the_old_one(admin: Client, endpoint: Endpoint) -> None:
    answer = admin.post(f"/webhooks/{endpoint.pk}/turn")
    now = Endpoint.objects.get()
    assert now.previous_secret == endpoint.secret != now.secret
    assert now.secret in answer.content.decode()
    admin.post(f"/webhooks/{endpoint.pk}/test")
    claimed = actions.claim_due(in_flight={}, most=5)
    assert claimed[0].secrets == (now.secret, endpoint.secret)


def test_a_paused_endpoint_gets_nothing_until_it_is_resumed(admin: Client, endpoint: Endpoint) -> None:
    admin.post(f"/webhooks/{endpoint.pk}/pause", {"why": "moving house"})
    admin.post(f"/webhooks/{endpoint.pk}/test")
    assert actions.claim_due(in_flight={}, most=5) == []
    assert "moving house" in admin.get("/webhooks/").content.decode()
    admin.post(f"/webhooks/{endpoint.pk}/resume")
    assert len(actions.claim_due(in_flight={}, most=5)) == 1


def test_one_or_a_stretch_is_replayed_and_a_bad_time_keeps_the_page(
    admin: Client, endpoint: Endpoint
) -> None:
    for _ in range(3):
        admin.post(f"/webhooks/{endpoint.pk}/test")
    Delivery.objects.update(state="delivered", attempts=1)
    one = Delivery.objects.first()
    assert one is not None
    admin.post(f"/webhooks/{endpoint.pk}/replay", {"delivery": str(one.pk)})
    assert Delivery.objects.filter(state="waiting").count() == 1
    answer = admin.post(f"/webhooks/{endpoint.pk}/replay", {"since": "yesterday"})
    assert answer.status_code == 422
    assert "is no time" in answer.content.decode()
    answer = admin.post(f"/webhooks/{endpoint.pk}/replay", {"since": "2020-01-31"}, follow=True)
    assert "2 to be sent again" in answer.content.decode()
    assert Delivery.objects.filter(state="waiting").count() == 3


def test_a_strange_id_or_change_is_not_found(admin: Client, endpoint: Endpoint) -> None:
    stranger = "00000000-0000-7000-8000-000000000000"
    assert admin.get(f"/webhooks/{stranger}").status_code == 404
    assert admin.post(f"/webhooks/{endpoint.pk}/explode").status_code == 404
    assert admin.post(f"/webhooks/{endpoint.pk}/replay", {"delivery": "x"}).status_code == 404
    assert admin.get(f"/deliveries/{stranger}/body").status_code == 404


def test_the_log_opens_one_delivery_and_its_body(admin: Client, endpoint: Endpoint) -> None:
    admin.post(f"/webhooks/{endpoint.pk}/test")
    row = Delivery.objects.get()
    page = admin.get(f"/webhooks/{endpoint.pk}?delivery={row.pk}&state=waiting").content.decode()
    assert f"msg_{row.announcement.hex}" in page
    assert "webhook.test" in admin.get(f"/deliveries/{row.pk}/body").content.decode()


def test_the_list_asks_the_same_number_of_questions_for_one_and_for_many(
    admin: Client, endpoint: Endpoint
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            admin.get("/webhooks/")
        return len(asked)

    first = count()
    for number in range(9):
        admin.post("/webhooks/", FIELDS | {"name": f"Number {number}"})
    assert count() == first


def test_a_removed_endpoint_leaves_the_list_and_can_be_put_back(admin: Client, endpoint: Endpoint) -> None:
    path = f"/webhooks/{endpoint.pk}"
    admin.post(f"{path}/test")
    admin.post(f"{path}/remove")
    shown = admin.get("/webhooks/").content.decode()
    assert "1 removed endpoint" in shown and "Nobody is told yet" in shown
    log = admin.get(path).content.decode()
    assert "This endpoint was removed" in log and "webhook.test" in log
    assert all(
        f"{path}/{change}" not in log
        for change in ("test", "pause", "resume", "edit", "turn", "replay", "remove")
    )
    assert actions.claim_due(in_flight={}, most=5) == []
    admin.post(f"{path}/restore")
    assert "Stopped: <bdi>paused" in admin.get("/webhooks/").content.decode()
    assert actions.claim_due(in_flight={}, most=5) == []
    admin.post(f"{path}/resume")
    assert len(actions.claim_due(in_flight={}, most=5)) == 1
    verbs = Event.objects.filter(verb__in=["webhook.removed", "webhook.restored"]).order_by("pk")
    assert [event.verb for event in verbs] == ["webhook.removed", "webhook.restored"]


@pytest.mark.parametrize("change", ["edit", "turn", "pause", "resume", "remove", "test", "replay"])
def test_a_page_that_was_open_when_the_endpoint_was_removed_changes_nothing_and_says_so(
    admin: Client, endpoint: Endpoint, change: str
) -> None:
    admin.post(f"/webhooks/{endpoint.pk}/remove")
    before = Endpoint.objects.values().get(), Event.objects.count()
    answer = admin.post(f"/webhooks/{endpoint.pk}/{change}", FIELDS | {"name": "Other", "only_dead": "yes"})
    assert answer.status_code == 409
    assert "Put it back before" in answer.content.decode()
    assert (Endpoint.objects.values().get(), Event.objects.count()) == before


def test_putting_back_what_is_there_changes_nothing(admin: Client, endpoint: Endpoint) -> None:
    assert admin.post(f"/webhooks/{endpoint.pk}/restore").status_code == 302
    assert Endpoint.objects.get().active
    assert not Event.objects.filter(verb="webhook.restored").exists()


def test_two_admins_remove_it_at_once_and_one_is_told(endpoint: Endpoint, admin: Client) -> None:
    outcomes = at_once(2, lambda _: actions.remove_endpoint(endpoint=endpoint.pk, actor=OPERATOR))
    assert sorted(type(each).__name__ for each in outcomes) == ["NoneType", "WasRemoved"]
    assert Event.objects.filter(verb="webhook.removed").count() == 1
