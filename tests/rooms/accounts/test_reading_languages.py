"""Which languages somebody reads: set by themselves or by an admin, typed by name or code."""

from collections.abc import Callable

import pytest
from django.test import Client

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event
from tests.cast import Cast

Clients = Callable[[Person], Client]


def languages(person: Person) -> dict[str, str]:
    return reads_notices.preferences(Person.objects.get(pk=person.pk)).languages


def test_somebody_adds_changes_and_drops_their_own(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ana)
    assert "none set: you get everything" in client.get("/settings/languages").content.decode()
    client.post("/settings/languages", {"add": "German", "add_level": "native"})
    client.post(
        "/settings/languages", {"code": ["de"], "level": ["native"], "add": "ar-EG", "add_level": "basic"}
    )
    assert languages(cast.ana) == {"de": "native", "ar": "basic"}
    page = client.get("/settings/languages").content.decode()
    assert "Level of Arabic" in page and "Level of German" in page
    client.post("/settings/languages", {"code": ["ar", "de"], "level": ["fluent", ""]})
    assert languages(cast.ana) == {"ar": "fluent"}
    data = Event.objects.filter(verb="person.languages_changed").order_by("at").last().data
    assert data == {"before": ["ar:basic", "de:native"], "after": ["ar:fluent"]}


@pytest.mark.parametrize(
    "said",
    [
        {"add": "Klingonese", "add_level": "native"},
        {"add": "German", "add_level": "somewhat"},
        {"add": "<script>", "add_level": "native"},
        {"code": ["xx"], "level": ["native"]},
    ],
)
def test_what_cannot_be_is_refused_and_stays_typed(
    cast: Cast, client_for: Clients, said: dict[str, str]
) -> None:
    for address, person in (
        ("/settings/languages", cast.ana),
        (f"/members/{cast.ana.pk}/languages", cast.ad),
    ):
        answer = client_for(person).post(address, said)
        assert answer.status_code == 422
        assert "known here" in answer.content.decode()
        assert "<script>" not in answer.content.decode().partition("known here")[0].replace("<script src", "")
        if "Kling" in str(said):
            assert 'value="Klingonese"' in answer.content.decode()
    assert languages(cast.ana) == {}


def test_an_admin_sees_and_changes_those_of_a_member(cast: Cast, client_for: Clients) -> None:
    admin = client_for(cast.ad)
    assert "none set: everything" in admin.get(f"/members/{cast.mo.pk}").content.decode()
    admin.post(f"/members/{cast.mo.pk}/languages", {"add": "Turkish", "add_level": "fluent"})
    assert languages(cast.mo) == {"tr": "fluent"}
    assert "Level of Turkish" in admin.get(f"/members/{cast.mo.pk}").content.decode()
    assert Event.objects.get(verb="person.languages_changed").actor == str(cast.ad.pk)
    assert client_for(cast.ana).post(f"/members/{cast.mo.pk}/languages", {}).status_code == 403
