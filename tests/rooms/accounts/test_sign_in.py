"""The door: one way in, a fresh session each time, and no way back for those who were disabled."""

import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from reviewapp.accounts import actions
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from tests.cast import PASSWORD, Cast

Clients = Callable[[Person], Client]


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def eve(db: str) -> Person:
    return actions.create_person(
        email="Eve@Example.com", roles=["moderator"], password=PASSWORD, actor=OPERATOR
    )


def sign_in(client: Client, password: str = PASSWORD, email: str = "eve@example.com") -> int:
    return client.post("/accounts/login/", {"login": email, "password": password}).status_code


def test_the_right_password_opens_a_new_session_and_is_recorded(eve: Person) -> None:
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    assert sign_in(client) == 302
    assert client.session.session_key != before
    assert client.get("/settings/me").status_code == 200
    event = Event.objects.get(verb="person.signed_in")
    assert event.actor == str(eve.pk) and event.subjects == [eve.pk]


def test_a_wrong_password_and_an_unknown_person_look_the_same(eve: Person) -> None:
    wrong = Client().post("/accounts/login/", {"login": "eve@example.com", "password": "no"})
    unknown = Client().post("/accounts/login/", {"login": "nobody@example.com", "password": "no"})
    assert wrong.status_code == unknown.status_code == 200
    assert b"do not open an account" in wrong.content and b"do not open an account" in unknown.content


def test_a_disabled_person_looks_like_a_wrong_password(eve: Person, cast: Cast) -> None:
    actions.disable(person=eve.pk, actor=OPERATOR)
    answer = Client().post("/accounts/login/", {"login": "eve@example.com", "password": PASSWORD})
    assert b"do not open an account" in answer.content


def test_many_wrong_tries_close_the_door_for_a_while(eve: Person) -> None:
    client = Client()
    for _ in range(5):
        sign_in(client, "wrong")
    answer = client.post("/accounts/login/", {"login": "eve@example.com", "password": PASSWORD})
    assert b"Too many wrong tries" in answer.content


def test_disabling_ends_open_sessions_at_the_next_request_for_good(eve: Person) -> None:
    client = Client()
    sign_in(client)
    actions.disable(person=eve.pk, actor=OPERATOR)
    assert client.get("/settings/me").status_code == 302
    actions.enable(person=eve.pk, actor=OPERATOR)
    assert client.get("/settings/me").status_code == 302


def test_a_changed_password_ends_the_other_sessions(eve: Person) -> None:
    here, there = Client(), Client()
    sign_in(here)
    sign_in(there)
    fields = {"oldpassword": PASSWORD, "password1": "another long pass", "password2": "another long pass"}
    assert here.post("/accounts/password/change/", fields).status_code == 302
    assert here.get("/settings/me").status_code == 200
    assert there.get("/settings/me").status_code == 302
    assert Event.objects.filter(verb="person.password_changed", actor=str(eve.pk)).count() == 1


def test_signing_out_ends_the_session(eve: Person) -> None:
    client = Client()
    sign_in(client)
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/settings/me").status_code == 302


@pytest.mark.parametrize(
    "path", ["signup/", "password/reset/", "email/", "inactive/", "reauthenticate/", "login/code/"]
)
def test_the_other_doors_of_the_library_are_walls(db: str, path: str) -> None:
    assert Client().get(f"/accounts/{path}").status_code == 404


def test_after_signing_in_nobody_is_sent_to_another_site(eve: Person) -> None:
    answer = Client().post(
        "/accounts/login/?next=https://evil.example/",
        {"login": "eve@example.com", "password": PASSWORD, "next": "//evil.example"},
    )
    assert answer.headers["Location"] == "/"


def test_the_theme_is_kept_with_the_account(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ana)
    assert client.post("/settings/theme", {"theme": "dark"}).status_code == 204
    assert b'data-theme="dark"' in client.get("/settings/me").content
    assert client.post("/settings/theme", {"theme": "<b>"}).status_code == 422


def test_ones_own_page_keeps_what_was_typed_when_it_cannot_be_saved(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ana)
    answer = client.post("/settings/me", {"name": "Ana Maria", "time_zone": "Mars/Olympus", "theme": "light"})
    assert answer.status_code == 422
    assert b"Ana Maria" in answer.content and b"Europe/Berlin" in answer.content
    client.post("/settings/me", {"name": "Ana Maria", "time_zone": "Asia/Tokyo", "theme": "light"})
    cast.ana.refresh_from_db()
    assert (cast.ana.name, cast.ana.time_zone, cast.ana.theme) == ("Ana Maria", "Asia/Tokyo", "light")


def aged(client: Client, seconds: int) -> None:
    """Nobody has used the session of this client for so long."""
    session = client.session
    session["seen"] = int(time.time()) - seconds
    session.save()


def test_a_session_that_nobody_uses_ends_and_what_a_page_asks_by_itself_is_no_use(
    cast: Cast, client_for: Clients
) -> None:
    client = client_for(cast.ana)
    client.get("/settings/me")
    aged(client, 1_700)
    asked = {"HX-Request": "true"}
    assert client.get("/settings/notices/chip", headers=asked).status_code == 200
    assert client.post("/policies/spam/draft/hold", headers={"X-Background": "yes"}).status_code == 403
    assert client.get("/accounts/idle", headers=asked).json()["left"] <= 100
    client.get("/settings/me")
    assert client.get("/accounts/idle", headers=asked).json()["left"] > 1_790
    aged(client, 30 * 60 + 61)
    answer = client.get("/settings/notices/chip", headers=asked)
    assert answer.status_code == 401 and answer.headers["HX-Reswap"] == "none"
    assert client.get("/settings/me").status_code == 302
    assert Event.objects.get(verb="person.timed_out").subjects == [cast.ana.pk]


def test_a_page_can_end_its_own_session(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ana)
    assert client.post("/accounts/idle").json()["left"] == 1_800
    assert client.post("/accounts/idle", {"out": "yes"}).status_code == 204
    assert client.get("/settings/me").status_code == 302


def test_without_a_limit_a_session_lasts_its_twelve_hours(
    cast: Cast, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "IDLE_MINUTES", 0)
    client = client_for(cast.ana)
    aged(client, 11 * 3600)
    page = client.get("/settings/me").content.decode()
    assert 'data-limit="0"' in page
