"""Makes the pictures of the manual again: `python3 manage.py test tests/journeys/pictures.py`.

The suite does not collect this file. It fills a house with the demo items, lets the practice reasoner judge them, and
takes each screen in light, in dark and on a phone, as WebP of at most 60 kB into `static/manual/`.
"""

import base64
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Browser, Page, expect

from reviewapp.accounts.models import Person
from tests import checker, loop
from tests.conftest import _session_cookie

pytestmark = pytest.mark.browser
FOLDER: Final = Path(settings.BASE_DIR) / "static" / "manual"
MOST_BYTES: Final = 60_000
WINDOWS: Final = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 780}, "color_scheme": "light"},
}


def _start(page: Page) -> None:
    page.goto("/queues/scams-spam/next")
    if "/review/" not in page.url:
        page.locator("main form[action$='/next'] button").first.click()
    page.wait_for_url("**/review/*")
    expect(page.get_by_role("button", name="Confirm").first).to_be_visible()


def _override(page: Page) -> None:
    _start(page)
    page.keyboard.press("0")
    expect(page.get_by_role("button", name="Save override")).to_be_visible()


def _open(address: str) -> Callable[[Page], None]:
    def visit(page: Page) -> None:
        page.goto(address)

    return visit


SCREENS: Final[dict[str, tuple[str, Callable[[Page], None]]]] = {
    "home": ("moderator", _open("/")),
    "review": ("moderator", _start),
    "override": ("moderator", _override),
    "queue": ("senior", _open("/queues/scams-spam?view=verdicts")),
    "policy": ("author", _open("/policies/fraud/versions/1")),
    "engine": ("senior", _open("/engine/")),
    "audit": ("auditor", _open("/audit/")),
}
"""Each screen by the name of its pictures: whose it is, and the way there."""


def test_take_the_pictures_of_the_manual(
    db: str, store: str, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loop.running_house(db, tmp_path) as house:
        monkeypatch.setenv("DEMO_PASSWORD", "a picture shows no password")
        call_command("seed", "--policies", "--demo", stdout=StringIO())
        assert loop.wait_until(_judged, seconds=120)
        for variant, options in WINDOWS.items():
            for name, (who, visit) in SCREENS.items():
                person = Person.objects.get(email=f"{who}@example.com")
                context = browser.new_context(base_url=house.address, reduced_motion="reduce", **options)
                context.add_cookies([_session_cookie(person, house.address)])
                page = context.new_page()
                visit(page)
                page.wait_for_load_state("networkidle")
                _take(page, FOLDER / f"{name}-{variant}.webp")
                context.close()


def _judged() -> bool:
    counts = checker.counts_by_state()
    return bool(counts) and not counts.get("received") and not counts.get("awaiting_verdict")


def _take(page: Page, file: Path) -> None:
    """Save what the window shows, in the best quality that stays small enough."""
    wire = page.context.new_cdp_session(page)
    for quality in (80, 65, 50, 35, 20):
        shot = wire.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
        picture = base64.b64decode(shot["data"])
        if len(picture) <= MOST_BYTES:
            break
    assert len(picture) <= MOST_BYTES
    file.write_bytes(picture)
