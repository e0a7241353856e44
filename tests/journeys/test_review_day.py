"""A day at the queue in a real browser: hold, hand over, escalate in two keys, a blind call, keys of one's own."""

import time
from collections.abc import Callable
from uuid import UUID

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from reviewapp.accounts import actions as accounts
from reviewapp.intake.models import Author, Item
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import BlindCall, Decision, Draft, Escalation, Task
from tests.cast import PASSWORD, Cast
from tests.journeys.test_review import INERT, item, label, press, press_at_the_swap, start
from tests.rooms.review import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def test_an_item_is_held_another_handed_over_and_a_third_escalated_by_keys(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. Hold with `h` and Enter. 2. Hand over with `a` to Mo, who gets a notice and the item. 3. `e` `1` escalates at once."""
    stage.line_up(4, version=fraud)
    ana, mo = page_for(cast.ana), page_for(cast.mo)
    start(ana)
    press(ana, "h", "Enter")
    expect(item(ana)).to_contain_text("Number 1.")
    press(ana, "a", "1", "Enter")
    dialog = ana.get_by_role("dialog", name="Hand over")
    expect(dialog).to_contain_text("Choose a person.")
    dialog.get_by_label("Person", exact=True).select_option(label="Mo")
    dialog.get_by_label("Why", exact=True).select_option("expertise")
    dialog.get_by_label("Note that travels").fill("You know this seller.")
    dialog.get_by_role("button", name="Hand over").click()
    expect(item(ana)).to_contain_text("Number 2.")
    mo.goto("/settings/notices")
    mo.get_by_role("button", name="Ana handed you an item").click()
    expect(item(mo)).to_contain_text("You know this seller.")
    mo.get_by_role("button", name="Claim this item").click()
    expect(mo.get_by_role("button", name="Confirm")).to_be_visible()
    ana.wait_for_timeout(800)
    press(ana, "e", "1")
    expect(item(ana)).to_contain_text("Number 3.")
    assert Escalation.objects.get().kind == "threat_to_life"
    assert sorted(Task.objects.values_list("state", flat=True)) == ["claimed", "claimed", "held", "waiting"]


def test_typed_words_come_back_after_the_browser_died(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    """1. Type into the form. 2. Close the browser. 3. Another one opens the item: the words are in the form."""
    stage.line_up(1, version=fraud)
    page = page_for(cast.ana)
    start(page)
    page.keyboard.press("0")
    page.keyboard.press("n")
    with page.expect_response("**/draft"):
        page.keyboard.type("Half a thought")
    assert Draft.objects.get().reason == "Half a thought"
    address = page.url
    page.context.close()
    again = page_for(cast.ana)
    again.goto(address)
    expect(again.get_by_label("Note for the policy writer")).to_have_value("Half a thought")
    assert not Decision.objects.exists()


def test_what_was_just_typed_stays_when_the_item_goes_at_once(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. Type and skip within a second. 2. Type and hand over: the words go along. 3. Type and add a note."""
    stage.line_up(3, version=fraud)
    page = page_for(cast.ana)
    start(page)
    for number, how in enumerate(["s", "a"]):
        page.keyboard.press("o")
        page.locator("#reason").fill(f"Thought {number}")
        page.keyboard.press("Escape")
        page.keyboard.press(how)
        if how == "a":
            page.get_by_label("Person", exact=True).select_option(label="Mo")
            page.get_by_label("Why", exact=True).select_option("expertise")
            page.get_by_role("dialog").get_by_role("button", name="Hand over").click()
        expect(item(page)).to_contain_text(f"Number {number + 1}.")
    kept = [("Thought 0", cast.ana.pk), ("Thought 1", cast.mo.pk)]
    assert list(Draft.objects.order_by("reason").values_list("reason", "person")) == kept
    page.keyboard.press("n")
    page.get_by_label("Note on this item").fill("A note")
    page.keyboard.press("Escape")
    page.keyboard.press("o")
    with page.expect_response("**/draft"):
        page.locator("#reason").fill("Thought 2")
        page.get_by_role("button", name="Add note").click()
    expect(page.locator("#notes")).to_contain_text("A note")
    assert Draft.objects.get(task__item=UUID(page.url.rsplit("/", 1)[1])).reason == "Thought 2"


def test_who_is_away_is_warned_then_signed_out_and_goes_on_where_they_were(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. Half an hour passes: a warning; a key answers it and does nothing else. 2. Another: signed out, the page covered,
    the words kept. 3. The password uncovers it."""
    stage.line_up(1, version=fraud)
    cast.ana.set_password(PASSWORD)
    cast.ana.save()
    page = page_for(cast.ana)
    page.clock.install()
    start(page)
    page.keyboard.press("o")
    with page.expect_response("**/draft"):
        page.locator("#reason").fill("Not sent yet.")
    unused(1_770)
    page.clock.fast_forward(1_770_000)
    warning = page.get_by_role("alertdialog", name="Still there?")
    expect(warning).to_be_visible()
    with page.expect_response(
        lambda answer: answer.url.endswith("/idle") and answer.request.method == "POST"
    ):
        page.keyboard.press("Enter")
    expect(warning).to_be_hidden()
    assert not Decision.objects.exists()
    unused(1_801)
    page.clock.fast_forward(1_801_000)
    locked = page.get_by_role("dialog", name="You are signed out")
    expect(locked).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(locked.get_by_role("alert")).to_contain_text("does not open this account")
    expect(page.get_by_role("region", name="Item")).to_be_hidden()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(locked).to_be_hidden()
    expect(page.locator("#reason")).to_have_value("Not sent yet.")


def test_who_worked_long_is_offered_a_break_and_starts_again_with_enter(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. After a minute of work the reminder comes with the next item. 2. A press gives that back. 3. Enter continues with it."""
    stage.line_up(2, version=fraud)
    accounts.set_preferences(person=cast.ana.pk, changes={"break_minutes": 1})
    page = page_for(cast.ana)
    page.clock.install()
    start(page)
    offer = page.get_by_role("button", name="1 min of work: take a break")
    for _ in range(5):
        page.keyboard.press("v")
        page.clock.run_for(14_000)
    expect(offer).to_have_count(0)
    page.keyboard.press("s")
    expect(item(page)).to_contain_text("Number 1.")
    offer.click()
    expect(page.get_by_role("heading", name="Queues", exact=True)).to_be_visible()
    expect(page.locator(".page-head")).to_contain_text("Your break began at")
    assert set(Task.objects.values_list("state", flat=True)) == {"waiting"}
    page.keyboard.press("Enter")
    expect(item(page)).to_contain_text("Number 1.")
    page.goto("/")
    expect(page.locator(".page-head")).to_contain_text("Good ")


def unused(seconds: int) -> None:
    """Nobody has used any session for so long."""
    for row in Session.objects.all():
        store = SessionStore(row.session_key)
        store["seen"] = int(time.time()) - seconds
        store.save()


def test_a_blind_call_that_differs_is_kept_by_enter(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    """1. The heading hides the verdict. 2. `0` calls it allowed, with words. 3. Both are shown; Enter, not at once, keeps the call."""
    stage.line_up(2, version=fraud)
    Task.objects.update(blind=True)
    page = page_for(cast.ana)
    start(page)
    expect(label(page)).to_have_text("Hidden until your call")
    expect(page.get_by_role("button", name="Confirm")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("0")
    with page.expect_response("**/draft"):
        page.locator("#reason").fill("It is a joke.")
    press_at_the_swap(page, "Enter")
    page.get_by_role("button", name="Save override").click()
    expect(label(page)).to_have_text("Violates")
    expect(page.get_by_role("button", name="Keep my call")).to_be_visible()
    page.wait_for_timeout(INERT)
    assert not Decision.objects.exists(), "a press at once keeps nothing"
    press(page, "Enter")
    expect(item(page)).to_contain_text("Number 1.")
    assert Decision.objects.get().label == "allowed" and BlindCall.objects.get().same_label is False


def test_keys_of_ones_own_and_an_azerty_board(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    """1. Skip moved to `j`: `s` does nothing, the cap says j. 2. The first `j` says what it is, the second skips, and so
    does the next one on the next item. 3. `à` on the place of 0 opens the form with allowed. 4. `g` `q` leads to the queues,
    though `q` alone is Hold."""
    accounts.set_preferences(person=cast.ana.pk, changes={"keys": {"skip": "j", "hold": "q"}})
    stage.line_up(3, version=fraud)
    page = page_for(cast.ana)
    start(page)
    page.keyboard.press("s")
    expect(item(page)).to_contain_text("Number 0.")
    expect(page.get_by_role("button", name="Skip", exact=False).first).to_contain_text("j")
    page.keyboard.press("j")
    expect(page.get_by_text("j is Skip for you. Press it again.")).to_be_visible()
    expect(item(page)).to_contain_text("Number 0.")
    press(page, "j")
    expect(item(page)).to_contain_text("Number 1.")
    press(page, "j")
    expect(item(page)).to_contain_text("Number 2.")
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'à', code: 'Digit0', bubbles: true}))"
    )
    expect(page.get_by_role("radio", name="Allowed", exact=False).last).to_be_checked()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url("**:*/")


def test_a_key_is_tried_on_the_page_where_it_is_moved(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    """1. `j` does nothing. 2. Skip gets `j` in its field, unsaved: `j` is Skip, was s; `s` does nothing. 3. Digits and
    brackets say what they do. 4. In a field keys are typed. 5. A board without Latin letters goes by the place."""
    page = page_for(cast.ana)
    page.goto("/settings/keys")
    tried = page.get_by_role("region", name="Press a key to test").get_by_role("status")
    page.keyboard.press("j")
    expect(tried).to_contain_text("nothing")
    page.get_by_label("Key for Skip").fill("j")
    page.keyboard.press("c")
    expect(tried).to_contain_text("nothing")
    page.get_by_role("heading", name="Settings").click()
    for key, said in {
        "j": "Skip was s",
        "s": "nothing",
        "3": "Override with that section",
        "[": "Previous citation",
    }.items():
        page.keyboard.press(key)
        expect(tried).to_contain_text(said)
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'с', code: 'KeyC', bubbles: true}))"
    )
    expect(tried).to_contain_text("Confirm")


