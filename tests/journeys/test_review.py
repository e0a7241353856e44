"""Reviewing in a real browser, by keyboard: two keys an item, an override, an undo, two people on one item."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from reviewapp.intake.models import ItemContent
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Decision, Task
from reviewapp.review.rules import LEASE_SECONDS
from tests.bench.keyboard import PAGE_BYTES, decide_by_keys
from tests.cast import Cast
from tests.rooms.review import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
INERT = 750


def start(page: Page, queue: str = "scams-spam") -> None:
    page.goto(f"/queues/{queue}/next")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/review/*")
    page.wait_for_timeout(INERT)


def label(page: Page) -> Any:
    return page.get_by_role("region", name="Verdict").get_by_role("heading", level=2).first


def item(page: Page) -> Any:
    return page.get_by_role("region", name="Item")


def press(page: Page, *keys: str) -> None:
    """Press keys and wait for the answer they cause, and until Confirm counts again."""
    with page.expect_response(
        lambda answer: (
            answer.request.method == "POST"
            and "/re" not in f"/{answer.url.rsplit('/', 1)[1]}"
            and not answer.url.endswith(("/draft", "/leave"))
        )
    ):
        for key in keys:
            page.keyboard.press(key)
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    page.wait_for_timeout(INERT)


def press_at_the_swap(page: Page, key: str) -> None:
    """Have `key` pressed at the very moment when the next answer has taken its place on the screen."""
    page.evaluate(
        "key => document.addEventListener('htmx:afterSettle', () => document.body.dispatchEvent("
        "new KeyboardEvent('keydown', {key, bubbles: true})), {once: true})",
        key,
    )


def test_a_robot_decides_ten_items_by_keys_alone(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    """1. Tab to Start. 2. Agree and disagree in turns. 3. Both cost the same keys ± 1; nothing jumps; pages are small."""
    stage.line_up(10, version=fraud)
    page = page_for(cast.ana)
    work = decide_by_keys(page, 10)
    expect(page.get_by_role("heading", name="Nothing waits here")).to_be_visible()
    assert Decision.objects.filter(automation="partially", label="violates").count() == 5
    assert Decision.objects.filter(automation="not", label="allowed").count() == 5
    assert {each: max(keys) for each, keys in work.keys.items()} == {"agree": 1, "disagree": 2}
    assert work.shift == 0.0, work.shifted
    assert max(work.bytes) <= PAGE_BYTES


def test_nothing_moves_while_a_slow_machine_draws_the_page(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. The processor is sixteen times slower. 2. The review screen is opened four times: no part of it is drawn elsewhere first."""
    stage.line_up(1, version=fraud)
    page = page_for(cast.ana)
    page.add_init_script(
        "window.moved = []; new PerformanceObserver((list) => { for (const each of list.getEntries())"
        " for (const source of each.sources) moved.push(source.node?.parentNode?.outerHTML.slice(0, 80)); })"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    start(page)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 16})
    for _ in range(4):
        page.reload()
        page.wait_for_timeout(INERT)
        assert page.evaluate("moved") == []


