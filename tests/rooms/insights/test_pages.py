"""The audit page, the export pages and the API of exports and erasure."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from reviewapp.accounts.actions import issue_key
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR, Actor, place_events, record
from reviewapp.audit.models import Event
from reviewapp.ids import new_id
from reviewapp.insights import actions, jobs
from reviewapp.insights.models import Export
from reviewapp.intake.actions import HeldItem, lift_hold, place_hold
from reviewapp.intake.models import Erasure, Item, ItemContent
from reviewapp.screening.models import Verdict
from tests.cast import Cast
from tests.rooms.insights.rows import a_decision, a_verdict, an_item

Clients = Callable[[Person], Client]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "REVIEW_HOME", tmp_path)
    return tmp_path


def told(verb: str, actor: Actor = OPERATOR, **data: Any) -> Event:
    with transaction.atomic():
        key = record(verb=verb, actor=actor, subjects=[new_id()], data=data)
    return Event.objects.get(id=key)


def positions(answer: Any) -> list[int]:
    return [line.position for line in answer.context["page"].lines]


def test_the_log_is_walked_down_and_up_page_by_page(cast: Cast, client_for: Clients) -> None:
    for number in range(120):
        told("export.written", rows=number)
    place_events()
    client = client_for(cast.au)
    first = client.get("/audit/")
    total = positions(first)[0]
    assert positions(first) == list(range(total, total - 50, -1)) and first.context["page"].newer is None
    second = client.get("/audit/", {"before": first.context["page"].older})
    last = client.get("/audit/", {"before": second.context["page"].older})
    assert positions(first) + positions(second) + positions(last) == list(range(total, 0, -1))
    assert last.context["page"].older is None
    assert positions(client.get("/audit/", {"after": last.context["page"].newer})) == positions(second)
    assert positions(client.get("/audit/", {"after": second.context["page"].newer})) == positions(first)


def test_filters_find_by_event_person_subject_and_time(cast: Cast, client_for: Clients) -> None:
    mine = told("person.disabled", Actor.person(cast.ana.pk))
    other = told("export.written", rows=1)
    place_events()
    client = client_for(cast.au)

    def found(**query: str) -> list[str]:
        return [line.verb for line in client.get("/audit/", query).context["page"].lines]

    assert found(verb="person.disabled") == ["person.disabled"]
    assert found(who="ana@example.com") == found(who="Ana") == ["person.disabled"]
    assert found(subject=str(other.subjects[0])) == ["export.written"]
    assert found(since="2999-01-01") == found(until="2000-01-01") == []
    assert "person.disabled" in found(since=(timezone.now() - timedelta(hours=1)).isoformat())
    page = client.get("/audit/", {"who": "ana"}).content.decode()
    assert f">{mine.subjects[0]}<" in page, "the id as it can be looked for"
    assert "Ana" in page and mine.leaf.hex() in page


def test_a_person_in_the_log_is_a_link_only_for_who_may_open_members(cast: Cast, client_for: Clients) -> None:
    told("person.disabled", Actor.person(cast.ad.pk))
    told("decision.made", Actor.person(cast.ana.pk))
    place_events()
    for reader, rooms in (("ad", ["/members/", "/review/"]), ("au", ["/review/"]), ("sam", ["/review/"])):
        lines = client_for(getattr(cast, reader)).get("/audit/").context["page"].lines
        assert sorted(line.href.removesuffix(str(line.subjects[0])) for line in lines if line.href) == rooms


@pytest.mark.parametrize(
    "query", [{"subject": "x"}, {"verb": "item.eaten"}, {"since": "soon"}, {"until": "2026-13-01"}]
)
def test_a_filter_that_cannot_be_read_is_said(cast: Cast, client_for: Clients, query: dict[str, str]) -> None:
    told("export.written", rows=1)
    place_events()
    answer = client_for(cast.au).get("/audit/", query)
    assert answer.status_code == 422 and b'role="alert"' in answer.content
    assert positions(answer) == [] and b"until the filter can be read" in answer.content


@pytest.mark.parametrize(
    "query", ["before=-1", "before=9e9", "after=%00", "before=99999999999999999999", "who=%27%3B--"]
)
def test_odd_cursors_do_no_harm(cast: Cast, client_for: Clients, query: str) -> None:
    assert client_for(cast.au).get(f"/audit/?{query}").status_code == 200


def test_an_event_that_waits_for_its_place_is_counted(cast: Cast, client_for: Clients) -> None:
    told("export.written", rows=1)
    assert b"being placed" in client_for(cast.au).get("/audit/").content


def test_an_export_that_cannot_start_keeps_what_was_typed(cast: Cast, client_for: Clients) -> None:
    typed = {"kind": "audit", "format": "jsonl", "since": "last week"}
    answer = client_for(cast.au).post("/exports/", typed)
    assert answer.status_code == 422
    for kept in ('value="audit" checked', 'value="jsonl" checked', 'value="last week"'):
        assert kept in answer.content.decode()


def test_an_export_goes_from_the_form_to_the_download(cast: Cast, client_for: Clients, store: str) -> None:
    a_decision(an_item(), cast.ana)
    client = client_for(cast.au)
    assert client.post("/exports/", {"kind": "decisions", "format": "csv", "since": ""}).status_code == 302
    export = Export.objects.get()
    row = client.get(f"/exports/{export.pk}").content.decode()
    assert 'hx-trigger="every 2s"' in row and "Cancel" in row
    assert client.get(f"/exports/{export.pk}/file").status_code == 409
    jobs.write_exports()
    row = client.get(f"/exports/{export.pk}").content.decode()
    assert "hx-get" not in row and "Download" in row
    answer: Any = client.get(f"/exports/{export.pk}/file")
    body = b"".join(answer.streaming_content)
    digest = hashlib.sha256(body).digest()
    assert answer.headers["X-SHA256"] == digest.hex()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="review-decisions-')
    assert Event.objects.get(verb="export.downloaded").actor == str(cast.au.pk)


def test_a_form_that_cannot_be_says_why(cast: Cast, client_for: Clients) -> None:
    answer = client_for(cast.au).post("/exports/", {"kind": "items", "format": "csv", "since": "12"})
    assert answer.status_code == 422 and b"positions" in answer.content


def test_cancelling_twice_is_a_conflict(cast: Cast, client_for: Clients, store: str) -> None:
    client = client_for(cast.au)
    client.post("/exports/", {"kind": "audit", "format": "csv"})
    export = Export.objects.get()
    assert client.post(f"/exports/{export.pk}/cancel").status_code == 302
    assert client.post(f"/exports/{export.pk}/cancel").status_code == 409


def test_who_lost_the_role_loses_the_files(cast: Cast, client_for: Clients, store: str) -> None:
    client = client_for(cast.au)
    client.post("/exports/", {"kind": "audit", "format": "csv"})
    export = Export.objects.get()
    Person.objects.filter(pk=cast.au.pk).update(roles=["moderator"])
    assert client.get(f"/exports/{export.pk}/file").status_code == 403


def api(scopes: list[str], **fields: Any) -> Callable[..., Any]:
    key = issue_key(name="k", scopes=scopes, actor=OPERATOR, **fields).key

    def call(method: str, path: str, body: Any = None) -> Any:
        more = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(Client(), method)(f"/api/v1{path}", headers={"Authorization": f"Bearer {key}"}, **more)

    return call


def test_a_program_asks_waits_and_takes_its_file(cast: Cast, store: str) -> None:
    an_item("hello")
    call, stranger = api(["export"]), api(["export"])
    answer = call("post", "/exports", {"kind": "items", "format": "jsonl"})
    assert answer.status_code == 202 and answer.json()["state"] == "queued"
    path = f"/exports/{answer.json()['id']}"
    assert call("get", f"{path}/file").status_code == 409
    jobs.write_exports()
    shown = call("get", path).json()
    assert shown["state"] == "done" and shown["rows"] == 1
    body = b"".join(call("get", f"{path}/file").streaming_content)
    assert hashlib.sha256(body).hexdigest() == shown["sha256"] and json.loads(body)["text"] == "hello"
    assert stranger("get", path).status_code == stranger("get", f"{path}/file").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "people"}, 422),
        ({"kind": "items", "format": "parquet"}, 422),
        ({"kind": "items", "x": 1}, 422),
        ({}, 422),
    ],
)
def test_a_bad_wish_of_a_program_is_explained(db: str, store: str, body: Any, status: int) -> None:
    answer = api(["export"])("post", "/exports", body)
    assert answer.status_code == status and answer.json()["error"]["message"]
    assert not Export.objects.exists()


def test_a_key_for_one_source_gets_no_export_of_all(db: str, store: str) -> None:
    assert api(["export"], sources=["forum"])("post", "/exports", {"kind": "items"}).status_code == 403


def test_erasure_over_the_api_reaches_every_room(cast: Cast, store: str) -> None:
    item = an_item("my address is here")
    a_verdict(item, rationale="it says my address", evidence_for=["my address"])
    a_decision(item, cast.ana, reason="names an address")
    answer = api(["erase"])("delete", f"/items/{item.pk}")
    assert answer.status_code == 202 and answer.json() == {"erased": [str(item.pk)]}
    item.refresh_from_db()
    assert item.state == "erased" and Erasure.objects.get().done_at is not None
    assert not ItemContent.objects.exists()
    with connection.cursor() as cursor:
        for table in ("screening_verdict", "review_decision", "intake_flag", "audit_event", "intake_item"):
            cursor.execute(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", ["%address%"])
            assert cursor.fetchone()[0] == 0, table
    assert Verdict.objects.get().reasoning == ""
    assert api(["erase"])("delete", f"/items/{item.pk}").status_code == 202


def test_a_hold_refuses_erasure_with_its_reason_and_nothing_is_erased(cast: Cast, store: str) -> None:
    item, free = an_item("kept", author="u9"), an_item("free", author="u9")
    hold = place_hold(item=item.pk, why="court", reference="case-12", ends_at=None, person=cast.sam)
    answer = api(["erase"])("delete", f"/items/{item.pk}")
    assert answer.status_code == 409 and "case-12" in answer.json()["error"]["message"]
    with pytest.raises(CommandError, match="case-12"):
        call_command("erase", item=item.pk)
    with pytest.raises(HeldItem):
        actions.erase_author(source="forum", author="u9", actor=OPERATOR)
    assert set(ItemContent.objects.values_list("text", flat=True)) == {"kept", "free"}
    lift_hold(hold=hold.pk, person=cast.sam)
    call_command("erase", author=["forum", "u9"])
    assert set(Item.objects.values_list("state", flat=True)) == {"erased"} and free.pk


def test_what_may_not_be_known_cannot_be_erased_by_a_program(cast: Cast, store: str) -> None:
    restricted, golden, elsewhere = (
        an_item(restricted=True),
        an_item(purpose="golden"),
        an_item(source="market"),
    )
    call = api(["erase"], sources=["forum"])
    for key in (restricted.pk, golden.pk, elsewhere.pk, uuid4()):
        assert call("delete", f"/items/{key}").status_code == 404
    assert api(["read"])("delete", f"/items/{elsewhere.pk}").status_code == 403


def test_keys_and_manual_are_read_by_everybody(cast: Cast, client_for: Clients) -> None:
    client = client_for(cast.ana)
    assert b"Confirm" in client.get("/help/keys").content
    assert b"Getting started" in client.get("/help/").content
    assert client.get("/help/nothing").status_code == 404
