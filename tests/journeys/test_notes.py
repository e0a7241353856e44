"""Notes in a real browser: a section and a person are chosen from a list by keys, and nothing typed is lost."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from reviewapp.accounts.models import Notice
from reviewapp.policies.models import Case, Version
from reviewapp.review.models import Decision, Note, Unsent
from tests.cast import Cast
from tests.journeys.test_accessibility import AXE, RULES
from tests.journeys.test_review import item, start
from tests.rooms.review import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def test_a_sign_opens_the_list_and_what_is_chosen_stands_in_the_note(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. `#` and a word choose a section. 2. `@` and a name a person. 3. The note links the one and tells the other."""
    stage.line_up(1, version=fraud)
    page = page_for(cast.ana)
    start(page)
    page.keyboard.press("n")
    note = page.get_by_label("Note on this item")
    page.keyboard.type("Rather #")
    sections = page.get_by_role("dialog", name="Link a section")
    wanted = fraud.sections.all()[2]
    expect(sections.get_by_role("radio")).to_have_count(fraud.sections.count())
    page.evaluate(AXE)
    assert (
        page.evaluate(
            "rules => axe.run('#pick-section', rules).then(found => found.violations)", RULES["light"]
        )
        == []
    )
    page.keyboard.type(wanted.title.lower())
    expect(sections.get_by_role("status")).to_contain_text(f"1: {wanted.code}")
    page.keyboard.press("Enter")
    expect(note).to_be_focused()
    page.keyboard.type("I think, mail x@")
    expect(sections).to_be_hidden()
    page.keyboard.type("example.com @")
    people = page.get_by_role("dialog", name="Tell somebody")
    expect(people.get_by_role("radio", name="@mo")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = people.get_by_role("radio", checked=True).get_attribute("value")
    page.keyboard.press("Enter")
    expect(note).to_have_value(f"Rather {wanted.code} I think, mail x@example.com {chosen} ")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("link", name=wanted.title)).to_be_visible()
    assert Note.objects.get().section == wanted.code
    assert Notice.objects.get(kind="mentioned").person.name == str(chosen)[1:].title()


def test_who_chooses_nothing_goes_on_with_what_they_typed(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. Escape leaves sign and words in the note. 2. The button puts a section where the caret stood. 3. Again after a note."""
    stage.line_up(1, version=fraud)
    page = page_for(cast.ana)
    start(page)
    page.keyboard.press("n")
    note = page.get_by_label("Note on this item")
    page.keyboard.type("Order #")
    page.keyboard.type("77 is odd")
    expect(page.get_by_role("status").filter(has_text="Nothing matches")).to_be_visible()
    page.keyboard.press("Escape")
    expect(note).to_be_focused()
    expect(note).to_have_value("Order #77 is odd")
    page.keyboard.press("Home")
    page.get_by_role("button", name="Link a section").click()
    first = fraud.sections.all()[0].code
    expect(page.get_by_role("radio", checked=True)).to_have_attribute("value", first)
    page.get_by_role("button", name="Put into the note").click()
    expect(note).to_have_value(f"{first} Order #77 is odd")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#notes").get_by_role("link", name=fraud.sections.all()[0].title)).to_be_visible()
    page.get_by_role("button", name="Tell somebody").click()
    expect(page.get_by_role("dialog", name="Tell somebody").get_by_role("radio", name="@mo")).to_be_visible()


def test_a_case_that_was_typed_outlives_the_decision_on_its_item(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. A case is typed and not sent. 2. The item is decided. 3. The case waits above the next item, and is sent from there."""
    stage.line_up(2, version=fraud)
    page = page_for(cast.ana)
    start(page)
    page.keyboard.press("m")
    page.get_by_label("What makes it a good test").fill("It names no price.")
    page.keyboard.press("Escape")
    page.wait_for_timeout(800)  # Confirm is deaf for a moment
    page.get_by_role("button", name="Confirm").click()
    expect(item(page)).to_contain_text("Number 1.")
    assert Decision.objects.count() == 1
    page.get_by_role("button", name="Not sent yet").click()
    waiting = page.get_by_role("dialog", name="Not sent yet")
    expect(waiting.get_by_label("What makes it a good test")).to_have_value("It names no price.")
    waiting.get_by_role("button", name="Suggest case").click()
    expect(waiting.get_by_text("a policy writer takes it in or declines it")).to_be_visible()
    assert Case.objects.get(note="It names no price.").text.endswith("Number 0.")
    waiting.get_by_role("button", name="Close").first.click()
    expect(item(page)).to_contain_text("Number 1.")


def test_a_note_that_was_typed_outlives_the_page_and_the_decision_on_its_item(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. A note is typed; the browser dies; it is there again. 2. The item is decided: it waits above the next one.
    3. Undo brings it back to its place. 4. Decided once more, it is sent from above the next item."""
    stage.line_up(2, version=fraud)
    page = page_for(cast.ana)
    start(page)
    address = page.url
    page.keyboard.press("n")
    with page.expect_response("**/unsent"):
        page.keyboard.type("Asks for a code")
    page.close()
    page = page_for(cast.ana)
    page.goto("/")
    expect(page.get_by_role("region", name="Typed and not sent")).to_contain_text("Asks for a code")
    page.goto(address)
    note = page.get_by_label("Note on this item")
    expect(note).to_have_value("Asks for a code")
    note.press("End")
    note.press_sequentially(", twice")
    page.keyboard.press("Escape")
    page.wait_for_timeout(800)  # Confirm is deaf for a moment
    page.get_by_role("button", name="Confirm").click()
    expect(item(page)).to_contain_text("Number 1.")
    page.get_by_role("button", name="Undo").first.click()
    expect(item(page)).to_contain_text("Number 0.")
    expect(page.locator("#kept [data-keeps]")).to_have_count(0)  # put back when the swap has settled
    expect(page.get_by_label("Note on this item")).to_have_value("Asks for a code, twice")
    expect(page.get_by_role("button", name="Not sent yet")).to_have_count(0)
    page.wait_for_timeout(800)
    page.get_by_role("button", name="Confirm").click()
    expect(item(page)).to_contain_text("Number 1.")
    page.get_by_role("button", name="Not sent yet").click()
    waiting = page.get_by_role("dialog", name="Not sent yet")
    expect(waiting.get_by_label("Note on this item")).to_have_value("Asks for a code, twice")
    expect(waiting.get_by_role("link", name="Of another item")).to_have_attribute(
        "href", urlsplit(address).path
    )
    waiting.get_by_role("button", name="Add note").click()
    expect(waiting.get_by_text("Note added")).to_be_visible()
    assert Note.objects.get().text == "Asks for a code, twice"
    assert not Unsent.objects.exists()
