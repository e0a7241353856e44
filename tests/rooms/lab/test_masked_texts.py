"""The pages of the lab mask what people wrote as the review screen does, and reveal it the same way."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from reviewapp.accounts import actions as accounts
from reviewapp.accounts.models import Person
from reviewapp.lab import actions
from reviewapp.lab.selection import Wish
from reviewapp.screening.models import Verdict
from tests.cast import Cast
from tests.rooms.lab import stage

SignIn = Callable[[Person], Client]
TEXT = "Go away, bitch. Cheap followers here"


def text_of(html: str) -> str:
    """What a page says, without its tags and what their attributes keep."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.fixture
def places(cast: Cast, store: str) -> tuple[str, str]:
    """A re-run with one flip and the inbox, about an item that somebody insulted people with."""
    published, draft = stage.draft(cast)
    stage.decide(cast, published, TEXT, said="violates", person="allowed", reason="policy_unclear")
    run = actions.start_backtest(version=draft.pk, wish=Wish(), intended=(), person=cast.bo)
    stage.run_to_its_end(run, lambda claim: "allowed")
    accounts.set_preferences(person=cast.bo.pk, changes={"masking": "words"})
    cast.bo.refresh_from_db()
    return f"/backtests/{run}", "/disagreements/"


def test_severe_words_are_masked_until_somebody_reveals_them(
    cast: Cast, places: tuple[str, str], client_for: SignIn
) -> None:
    client = client_for(cast.bo)
    for place in places:
        html = client.get(place).content.decode()
        assert "bitch" not in text_of(html) and "insult · 5 letters" in text_of(html), place
        keys = re.findall(r'name="reveal" value="([^"]+)"', html)
        shown = text_of(client.get(place, {"reveal": keys[0]}).content.decode())
        assert "bitch" in shown, place


def test_who_masks_nothing_reads_the_text_as_it_is(
    cast: Cast, places: tuple[str, str], client_for: SignIn
) -> None:
    accounts.set_preferences(person=cast.bo.pk, changes={"masking": "off"})
    for place in places:
        html = client_for(cast.bo).get(place).content.decode()
        assert "Go away, bitch." in text_of(html) and 'class="mask"' not in html, place


def test_what_rationales_have_apart_is_marked_only_where_nothing_of_them_is_masked(
    cast: Cast, places: tuple[str, str], client_for: SignIn
) -> None:
    for said, other, marked in (
        ("It sells shoes", "It sells lamps", True),
        ("It says bitch", "It says so", False),
    ):
        first, second = Verdict.objects.order_by("at", "pk")[:2]
        Verdict.objects.filter(pk=first.pk).update(rationale=said)
        Verdict.objects.filter(pk=second.pk).update(rationale=other)
        html = client_for(cast.bo).get(places[0]).content.decode()
        assert ("<ins>" in html) is marked and "bitch" not in text_of(html)
