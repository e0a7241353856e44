"""Where things stand on a phone and on a desk: nothing is cut or out of sight, and no button moves from under the hand."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from reviewapp.audit.actions import OPERATOR
from reviewapp.policies.models import Version
from reviewapp.review.models import Task
from reviewapp.webhooks.actions import add_endpoint
from tests.cast import Cast
from tests.journeys.conftest import Screens
from tests.journeys.test_review import press, start
from tests.rooms.review import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True,
}  # fmt: skip


def left_of(page: Page, name: str) -> float:
    box = page.locator("#decisionbar").get_by_role("button", name=name).bounding_box()
    assert box is not None
    return box["x"]


def test_on_a_phone_no_page_is_wider_than_the_screen_and_the_current_tab_is_in_sight(
    cast: Cast, screens: Screens, page_for: OpenPage
) -> None:
    long = add_endpoint(
        name="Long", url=f"https://hooks.example.org/{'deep/' * 20}", events=(), actor=OPERATOR
    )
    page = page_for(cast.ad, **PHONE)
    for address in (
        f"/webhooks/{long.endpoint}", "/webhooks/", "/help/engine", "/help/api", "/prefilter/", "/settings/care", "/settings/calls",
        screens["history of a case"], screens["policy draft"], screens["policy compared"],
    ):  # fmt: skip
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, address
        for tab in page.locator(".subnav [aria-current]").all():
            expect(tab).to_be_in_viewport(ratio=0.95)


def test_on_a_phone_a_card_says_what_each_of_its_values_is(
    cast: Cast, screens: Screens, page_for: OpenPage
) -> None:
    page = page_for(cast.ad, **PHONE)
    words = "node => getComputedStyle(node, '::before').content"
    page.goto("/settings/calls")
    assert page.locator("td[data-l=Action]").first.evaluate(words) == '"Action"'
    page.goto(screens["policy compared"])
    assert page.locator(".diff td").first.evaluate(words) == '"v1"'
    assert page.locator(".diff td").nth(1).evaluate(words) == '"v2"'


def test_on_a_phone_the_menu_closes_behind_a_choice_and_undo_says_its_seconds(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    stage.line_up(2, version=fraud)
    page = page_for(cast.ana, **PHONE)
    start(page)
    menu = page.locator(".morefold")
    menu.locator("summary").click()
    menu.get_by_role("button", name="Hold").click()
    dialog = page.get_by_role("dialog", name="Hold")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(menu.get_by_role("button", name="Hold")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    press(page, "c")
    expect(page.locator("#decisionbar .undo")).to_contain_text("s")
    expect(page.locator("[data-remains]")).to_be_visible()
    override = page.locator("#decisionbar").get_by_role("button", name="Override").bounding_box()
    more = menu.locator("summary").bounding_box()
    assert override and more and override["x"] + override["width"] <= more["x"]


def test_on_a_desk_focus_shows_the_item_alone_and_a_lost_item_moves_no_button(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    stage.line_up(2, version=fraud)
    page = page_for(cast.ana, viewport={"width": 1440, "height": 900})
    start(page)
    page.keyboard.press("z")
    expect(page.locator("article.item")).to_be_visible()
    expect(page.locator("#notes")).to_be_hidden()
    expect(page.get_by_text("Make case")).to_be_hidden()
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard help")
    expect(help_.get_by_text("Skip")).to_be_visible()
    assert help_.evaluate("node => node.scrollHeight <= node.clientHeight"), "all keys fit without scrolling"
    expect(help_.get_by_role("link", name="Change keys")).to_have_attribute("href", "/settings/keys")
    page.keyboard.press("Escape")
    before = left_of(page, "Confirm")
    Task.objects.filter(state="claimed", reserved=False).update(claimed_by=cast.mo)
    page.reload()
    assert abs(left_of(page, "Next item") - before) < 1
