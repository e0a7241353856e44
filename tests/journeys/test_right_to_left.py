"""Every screen in the made-up language that runs from right to left: all of it translated, and none scrolls sideways."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from django.conf import LazySettings
from django.test import Client
from playwright.sync_api import Page, expect

from reviewapp.accounts.models import Person
from reviewapp.ui.languages import interface_languages
from tests import pseudo
from tests.cast import Cast

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
Clients = Callable[[Person], Client]

NAMES: Final = (
    "self-harm",
    "violence",
    "fraud",
    "spam",
    "harassment",
    "hate",
    "sexual",
    "engine-1",
    "Ad, Cy",
)
"""Policies, machines and people that sentences and choices name."""

WIDTHS: Final = {"phone": (390, 844), "desk": (1440, 900)}
"""The desk comes last: whoever looked on the way goes on there."""


@pytest.fixture
def web_settings(pseudo_folder: Path) -> dict[str, str]:
    """The web server knows the made-up language."""
    return {"LANGUAGE_FOLDERS": str(pseudo_folder)}


@pytest.mark.parametrize("half", [0, 1])
def test_every_screen_is_translated_and_runs_from_right_to_left(
    screens: dict[str, str], cast: Cast, page_for: OpenPage, half: int
) -> None:
    """Open each screen as an admin whose browser asks for the language; read its words, and compare widths."""
    page = page_for(cast.ad, locale=pseudo.CODE)
    page.set_default_timeout(30_000)
    found = {}
    for name, address in list(screens.items())[half::2]:
        page.goto(address)
        expect(page.locator(".htmx-request")).to_have_count(0)
        assert page.locator("html").get_attribute("dir") == "rtl", name
        problems = pseudo.untranslated(page, NAMES) + too_wide(page)
        if problems:
            found[name] = problems
    assert not found, "\n".join(f"{name}: {each}" for name, problems in found.items() for each in problems)


@pytest.mark.parametrize(
    ("screen", "file"),
    [("backtest", "items.csv"), ("backtest", "report.json"), ("evaluation", "rows.csv"), ("evaluation", "report.json")],
)  # fmt: skip
def test_a_file_is_the_same_whatever_language_its_reader_chose(
    screens: dict[str, str], cast: Cast, client_for: Clients, settings: LazySettings, pseudo_folder: Path, screen: str, file: str
) -> None:  # fmt: skip
    settings.LOCALE_PATHS = [pseudo_folder]
    settings.LANGUAGES = interface_languages([pseudo_folder])
    client = client_for(cast.ad)
    english = client.get(f"{screens[screen]}/{file}")
    asked = client.get(f"{screens[screen]}/{file}", headers={"Accept-Language": pseudo.CODE})
    assert english.status_code == 200 and asked.content == english.content


def too_wide(page: Page) -> list[str]:
    """The sizes at which a page scrolls sideways, and by how much."""
    problems = []
    for size, (width, height) in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        wider = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        if wider > 0:
            problems.append(f"{size}: scrolls {wider} px sideways")
    return problems
