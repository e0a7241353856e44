"""An address that is asked by another method than its own answers with words, and leads on."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from tests.cast import Cast
from tests.rooms.intake.post import Program, sent

Clients = Callable[[Person], Client]
ITEM = UUID("0190a8c1-5b7e-7c3d-9f1e-1a2b3c4d5e6f")


@pytest.mark.parametrize(
    ("path", "around"),
    [
        (f"/review/{ITEM}/take-over", f"/review/{ITEM}"),
        ("/policies/spam/draft/propose", "/policies/spam/draft"),
        ("/queues/scams-spam/settings", "/queues/scams-spam"),
        ("/policies/spam/versions/1/cases/add", "/policies/spam/versions/1/cases"),
        (f"/keys/{ITEM}/revoke", "/keys/"),
    ],
)
def test_the_address_of_a_form_opened_as_a_page_leads_to_the_page(
    cast: Cast, client_for: Clients, path: str, around: str
) -> None:
    cast.ad.roles = ["admin", "senior", "policy_author"]
    cast.ad.save()
    answer = client_for(cast.ad).get(path)
    assert answer.status_code == 405 and answer.headers["Allow"] == "POST"
    assert f'href="{around}"' in answer.content.decode()
    note = client_for(cast.ad).get(path, headers={"HX-Request": "true"}).content.decode()
    assert note.startswith("<div") and "its page" in note.lower()


@pytest.mark.parametrize("method", ["put", "options", "delete", "patch"])
def test_the_api_says_what_the_address_takes(db: str, method: str) -> None:
    answer = getattr(Client(), method)("/api/v1/items")
    assert answer.status_code == 405 and answer.json()["error"]["code"] == "method_not_allowed"
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "POST"}


def test_the_api_answers_head_as_get_without_the_body(db: str) -> None:
    program = Program("ingest", "read")
    program.post(sent())
    answer = program.client.head("/api/v1/items")
    assert (answer.status_code, answer.content) == (200, b"") and answer.headers["Content-Type"].startswith(
        "application/json"
    )
    assert Client().head("/api/v1/items").status_code == 401
