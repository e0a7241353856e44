"""Masked text on the screens: absent from what is read, revealed on wish, forgotten with the item, as everybody sets it."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django.test import Client

from reviewapp.accounts import actions as accounts
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules_preferences import BadPreference
from reviewapp.intake.models import Author, Item, Source
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Task
from tests.cast import Cast
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
TEXT = "Go away, bitch.\nI will find you tonight."


class Reader(HTMLParser):
    """What a page says: its text, without attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    reader = Reader()
    reader.feed(answer.content.decode())
    return " ".join("".join(reader.said).split())


@pytest.fixture
def threats(cast: Cast) -> Version:
    return stage.publish("violence")


def threat(version: Version, **fields: object) -> str:
    item = stage.wait_for_a_person(TEXT, **{"language": "en"} | fields)
    stage.say(
        item, version, sections=["VI-1.1"], evidence_for=["I will find you tonight"],
        rationale="It says: I will find you tonight.", reasoning="I will find you tonight",
    )  # fmt: skip
    actions.admit()
    return f"/review/{item}"


def mask(person: Person, mode: str) -> None:
    accounts.set_preferences(person=person.pk, changes={"masking": mode})
    person.refresh_from_db()


def test_the_page_says_kind_and_length_in_the_place_of_word_and_passage(
    cast: Cast, threats: Version, client_for: SignIn
) -> None:
    path = threat(threats)
    said = read(client_for(cast.ana), path)
    assert "bitch" not in said and "find you" not in said
    assert "Go away, insult · 5 letters." in said and "threat · 5 words" in said
    assert "2 places masked by your settings: insult, threat." in said
    page = client_for(cast.ana).get(path).content.decode()
    assert re.search(r'<mark class="ev" id="ev-1"><button class="mask"', page)


def test_it_is_revealed_by_plain_links_one_by_one_or_whole_and_forgotten(
    cast: Cast, threats: Version, client_for: SignIn
) -> None:
    path, client = threat(threats), client_for(cast.ana)
    one = read(client, f"{path}?reveal=1")
    assert "Go away, bitch." in one and "find you" not in one
    page = client.get(f"{path}?reveal=1").content.decode()
    assert '<input type="hidden" name="reveal" value="1">' in page and 'value="2" data-key="w"' in page
    assert "I will find you tonight" in read(client, f"{path}?reveal=1&reveal=2")
    assert read(client, f"{path}?reveal=all").count("I will find you tonight") == 4
    assert "bitch" not in read(client, path)


@pytest.mark.parametrize(
    ("mode", "hidden"), [("off", ()), ("words", ("bitch",)), ("whole", ("bitch", "Go away"))]
)
def test_lists_are_masked_as_each_person_sets_it(
    cast: Cast, threats: Version, client_for: SignIn, mode: str, hidden: tuple[str, ...]
) -> None:
    mask(cast.ana, mode)
    author = Author.objects.create(source=Source.objects.get_or_create(name="forum")[0], external_id="u1")
    path = threat(threats, author=author)
    threat(threats)
    client = client_for(cast.ana)
    queue = "/queues/" + Task.objects.select_related("queue").first().queue.slug  # type: ignore[union-attr]
    pages = [queue, "/authors/forum/u1", path]
    seen = [read(client, page) for page in pages]
    client.post(f"{queue}/next")
    seen.append(read(client, "/"))
    for said, page in zip(seen, [*pages, "/"], strict=True):
        for word in ("bitch", "Go away"):
            assert (word in said) == (word not in hidden), (mode, page, word)


def test_before_a_blind_call_masks_tell_nothing_of_the_verdict(
    cast: Cast, threats: Version, client_for: SignIn
) -> None:
    path = threat(threats)
    Task.objects.update(blind=True)
    said = read(client_for(cast.ana), path)
    assert "I will find you tonight." in said and "insult · 5 letters" in said
    mask(cast.ana, "whole")
    calm = stage.wait_for_a_person("Lovely weather.")
    actions.admit()
    Task.objects.update(blind=True)
    for address in (path, f"/review/{calm}"):
        said = read(client_for(cast.ana), address)
        assert "text · " in said and "weather" not in said and "tonight" not in said


def test_whole_leaves_what_is_known_to_be_calm(cast: Cast, client_for: SignIn) -> None:
    version = stage.publish("spam")
    (item,) = stage.line_up(1, version=version)
    mask(cast.ana, "whole")
    assert "Meet me at the station." in read(client_for(cast.ana), f"/review/{item}")


def test_the_setting_is_kept_and_refused_when_it_is_none(cast: Cast, client_for: SignIn) -> None:
    client = client_for(cast.ana)
    form = {"shift_ends": "", "languages": "", "exposure_cap": "60", "break_minutes": "60"}
    assert client.post("/settings/care", form | {"masking": "whole"}).status_code == 302
    cast.ana.refresh_from_db()
    assert cast.ana.preferences["masking"] == "whole"
    assert client.post("/settings/care", form | {"masking": "blur"}).status_code == 422
    with pytest.raises(BadPreference):
        mask(cast.ana, "")


def test_masking_changes_nothing_that_is_stored(cast: Cast, threats: Version, client_for: SignIn) -> None:
    path = threat(threats)
    client_for(cast.ana).get(path)
    assert Item.objects.get().contents.get().text == TEXT


@pytest.mark.parametrize(
    ("fields", "hidden"),
    [({"language": "th"}, True), ({"language": "und"}, True), ({"language": "und", "detected": "en"}, False)],
)
def test_severe_text_in_a_language_without_a_word_list_is_hidden_until_it_is_revealed(
    cast: Cast, threats: Version, client_for: SignIn, fields: dict[str, str], hidden: bool
) -> None:
    path, client = threat(threats, **fields), client_for(cast.ana)
    assert ("Go away" not in read(client, path)) is hidden
    assert "Go away, bitch." in read(client, f"{path}?reveal=all")
    before_a_call = stage.wait_for_a_person(TEXT, language="th")
    assert "Go away" in read(client, f"/review/{before_a_call}")


def test_lists_mask_what_the_verdict_quotes_as_the_item_does(
    cast: Cast, threats: Version, client_for: SignIn
) -> None:
    author = Author.objects.create(source=Source.objects.get_or_create(name="forum")[0], external_id="u1")
    path = threat(threats, author=author)
    threat(threats, author=author)
    client = client_for(cast.ana)
    queue = "/queues/" + Task.objects.select_related("queue").first().queue.slug  # type: ignore[union-attr]
    for page in (queue, "/authors/forum/u1", f"{path}/author"):
        said = read(client, page)
        assert "find you" not in said and "⟨threat · 5 words⟩" in said, page
    client.post(f"{queue}/next")
    client.post(f"{queue}/reserve")
    held = Task.objects.get(state="claimed", reserved=False)
    for page in ("/", f"/review/{held.item_id}"):
        assert "find you" not in read(client, page), page
    Task.objects.update(blind=True)
    assert "I will find you tonight" in read(client, "/"), "before the call a mask would tell of the verdict"
    Task.objects.update(blind=False)
    mask(cast.ana, "off")
    assert "I will find you tonight" in read(client, "/")