def test_escape_leads_from_the_author_back_to_the_item(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. An item in hand. 2. Its author's page. 3. `esc` shows the item again."""
    source = stage.wait_for_a_person("Before")
    author = Author.objects.create(source=Item.objects.get(pk=source).source, external_id="u1")
    Item.objects.filter(pk=source).update(author=author)
    stage.say(source, fraud)
    actions.admit()
    page = page_for(cast.ana)
    start(page)
    address = page.url
    page.goto("/authors/forum/u1")
    expect(page.get_by_role("link", name="Back to item")).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_url(address)


def test_the_list_of_a_queue_is_filtered_in_place(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    """1. Words and Enter: one row, told aloud, the field keeps words and focus, the address has none of them. 2. By source.
    3. Show all."""
    stage.line_up(3, version=fraud)
    page = page_for(cast.ana)
    page.goto("/queues/scams-spam")
    rows = page.get_by_role("region", name="Items").get_by_role("row")
    expect(rows).to_have_count(4)
    words = page.get_by_label("Words or id")
    words.fill("number 1")
    words.press("Enter")
    expect(rows).to_have_count(2)
    expect(page.get_by_role("status").filter(has_text="1 item on this page fits.")).to_be_visible()
    expect(words).to_be_focused()
    assert words.input_value() == "number 1" and page.url.endswith("/queues/scams-spam")
    words.fill("")
    page.get_by_label("Order").select_option("Oldest first")
    page.get_by_role("button", name="Filter").click()
    expect(rows).to_have_count(4)
    page.wait_for_url("**/queues/scams-spam?order=oldest")
    page.get_by_label("Reports").select_option("Only reported")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("heading", name="Nothing here fits")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(rows).to_have_count(4)


def test_the_changed_action_goes_with_confirm(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    """1. The form starts with the reason that is usual for a section, until one is chosen. 2. `x`, then the digit of Limit,
    Enter. 3. The line above Confirm says it. 4. `c` confirms with it."""
    first, second, *_ = [each.code for each in fraud.sections.all()]
    usual = {first: ("", "quoted_speech"), second: ("", "policy_unclear")}
    actions.save_usual(policy="fraud", usual=usual, person=cast.ad)
    stage.line_up(1, version=fraud)
    page = page_for(cast.ana)
    start(page)
    page.keyboard.press("1")
    expect(page.get_by_role("radio", name="Quoted or reported speech")).to_be_checked()
    page.keyboard.press("Shift+Digit1")
    page.keyboard.press("2")
    expect(page.get_by_role("radio", name="Exception applies")).to_be_checked()
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("Limit")
    press(page, "c")
    made = Decision.objects.get()
    assert made.actions[0]["code"] == "limit" and made.calls.get().call == "agreed"
    assert actions.expire_claims() == 0
