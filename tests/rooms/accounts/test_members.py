"""People are added and changed by an admin; one admin always stays."""

import io
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from reviewapp.accounts import actions, reads
from reviewapp.accounts.models import ApiKey, Person
from reviewapp.accounts.rules import ACTS, MAY
from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from tests.cast import PASSWORD, Cast
from tests.robots import hidden_fields

Clients = Callable[[Person], Client]


def test_every_permission_has_words() -> None:
    assert list(ACTS) == list(MAY)


def test_an_added_person_can_sign_in_with_the_password_that_was_shown_once(
    cast: Cast, client_for: Clients
) -> None:
    client = client_for(cast.ad)
    answer = client.post(
        "/members/", {"email": "New@Example.com", "name": "New One", "role": ["moderator", "senior"]}
    )
    assert answer.status_code == 201
    person = Person.objects.get(email="new@example.com")
    password = answer.context["made"]["password"]
    assert person.check_password(password) and person.roles == ["moderator", "senior"]
    assert password not in client.get("/members/").content.decode()
    assert Event.objects.get(verb="person.created").actor == str(cast.ad.pk)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"email": "ana@example.com", "role": "moderator"}, "is here already"),
        ({"email": "ANA@example.com", "role": "moderator"}, "is here already"),
        ({"email": "not an address", "role": "moderator"}, "e-mail address"),
        ({"email": "x@example.com"}, "one or more of the roles"),
        ({"email": "x@example.com", "role": "emperor"}, "one or more of the roles"),
        ({"email": "x@example.com", "role": "admin", "name": "a" * 101}, "at most 100"),
    ],
)
def test_a_form_that_cannot_be_saved_says_why_and_keeps_the_words(
    cast: Cast, client_for: Clients, fields: dict[str, str], says: str
) -> None:
    answer = client_for(cast.ad).post("/members/", fields)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert fields["email"] in answer.content.decode()
    assert Person.objects.count() == 7


def test_the_last_admin_cannot_be_disabled_nor_lose_the_role(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ad)
    assert client.post(f"/members/{cast.ad.pk}/disable").status_code == 409
    assert client.post(f"/members/{cast.ad.pk}/roles", {"role": "auditor"}).status_code == 409
    actions.change_roles(person=cast.sam.pk, roles=["senior", "admin"], actor=OPERATOR)
    assert client.post(f"/members/{cast.ad.pk}/disable").status_code == 302
    assert client.get("/members/").status_code == 302


def test_changed_roles_count_from_the_next_request(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ana)
    assert client.get("/members/").status_code == 403
    actions.change_roles(person=cast.ana.pk, roles=["admin"], actor=OPERATOR)
    assert client.get("/members/").status_code == 200
    event = Event.objects.get(verb="person.changed")
    assert event.data == {"before": ["moderator"], "after": ["admin"]}


def test_the_same_roles_again_are_no_event(cast: Cast) -> None:
    actions.change_roles(person=cast.ana.pk, roles=["moderator"], actor=OPERATOR)
    assert not Event.objects.filter(verb="person.changed").exists()


def test_a_new_password_replaces_the_old_one(cast: Cast, client_for: Clients) -> None:
    answer = client_for(cast.ad).post(f"/members/{cast.ana.pk}/password")
    cast.ana.refresh_from_db()
    assert cast.ana.check_password(answer.context["password"])


def test_clearance_is_given_taken_and_recorded(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ad)
    client.post(f"/members/{cast.ana.pk}/clearance", {"cleared": "yes"})
    assert reads.member(cast.ana.pk).cleared
    client.post(f"/members/{cast.ana.pk}/clearance", {"cleared": "no"})
    assert not reads.member(cast.ana.pk).cleared
    assert [event.data["after"] for event in Event.objects.filter(verb="person.cleared").order_by("at")] == [
        True,
        False,
    ]


def test_an_unknown_change_or_person_is_missing(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ad)
    assert client.post(f"/members/{cast.ana.pk}/promote").status_code == 404
    assert (
        client.post(f"/members/{cast.ana.pk.hex[:8]}-0000-7000-8000-000000000000/disable").status_code == 404
    )


def test_a_key_is_shown_once_and_stops_when_revoked(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ad)
    answer = client.post("/keys/", {"name": "loader", "scope": ["ingest", "read"], "days": "30"})
    assert answer.status_code == 201
    key = answer.context["made"]["key"]
    row = ApiKey.objects.get()
    assert row.scopes == ["ingest", "read"] and row.expires_at is not None and row.created_by == cast.ad
    assert key not in client.get("/keys/").content.decode()
    client.post(f"/keys/{row.pk}/revoke")
    assert "revoked" in client.get("/keys/").content.decode()
    assert client.post("/keys/", {"name": "", "scope": "ingest"}).status_code == 400


def test_the_shell_adds_people_and_keys(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    call_command(
        "user",
        "create",
        "--email",
        "eve@example.com",
        "--role",
        "admin",
        "--role",
        "senior",
        "--password-stdin",
    )
    person = Person.objects.get()
    assert person.roles == ["admin", "senior"] and person.check_password(PASSWORD)
    out = io.StringIO()
    call_command("apikey", "create", "--name", "loader", "--scope", "ingest,read", stdout=out)
    assert ApiKey.objects.get().prefix in out.getvalue() and len(out.getvalue().split()) == 1
    with pytest.raises(CommandError, match="scope"):
        call_command("apikey", "create", "--name", "loader", "--scope", "everything")
    for days in ("-1", "0", "99999999"):
        with pytest.raises(CommandError, match="from 1 to 36,500"):
            call_command("apikey", "create", "--name", "loader", "--scope", "read", f"--days={days}")
    with pytest.raises(CommandError, match="--role moderator --role auditor"):
        call_command("user", "create", "--email", "bob@example.com", "--role", "moderator,auditor")
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(CommandError, match="at least 12"):
        call_command("user", "create", "--email", "bob@example.com", "--role", "admin", "--password-stdin")


def test_a_reload_of_what_showed_a_secret_makes_nothing_more(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ad)
    key = hidden_fields(client.get("/keys/").content.decode()) | {"name": "loader", "scope": "ingest"}
    person = hidden_fields(client.get("/members/").content.decode()) | {
        "email": "new@example.com",
        "role": "senior",
    }
    for path, form in (("/keys/", key), ("/members/", person)):
        assert client.post(path, form).status_code == 201
        again = client.post(path, form)
        assert again.status_code == 409 and "was sent before" in again.content.decode()
    assert ApiKey.objects.count() == 1
    path = f"/members/{cast.ana.pk}"
    form = hidden_fields(client.get(path).content.decode())
    first = client.post(f"{path}/password", form).context["password"]
    assert client.post(f"{path}/password", form).status_code == 409
    cast.ana.refresh_from_db()
    assert cast.ana.check_password(first)
    assert first not in str(dict(client.session))
