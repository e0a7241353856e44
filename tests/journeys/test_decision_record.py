"""The record of a decision on paper: asked for with its button, whole, and short."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from reviewapp.audit.actions import place_events
from reviewapp.policies.models import Version
from reviewapp.review import actions
from tests.cast import Cast
from tests.rooms.review import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
MOST_PAGES = 2


def test_a_decision_prints_on_two_pages_with_its_hashes_and_without_buttons(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. A decision is opened. 2. Print is pressed. 3. The paper has two pages at most, whole hashes, no buttons."""
    stage.line_up(1, version=fraud)
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ad)
    assert claim is not None
    decided = actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="allowed", reason="A joke.", person=cast.ad
    )
    place_events()
    page = page_for(cast.ad)
    page.goto(f"/decisions/{decided.decision}")
    page.evaluate("window.print = () => { document.body.dataset.printed = 'yes'; }")
    page.get_by_role("button", name="Print").click()
    expect(page.locator("body")).to_have_attribute("data-printed", "yes")
    page.emulate_media(media="print")
    expect(page.get_by_role("button").filter(visible=True)).to_have_count(0)
    for code in page.locator(".hash").all():
        assert code.evaluate("each => each.scrollWidth <= each.parentElement.clientWidth + 1"), (
            code.inner_text()
        )
    assert page.pdf(format="A4").count(b"/Type /Page\n") in range(1, MOST_PAGES + 1)
