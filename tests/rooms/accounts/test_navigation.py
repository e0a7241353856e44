"""The top bar leads where a person may go, and nowhere twice."""

from collections.abc import Callable

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from tests.cast import Cast


@pytest.mark.parametrize(
    ("who", "has", "lacks"),
    [
        ("ana", {"Queues", "Policies", "Engine", "Prefilter", "Help"}, {"Audit", "Exports", "Admin"}),
        ("au", {"Audit", "Exports", "Engine"}, {"Admin"}),
        ("ad", {"Audit", "Exports", "Admin"}, {"Engine", "Prefilter"}),
    ],
)
def test_each_finds_their_entries(
    cast: Cast, client_for: Callable[[Person], Client], who: str, has: set[str], lacks: set[str]
) -> None:
    entries = client_for(getattr(cast, who)).get("/engine/").context["navigation"]
    labels = [entry.label for entry in entries]
    assert has <= set(labels)
    assert not lacks & set(labels)
    assert len(labels) == len(set(labels))


def test_every_admin_page_stands_under_admin(cast: Cast, client_for: Callable[[Person], Client]) -> None:
    client = client_for(cast.ad)
    for path in ("/members/", "/keys/", "/webhooks/", "/engine/", "/prefilter/"):
        here = [entry.label for entry in client.get(path).context["navigation"] if entry.here]
        assert here == ["Admin"], path
