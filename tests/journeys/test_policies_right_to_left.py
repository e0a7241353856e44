"""What the lab says of a policy, its engine and its prefilter in the made-up language that runs from right to left.

1. A re-run with a wrong number, then one from its start to its end, and what people disagreed about. 2. An evaluation of a
file with a bad row, which gets no answers. 3. The engine fails and is paused; a price that is no number. 4. The prefilter.

At every stop no word is left in English, and nothing scrolls sideways on a desk or a phone.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from reviewapp.lab import actions as lab
from reviewapp.lab.selection import Wish
from reviewapp.policies.models import Version
from reviewapp.screening.actions import open_circuit
from tests import pseudo
from tests.cast import Cast
from tests.rooms.lab import stage
from tests.rooms.screening import desk

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
NAMES: Final = (
    "engine-1",
    "spam",
    "Ad",
    "Bo",
    "Cy",
    "SP-9.9",
    "Zero width space u+200b",
    "many",
    "perhaps",
    "maybe",
    "dear",
)
"""What sentences name: an engine, a policy, people, a character as Unicode calls it, and what somebody typed."""
WIDTHS: Final = ((390, 844), (1440, 900))
LABELLED: Final = b"text,expect\nCheap followers,violates\nHello,perhaps\n"


class Walk:
    """What every stop is looked at for; problems are told together at the end."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def stop(self, page: Page, name: str) -> None:
        """Look at the page as it stands, folds opened."""
        expect(page.locator(".htmx-request")).to_have_count(0)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        for width, height in WIDTHS:
            page.set_viewport_size({"width": width, "height": height})
            wider = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
            self.found += [f"{name}: {wider} px too wide at {width}"] if wider > 0 else []
        self.found += [f"{name}: {each}" for each in pseudo.untranslated(page, NAMES)]


@pytest.fixture
def web_settings(pseudo_folder: Path) -> dict[str, str]:
    """The web server knows the made-up language, and an engine that does not answer."""
    return {"LANGUAGE_FOLDERS": str(pseudo_folder), "REASONER_URL": "http://127.0.0.1:9/v1"}


@pytest.fixture
def walk() -> Iterator[Walk]:
    """A walk; its problems fail the test."""
    walk = Walk()
    yield walk
    assert not walk.found, "\n".join(walk.found)


@pytest.fixture
def draft(cast: Cast, store: str) -> Version:
    """Bo's draft of the second version of spam."""
    return stage.draft(cast)[1]


def test_what_a_draft_would_change_and_how_well_it_agrees(
    cast: Cast, draft: Version, walk: Walk, page_for: OpenPage
) -> None:
    published = Version.objects.get(policy=draft.policy_id, number=1)
    for number in range(3):
        stage.decide(cast, published, f"{number} followers", said="violates", person="allowed")
    bo = page_for(cast.bo, locale=pseudo.CODE)
    bo.goto(f"/lab/drafts/{draft.pk}/backtest?last=many")
    walk.stop(bo, "a re-run with a wrong number")
    run = lab.start_backtest(version=draft.pk, wish=Wish(), intended=(), person=cast.bo)
    bo.goto(f"/backtests/{run}")
    walk.stop(bo, "a re-run under way")
    stage.run_to_its_end(run, lambda claim: "allowed")
    bo.reload()
    walk.stop(bo, "a re-run")
    bo.goto("/disagreements/")
    bo.locator("[name=outcome][value=draft]").click()
    walk.stop(bo, "disagreements")
    bo.goto("/lab/evaluations/new")
    bo.locator("#version").select_option(index=1)
    bo.locator("#file").set_input_files({"name": "rows.csv", "mimeType": "text/csv", "buffer": LABELLED})
    bo.locator("main form button[type=submit]").first.click()
    expect(bo.locator(".note.bad li")).to_have_count(1)
    walk.stop(bo, "a file with a bad row")
    bo.locator("#version").select_option(index=1)
    bo.locator("#file").set_input_files({"name": "rows.csv", "mimeType": "text/csv", "buffer": LABELLED})
    bo.locator("[name=leave]").check()
    bo.locator("main form button[type=submit]").first.click()
    bo.wait_for_url("**/evaluations/*-*")
    stage.run_to_its_end(bo.url.rsplit("/", 1)[1], lambda claim: "timeout")
    bo.reload()
    walk.stop(bo, "an evaluation")


def test_the_engine_fails_and_is_paused_and_the_prefilter_is_switched(
    cast: Cast, draft: Version, walk: Walk, page_for: OpenPage
) -> None:
    desk.engine()
    open_circuit(endpoint=0, reason="The engine failed (HTTP 503); it may be restarting.", failures=20)
    ad = page_for(cast.ad, locale=pseudo.CODE)
    for address in ("/engine/", "/engine/0/pause", "/prefilter/"):
        ad.goto(address)
        walk.stop(ad, address)
    ad.locator("[name=sample_percent]").fill("5")
    ad.locator("main form[action='/prefilter/'] button").click()
    expect(ad.locator(".note.good")).to_be_visible()
    walk.stop(ad, "switched")
    ad.goto("/engine/0/pause")
    ad.locator("[name=reason]").fill("أسباب")
    ad.locator("form[action$='0/pause'] button[type=submit]").click()
    walk.stop(ad, "paused")
    ad.locator("[name=price]").fill("dear")
    ad.locator("form[action='/engine/settings'] button").click()
    expect(ad.locator(".note.bad")).to_be_visible()
    walk.stop(ad, "a price that is no number")
