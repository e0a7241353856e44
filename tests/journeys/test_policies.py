"""Writing policies in a real browser.

One author types while another takes the draft over: nothing is overwritten, the loser's words are kept and put back.
An author edits while the checks follow, proposes; the gate passes; a second person approves and publishes.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reviewapp.policies import reads
from reviewapp.policies.models import Version
from tests.cast import Cast
from tests.rooms.policies import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
DRAFT = "/policies/spam/draft"


@pytest.fixture
def draft(cast: Cast) -> Version:
    return stage.draft_of(cast, stage.publish_seed())


def field(page: Page) -> Any:
    return page.get_by_label("Policy text", exact=True)


def type_after(page: Page, before: str, words: str) -> None:
    """Put the caret after some words of the text and type."""
    page.evaluate(
        """(before) => { const field = document.getElementById("source");
        const at = field.value.indexOf(before) + before.length; field.focus(); field.setSelectionRange(at, at); }""",
        before,
    )
    page.keyboard.type(words)


def stored(row: Version) -> str:
    row.refresh_from_db()
    return row.source


def until_stored(page: Page, row: Version, words: str) -> None:
    """Wait until the page says that it stored, and the draft has the words."""
    for _ in range(200):
        if words in stored(row):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{words!r} was not stored: {page.locator('#saved').text_content()}")


def test_a_draft_is_taken_over_while_its_author_types(cast: Cast, draft: Version, page_for: OpenPage) -> None:
    bo = page_for(cast.bo)
    bo.goto(DRAFT)
    type_after(bo, "protects conversations", " and people")
    until_stored(bo, draft, "conversations and people")

    ad = page_for(cast.ad)
    ad.goto(DRAFT)
    expect(ad.get_by_text("writes in this draft now.")).to_be_visible()
    expect(field(ad)).not_to_be_editable()
    ad.get_by_role("button", name="Take over").click()
    expect(field(ad)).to_be_editable()
    type_after(ad, "conversations and people", " of all ages")
    until_stored(ad, draft, "people of all ages")

    type_after(bo, "conversations and people", " everywhere")
    expect(bo.get_by_role("alert").filter(has_text="Ad took over this draft.")).to_be_visible()
    expect(field(bo)).to_have_value(re.compile("people everywhere"))
    assert "everywhere" not in stored(draft) and "of all ages" in stored(draft)

    ad.get_by_role("link", name="Policies").first.click()
    bo.get_by_role("link", name="Open again").click()
    expect(bo.get_by_role("heading", name="What you had typed")).to_be_visible()
    expect(bo.locator("#kept ins")).to_contain_text("everywhere")
    bo.get_by_role("link", name="Put it into the field").click()
    until_stored(bo, draft, "conversations and people everywhere")


def test_a_lost_connection_is_told_and_what_was_typed_is_stored_when_it_is_back(
    cast: Cast, draft: Version, page_for: OpenPage
) -> None:
    page = page_for(cast.bo)
    page.goto(DRAFT)
    expect(page.locator("#findings")).to_contain_text("Findings")
    page.context.set_offline(True)
    type_after(page, "protects conversations", " offline")
    expect(page.locator("#saved")).to_contain_text("no connection")
    assert "offline" not in stored(draft)
    page.context.set_offline(False)
    until_stored(page, draft, "conversations offline")
    page.reload()
    expect(field(page)).to_have_value(re.compile("conversations offline"))


def test_an_author_edits_and_a_second_person_brings_it_into_force(
    cast: Cast, draft: Version, page_for: OpenPage
) -> None:
    bo = page_for(cast.bo)
    bo.goto(DRAFT)
    type_after(bo, "asked for", " usually")
    expect(bo.get_by_text("Hedging word “usually”")).to_be_visible()
    for _ in " usually":
        bo.keyboard.press("Backspace")
    expect(bo.get_by_text("Hedging word")).to_have_count(0)
    bo.get_by_role("navigation", name="Sections").get_by_text("SP-2.1").click()
    bo.get_by_role("button", name="Move up").click()
    expect(field(bo)).to_have_value(re.compile(r"## SP-2\.1[\s\S]*## SP-1\.2"))
    bo.get_by_label("Change note").fill("SP-2.1 comes before SP-1.2")
    bo.get_by_role("button", name="Propose").click()
    expect(bo.get_by_role("heading", level=1)).to_have_text("Proposed v2")

    cy = page_for(cast.cy)
    cy.goto(DRAFT)
    expect(cy.get_by_text("The gate has not been run on this text.").first).to_be_visible()
    cy.get_by_role("button", name="Approve").click()
    expect(cy.get_by_role("alert").filter(has_text="has not been run")).to_be_visible()
    stage.report(draft)
    cy.goto(DRAFT)
    cy.get_by_role("button", name="Approve").click()
    cy.get_by_role("button", name="Publish").click()
    expect(cy.locator(".page-head .badge").first).to_contain_text("Published v2")
    (published,) = reads.published()
    assert published.number == 2 and published.section_ids[1] == "SP-2.1"


def test_trying_an_item_that_is_not_there_says_so_in_the_place_of_the_last_answer(
    cast: Cast, draft: Version, page_for: OpenPage
) -> None:
    """1. A text is tried and waits. 2. An id that nothing has is tried: the page says so, and nothing of the text."""
    page = page_for(cast.bo)
    page.goto(DRAFT)
    page.locator("#try-text").fill("Buy followers")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator("#tried")).to_contain_text("Asking the reasoner")
    page.locator("#try-item").fill("nothing-has-this-id")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator("#try").get_by_role("alert")).to_contain_text("no item with this id")
    expect(page.locator("#tried")).to_have_count(0)
