"""A session that ended under somebody's hands: they sign in where they are, and what they were sending goes out."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from playwright.sync_api import APIResponse, Page, Route, expect

from reviewapp.accounts.models import Person
from reviewapp.policies import actions as policies
from reviewapp.policies.models import Case, Version
from reviewapp.review.models import Draft, Note
from tests.cast import PASSWORD, Cast
from tests.journeys.test_policies import until_stored
from tests.journeys.test_review import start
from tests.rooms.review import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def with_password(person: Person) -> Person:
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(page: Page) -> None:
    locked = page.get_by_role("dialog", name="You are signed out")
    expect(locked).to_be_visible()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(locked).to_be_hidden()


def test_a_form_that_loads_a_page_waits_for_the_session_and_is_sent_then(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. A case is typed. 2. The session ends. 3. The button is pressed: the page is covered. 4. Signed in: it is sent."""
    page = page_for(with_password(cast.bo))
    page.goto("/policies/fraud/versions/1/cases")
    before = Case.objects.count()
    page.locator("#text-new").fill("Send me the code, quick.")
    page.locator("#note-new").fill("A plain one.")
    Session.objects.all().delete()
    page.get_by_role("button", name="Add", exact=True).click()
    sign_in(page)
    expect(page.locator("#text-new")).to_have_value("")
    assert Case.objects.count() == before + 1 and Case.objects.filter(note="A plain one.").exists()


def test_a_note_and_the_open_form_of_the_desk_are_there_after_signing_in(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. The form and a note are typed. 2. The session ends; the note is sent. 3. Signed in: the note is kept, and the draft."""
    stage.line_up(1, version=fraud)
    page = page_for(with_password(cast.ana))
    start(page)
    page.keyboard.press("o")
    page.keyboard.press("n")
    Session.objects.all().delete()
    with page.expect_response("**/draft"):
        page.keyboard.type("Half a thought")
    assert not Draft.objects.exists()
    page.locator("#notes summary").click()
    page.locator("#item-note").fill("For whoever comes next.")
    page.get_by_role("button", name="Add note").click()
    sign_in(page)
    expect(page.locator("#notes .msg")).to_contain_text("For whoever comes next.")
    assert Note.objects.count() == 1
    expect(page.locator("#reason")).to_have_value("Half a thought")
    assert Draft.objects.get().reason == "Half a thought"


def test_a_draft_of_a_policy_is_stored_as_soon_as_its_writer_is_back(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. The session ends; a line is typed. 2. The save is refused and the page covered. 3. Signed in: the line is stored."""
    page = page_for(with_password(cast.bo))
    policies.start_draft(policy=fraud.policy_id, person=cast.bo)
    page.goto("/policies/fraud/draft")
    source = page.locator("[name=source]")
    expect(source).to_be_visible()
    Session.objects.all().delete()
    text = source.input_value()
    source.fill(f"{text}\nOne more line.\n")
    sign_in(page)
    expect(source).to_have_value(f"{text}\nOne more line.\n")
    until_stored(page, Version.objects.get(state="draft"), "One more line.")


def late(page: Page, address: str) -> list[tuple[Route, APIResponse]]:
    """The next question to an address is asked, and its answer held; everything after it goes its way."""
    held: list[tuple[Route, APIResponse]] = []
    page.route(address, lambda route: held.append((route, route.fetch())), times=1)
    return held


def deliver(held: list[tuple[Route, APIResponse]]) -> None:
    route, answer = held[0]
    assert answer.status == 401
    route.fulfill(response=answer)


def test_a_refusal_from_before_the_sign_in_covers_nothing_and_the_draft_is_stored(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. The session ends; a line is typed; the answer to the save is slow. 2. Covered by another; signed in. 3. The answer comes."""
    page = page_for(with_password(cast.bo))
    policies.start_draft(policy=fraud.policy_id, person=cast.bo)
    page.goto("/policies/fraud/draft")
    source = page.locator("[name=source]")
    expect(source).to_be_visible()
    held = late(page, "**/autosave")
    Session.objects.all().delete()
    with page.expect_request("**/autosave"):
        source.fill(f"{source.input_value()}\nOne more line.\n")
    sign_in(page)
    deliver(held)
    until_stored(page, Version.objects.get(state="draft"), "One more line.")
    expect(page.get_by_role("dialog", name="You are signed out")).to_be_hidden()


def test_a_form_refused_before_the_sign_in_is_sent_again_after_it(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. The session ends; a note is sent; the answer is slow. 2. Covered by another; signed in. 3. The answer comes."""
    stage.line_up(1, version=fraud)
    page = page_for(with_password(cast.ana))
    start(page)
    page.locator("#notes summary").click()
    page.locator("#item-note").fill("For whoever comes next.")
    held = late(page, "**/note")
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    with page.expect_request("**/note"):
        page.get_by_role("button", name="Add note").click()
    page.evaluate("htmx.ajax('GET', '/engine/chip', {swap: 'none'})")
    sign_in(page)
    deliver(held)
    expect(page.locator("#notes .msg")).to_contain_text("For whoever comes next.")
    expect(page.get_by_role("dialog", name="You are signed out")).to_be_hidden()
    assert Note.objects.count() == 1
