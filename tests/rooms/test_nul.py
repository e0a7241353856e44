"""A NUL character, which Postgres keeps in no text, is refused wherever it comes in, and breaks nothing."""

from collections.abc import Callable

import pytest
from django.test import Client, RequestFactory

from reviewapp.accounts.models import ApiKey, Person
from reviewapp.ui import pages
from tests.cast import Cast
from tests.rooms.intake.post import Program

Clients = Callable[[Person], Client]


@pytest.mark.parametrize("query", ["source=%00", "external_id=a%00b", "cursor=%00", "state=%00"])
def test_the_api_says_so(db: str, query: str) -> None:
    answer = Program("read").get(f"/items?{query}")
    assert answer.status_code == 422 and set(answer.json()["error"]) == {"code", "message", "details"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/audit/?who=%00", 422),
        ("/authors/picky/%00", 404),
        ("/authors/%00/1", 404),
        ("/lab/?kind=%00", 200),
        ("/evaluations/?with=%00", 404),
    ],
)
def test_a_page_says_so(cast: Cast, client_for: Clients, path: str, status: int) -> None:
    assert client_for(cast.ad).get(path).status_code == status


def test_a_form_stores_nothing_of_it(cast: Cast, client_for: Clients) -> None:
    answer = client_for(cast.ad).post("/keys/", {"name": "a\0b", "scope": "ingest"})
    assert answer.status_code == 422 and "NUL" in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_what_breaks_speaks_of_forms_only_to_people() -> None:
    told = [
        pages.server_error(RequestFactory().get(path)).content.decode() for path in ("/api/v1/items", "/")
    ]
    assert ["form" in each for each in told] == [False, True]
