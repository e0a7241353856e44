"""The language of the screens: chosen in the settings, else as the browser asks; programs are always answered in English."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import translation

from reviewapp.accounts import actions
from reviewapp.accounts.actions import NotAPerson
from reviewapp.accounts.models import Person
from reviewapp.ui.languages import interface_languages
from tests import pseudo
from tests.cast import Cast

Clients = Callable[[Person], Client]
RTL = f'<html lang="{pseudo.CODE}" dir="rtl"'
ENGLISH = '<html lang="en" dir="ltr"'


@pytest.fixture(autouse=True)
def _language(settings: LazySettings, pseudo_folder: Path) -> None:
    settings.LOCALE_PATHS = [pseudo_folder]
    settings.LANGUAGES = interface_languages([pseudo_folder])


def test_the_door_speaks_as_the_browser_asks(db: str) -> None:
    asked = Client().get("/accounts/login/", headers={"Accept-Language": "ar-XB, en;q=0.5"})
    assert RTL in asked.text and asked.headers["Content-Language"] == pseudo.CODE
    assert "Accept-Language" in asked.headers["Vary"]
    assert translation.get_language() == "en"
    for words in ("", "de", "*", "x" * 500):
        answer = Client().get("/accounts/login/", headers={"Accept-Language": words})
        assert ENGLISH in answer.text and answer.headers["Content-Language"] == "en"


def test_somebody_chooses_a_language_and_goes_back_to_what_the_browser_asks(
    cast: Cast, client_for: Clients
) -> None:
    client = client_for(cast.ana)
    typed = {"name": "Ana", "time_zone": "UTC", "theme": "system"}
    assert ENGLISH in client.get("/settings/me").text
    client.post("/settings/me", typed | {"language": pseudo.CODE})
    page = client.get("/settings/me", headers={"Accept-Language": "en"})
    assert RTL in page.text and f'value="{pseudo.CODE}" lang="{pseudo.CODE}" selected' in page.text
    assert page.headers["Content-Language"] == pseudo.CODE
    client.post("/settings/me", typed | {"language": ""})
    assert ENGLISH in client.get("/settings/me").text


def test_the_choice_is_kept_with_the_other_settings_and_goes_with_its_catalog(
    cast: Cast, client_for: Clients, settings: LazySettings
) -> None:
    actions.set_preferences(person=cast.ana.pk, changes={"exposure_cap": 7})
    actions.set_language(person=cast.ana.pk, language=pseudo.CODE)
    cast.ana.refresh_from_db()
    assert (cast.ana.preferences["exposure_cap"], cast.ana.preferences["language"]) == (7, pseudo.CODE)
    settings.LANGUAGES = [("en", "English")]
    assert ENGLISH in client_for(cast.ana).get("/settings/me").text


def test_a_language_that_is_not_there_cannot_be_chosen(cast: Cast, client_for: Clients) -> None:
    with pytest.raises(NotAPerson, match="from the list"):
        actions.set_language(person=cast.ana.pk, language="de")
    answer = client_for(cast.ana).post("/settings/me", {"name": "Ana", "time_zone": "UTC", "language": "de"})
    assert answer.status_code == 422 and 'value="Ana"' in answer.text


def test_an_error_in_a_view_is_told_in_the_chosen_language(cast: Cast, client_for: Clients) -> None:
    actions.set_language(person=cast.ad.pk, language=pseudo.CODE)
    missing = client_for(cast.ad).get("/members/00000000-0000-7000-8000-000000000000")
    assert missing.status_code == 404 and RTL in missing.text
    assert missing.headers["Content-Language"] == pseudo.CODE


@pytest.mark.parametrize("address", ["/api/v1/items", "/healthz", "/readyz", "/metrics", "/api/nothing"])
def test_programs_are_answered_in_english(cast: Cast, store: str, address: str) -> None:
    plain = Client().get(address)
    asked = Client().get(address, headers={"Accept-Language": pseudo.CODE})
    assert "Content-Language" not in asked.headers
    assert asked.status_code == plain.status_code
    assert not any("\u0600" <= letter <= "\u06ff" for letter in asked.text)


def test_the_choice_costs_no_query(
    cast: Cast, client_for: Clients, django_assert_num_queries: Callable[..., object]
) -> None:
    client = client_for(cast.ana)
    client.get("/settings/notices/chip")
    with django_assert_num_queries(3):
        client.get("/settings/notices/chip")
    actions.set_language(person=cast.ana.pk, language=pseudo.CODE)
    with django_assert_num_queries(3):
        assert client.get("/settings/notices/chip").headers["Content-Language"] == pseudo.CODE


def test_an_icon_that_points_on_turns_with_the_page(db: str) -> None:
    assert '<svg class="i" aria-hidden="true"><use href="/static/icons.svg#i-log-in"' in _door("en")
    assert '<svg class="i mirror" aria-hidden="true"><use href="/static/icons.svg#i-log-in"' in _door(
        pseudo.CODE
    )


def _door(language: str) -> str:
    return Client().get("/accounts/login/", headers={"Accept-Language": language}).text


def test_reading_languages_are_named_and_typed_in_the_language_of_the_page(
    cast: Cast, client_for: Clients
) -> None:
    actions.set_language(person=cast.ana.pk, language=pseudo.CODE)
    german = pseudo.spoken("German")
    client = client_for(cast.ana)
    assert f'<option value="{german}">' in client.get("/settings/languages").text
    client.post("/settings/languages", {"add": german, "add_level": "fluent"})
    cast.ana.refresh_from_db()
    assert cast.ana.preferences["languages"] == {"de": "fluent"}
    assert f'<th scope="row" class="lead">{german}</th>' in client.get("/settings/languages").text