def test_the_first_heading_says_the_label_and_confirm_is_off_without_one(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    stage.line_up(1)
    page = page_for(cast.ana)
    start(page, "everything-else")
    expect(label(page)).to_have_text("No machine verdict")
    expect(page.get_by_role("button", name="Confirm")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("c")
    press(page, "0", "Enter")
    made = Decision.objects.get()
    assert made.label == "allowed" and not made.calls.exists()


def test_undo_brings_the_item_back_with_its_form(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    first, second = stage.line_up(2, version=fraud)
    page = page_for(cast.ana)
    start(page)
    page.keyboard.press("0")
    page.keyboard.press("n")
    page.keyboard.type("It is a quotation.")
    page.get_by_role("button", name="Save override").click()
    expect(item(page)).to_contain_text("Number 1.")
    press(page, "u")
    expect(item(page)).to_contain_text("Number 0.")
    assert page.url.endswith(str(first))
    expect(page.get_by_label("Note for the policy writer")).to_have_value("It is a quotation.")
    expect(page.get_by_role("radio", name="Allowed", exact=False).last).to_be_checked()
    assert Task.objects.get(item=second).reserved
    press(page, "Enter")
    assert Decision.objects.filter(item=first, label="allowed", replaced_by=None).count() == 1


def test_two_browsers_one_task_the_loser_keeps_the_words(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    stage.line_up(1, version=fraud)
    loser, winner = page_for(cast.ana), page_for(cast.mo)
    start(loser)
    loser.keyboard.press("1")
    loser.keyboard.press("n")
    loser.keyboard.type("Typed with care")
    stage.tell("review_task", "lease_until = now() - interval '1 second'", Task.objects.get().pk)
    actions.expire_claims()
    start(winner)
    press(winner, "c")
    loser.get_by_role("button", name="Save override").click()
    expect(loser.get_by_role("alert")).to_contain_text("already decided")
    expect(loser.get_by_label("Note for the policy writer")).to_have_value("Typed with care")
    expect(loser.get_by_role("link", name="Open the decision").first).to_be_visible()
    assert Decision.objects.count() == 1


def test_after_a_lapsed_lease_the_item_is_claimed_again_with_the_words(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    stage.line_up(1, version=fraud)
    page = page_for(cast.ana)
    start(page)
    page.keyboard.press("0")
    page.keyboard.press("n")
    page.keyboard.type("Still mine")
    stage.tell("review_task", "lease_until = now() - interval '1 second'", Task.objects.get().pk)
    actions.expire_claims()
    page.get_by_role("button", name="Save override").click()
    page.get_by_role("button", name="Claim it again").click()
    expect(page.get_by_role("button", name="Save override")).to_be_visible()
    expect(page.get_by_label("Note for the policy writer")).to_have_value("Still mine")
    page.get_by_role("button", name="Save override").click()
    expect(page.get_by_role("heading", name="Nothing waits here")).to_be_visible()
    assert Decision.objects.get().reason == "Still mine"


def test_confirm_is_deaf_to_repeats_and_for_a_moment_after_the_swap(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    stage.line_up(3, version=fraud)
    page = page_for(cast.ana)
    start(page)
    press_at_the_swap(page, "c")
    for _ in range(3):
        page.keyboard.down("c")
    page.keyboard.up("c")
    expect(item(page)).to_contain_text("Number 1.")
    page.wait_for_timeout(INERT)
    assert Decision.objects.count() == 1


def test_keys_are_off_while_typing_and_bound_to_the_place_on_other_layouts(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    stage.line_up(2, version=fraud)
    page = page_for(cast.ana)
    start(page)
    page.keyboard.press("n")
    page.keyboard.type("cs")
    page.keyboard.press("Escape")
    assert not Decision.objects.exists()
    with page.expect_response("**/confirm"):
        page.evaluate(
            "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'с', code: 'KeyC', bubbles: true}))"
        )
    assert Decision.objects.count() == 1


def test_a_late_verdict_fills_its_own_place_and_nothing_else(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    waiting = stage.wait_for_a_person("Send the code now.")
    stage.ask(waiting, fraud)
    actions.admit()
    page = page_for(cast.ana)
    start(page, "everything-else")
    page.keyboard.press("n")
    page.keyboard.type("My own words")
    stage.say(waiting, fraud)
    expect(label(page)).to_have_text("Violates")
    expect(page.get_by_label("Note for the policy writer")).to_have_value("My own words")
    page.keyboard.press("Escape")
    page.wait_for_timeout(INERT)
    press(page, "c")
    assert Decision.objects.get().automation == "partially"


def test_skip_restrict_and_the_marks(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    first, second = stage.line_up(2, version=fraud)
    ItemContent.objects.filter(item=first).update(
        text="Send the code now. You bitch, you whore.",
        attachments=[{"url": "https://img.example/a.png", "media_type": "image/png"}],
    )
    page = page_for(cast.ana)
    start(page)
    look_closer(page)
    mark = item(page).locator("mark.ev").first
    assert (
        mark.evaluate(
            "node => getComputedStyle(node).textDecorationLine + getComputedStyle(node).borderBottomStyle"
        )
        != "nonenone"
    )
    page.keyboard.press("v")
    expect(page.get_by_role("button", name="Evidence marks")).to_have_attribute("aria-pressed", "false")
    press(page, "s")
    expect(item(page)).to_contain_text("Number 1.")
    page.keyboard.press("r")
    page.get_by_label("Reference").fill("case 7/2026")
    page.keyboard.press("Enter")
    assert not Task.objects.filter(state="withdrawn").exists()
    page.get_by_role("dialog").get_by_role("button", name="Restrict").click()
    expect(page.get_by_role("heading", name="Nothing else for you here")).to_be_visible()
    assert (
        Task.objects.get(item=second).state == "withdrawn" and Task.objects.get(item=first).skips.count() == 1
    )


def look_closer(page: Page) -> None:
    """`w` and ⇧`w` reveal, `t` says why there is no translation, `p` opens the attachment as text, `m` makes a case, `?` lists
    the keys; nothing is decided."""
    expect(item(page)).not_to_contain_text("bitch")
    page.keyboard.press("w")
    expect(item(page)).to_contain_text("You bitch, you insult · 5 letters.")
    page.keyboard.press("Shift+W")
    expect(item(page)).to_contain_text("You bitch, you whore.")
    page.keyboard.press("t")
    expect(page.get_by_role("alert")).to_contain_text("No translation engine is set here")
    page.keyboard.press("p")
    expect(item(page)).to_contain_text("image/png from img.example")
    assert page.evaluate("document.activeElement.matches('.attach summary')")
    page.keyboard.press("m")
    expect(page.get_by_label("Section that it tests")).to_be_focused()
    page.get_by_label("What makes it a good test").fill("c")
    page.get_by_role("button", name="Suggest case").click()
    expect(page.locator("#make-case [role=status]")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard help")).to_contain_text("Evidence marks")
    page.keyboard.press("Escape")
    assert not Decision.objects.exists()


def test_the_lease_is_seen_and_renewed_by_working(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    stage.line_up(1, version=fraud)
    page = page_for(cast.ana)
    page.clock.install()
    page.goto("/queues/scams-spam/next")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/review/*")
    page.clock.run_for(30_000)
    expect(page.locator("#lease")).to_contain_text("4:")
    before = Task.objects.get().lease_until
    with page.expect_response("**/renew"):
        page.keyboard.press("v")
    after = Task.objects.get().lease_until
    assert before and after and after > before
    expect(page.locator("#lease")).to_contain_text(f"{LEASE_SECONDS // 60 - 1}:5")


def test_a_reload_and_a_tab_that_is_seen_again_keep_the_whole_lease(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. The old page says that it was left after the new one was made. 2. Two seconds later the new one asks for its time."""
    stage.line_up(1, version=fraud)
    page = page_for(cast.ana)
    start(page)
    page.clock.install(time=0)
    page.clock.pause_at(1_000)
    page.reload()
    task = Task.objects.get()
    for happens in (
        lambda: page.clock.run_for(2_100),
        lambda: page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"),
    ):
        stage.tell("review_task", "lease_until = now() + interval '30 seconds'", task.pk)
        with page.expect_response("**/renew"):
            happens()
        task.refresh_from_db()
        assert task.lease_until and task.lease_until - timezone.now() > timedelta(seconds=LEASE_SECONDS - 60)


def test_everything_works_without_scripts(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    stage.line_up(3, version=fraud)
    page = page_for(cast.ana, java_script_enabled=False)
    page.goto("/")
    page.get_by_role("button", name="Start Scams and spam").click()
    page.get_by_role("button", name="Confirm").click()
    expect(item(page)).to_contain_text("Number 1.")
    page.get_by_role("button", name="Undo").click()
    expect(item(page)).to_contain_text("Number 0.")
    page.get_by_role("button", name="Override").click()
    page.get_by_label("Allowed", exact=False).last.check()
    page.get_by_role("button", name="Save override").click()
    expect(item(page)).to_contain_text("Number 1.")
    page.get_by_role("button", name="Skip").first.click()
    expect(item(page)).to_contain_text("Number 2.")
    assert Decision.objects.filter(label="allowed").count() == 1
