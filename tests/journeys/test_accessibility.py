"""Every screen passes axe (WCAG 2.2 AA) in both themes and at three sizes, and none scrolls sideways."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import axe_playwright_python
import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from reviewapp.accounts.models import Person
from tests.cast import Cast
from tests.house.test_every_url import INLINE

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
Screens = dict[str, str]
Theme = Literal["light", "dark"]

AXE: Final = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
WIDTHS: Final = (320, 840, 1024)
"""The narrowest that WCAG 1.4.10 asks for, also 400 % of 1280; a window just wide enough for the whole bar; a tablet."""
SIZES: Final = {"desk": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
_SCROLLS: Final = "document.scrollingElement.scrollWidth > window.innerWidth"
_STANDARD: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# A theme changes colours only, so the second one is asked about these alone.
RULES: Final[dict[Theme, Any]] = {
    "light": {"runOnly": {"type": "tag", "values": _STANDARD}, "resultTypes": ["violations"]},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]},
}


def test_no_screen_is_left_out(screens: Screens, cast: Cast, client_for: Callable[[Person], Client]) -> None:
    admin = client_for(cast.ad)
    shown = set()
    for name, address in screens.items():
        answer = admin.get(address)
        assert answer.status_code == 200, f"{name}: {answer.status_code}"
        assert not INLINE.search(answer.content.decode()), name
        shown |= {template.name for template in answer.templates}
    folder = Path(settings.BASE_DIR) / "templates"
    whole = {
        str(path.relative_to(folder))
        for path in folder.glob("*/*.html")
        if "{% extends" in path.read_text()[:40]
    }
    assert whole - shown == {"account/login.html", "account/password_change.html"}


@pytest.mark.parametrize("half", [0, 1])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    screens: Screens, cast: Cast, page_for: OpenPage, half: int
) -> None:
    """Open each screen as an admin; at each size and in each theme run axe, and compare widths."""
    page = page_for(cast.ad, reduced_motion="reduce")
    found = {}
    for name, address in list(screens.items())[half::2]:
        page.goto(address)
        expect(page.locator(".htmx-request")).to_have_count(0)
        page.evaluate(AXE)
        problems = [problem for size in SIZES for problem in problems_of(page, size)] + too_wide(page)
        if problems:
            found[name] = problems
    assert not found


def problems_of(page: Page, size: str) -> list[str]:
    """What axe finds in either theme, and a page wider than its window."""
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    problems = []
    for theme, rules in RULES.items():
        page.emulate_media(color_scheme=theme)
        violations = page.evaluate("rules => axe.run(rules).then(found => found.violations)", rules)
        problems += [
            f"{size}, {theme}: {each['id']}: {node['html'][:160]}"
            for each in violations
            for node in each["nodes"]
        ]
    return problems + ([f"{size}: scrolls sideways"] if page.evaluate(_SCROLLS) else [])


def too_wide(page: Page) -> list[str]:
    """The widths at which the page scrolls sideways."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found += [f"{width} px: scrolls sideways"] if page.evaluate(_SCROLLS) else []
    return found


@pytest.mark.parametrize("who", ["ana", "sam", "bo", "cy", "au"])
def test_the_bar_fits_for_everybody(cast: Cast, page_for: OpenPage, who: str) -> None:
    """What a role may open decides how long the bar is. The entry of the page that is open is in sight."""
    page = page_for(getattr(cast, who))
    for address in ("/", "/engine/", "/help/"):
        page.goto(address)
        assert too_wide(page) == []
        page.reload()
        expect(page.locator(".mainnav [aria-current]")).to_be_in_viewport(ratio=0.9)
