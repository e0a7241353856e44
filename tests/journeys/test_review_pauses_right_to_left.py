"""What stops or eases a day at the desk, in the made-up language that runs from right to left."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from reviewapp.accounts import actions as accounts
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Decision, Task
from tests import pseudo
from tests.cast import Cast
from tests.journeys.test_review import INERT, press
from tests.journeys.test_review_day import unused
from tests.journeys.test_review_right_to_left import Look
from tests.rooms.review import stage
from tests.rooms.review.test_consequences import severe
from tests.translation_engine import answering

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
ARABIC = "أرسل الرمز الآن."
LATIN = "77 — 88."


@pytest.fixture
def web_settings(pseudo_folder: Path) -> Iterator[dict[str, str]]:
    """The web server knows the made-up language, and an engine that translates."""
    with answering({"translatedText": LATIN, "detectedLanguage": {"language": "ar"}}) as engine:
        yield {"LANGUAGE_FOLDERS": str(pseudo_folder), "TRANSLATION_URL": engine.url}


def test_a_second_person_and_a_spent_limit_run_from_right_to_left(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. Ana's severe call waits for a second person. 2. `c` confirms it. 3. That was Mo's limit: nothing heavy comes any more."""
    severe(fraud, cast.ana)
    accounts.set_preferences(person=cast.mo.pk, changes={"exposure_cap": 1})
    page, look = opened(page_for, cast.mo, fraud)
    begin(page)
    look.at("a second person's call")
    press(page, "c")
    assert Decision.objects.filter(kind="second").count() == 1
    heavy(fraud)
    page.goto("/queues/scams-spam/next")
    page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_be_visible()
    look.at("a spent limit")
    assert not look.wrong, "\n".join(look.wrong)


def test_a_claim_that_ended_a_translation_and_a_break_run_from_right_to_left(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """1. `t` translates. 2. The lease ends and somebody else takes the item: `c` is refused. 3. A minute of work later the next item
    comes with the offer of a break. 4. It is taken."""
    for text in (ARABIC, "Another.", "A third."):
        stage.say(stage.wait_for_a_person(text, detected="ar"), fraud)
    actions.admit()
    accounts.set_preferences(person=cast.ana.pk, changes={"break_minutes": 1})
    page, look = opened(page_for, cast.ana, fraud)
    page.clock.install()
    begin(page)
    page.keyboard.press("t")
    expect(page.locator("#translation")).to_contain_text(LATIN)
    look.at("a translation")
    task = Task.objects.get(claimed_by=cast.ana, reserved=False)
    stage.tell("review_task", "lease_until = now() - interval '1 second'", task.pk)
    actions.expire_claims()
    actions.claim_item(item=task.item_id, person=cast.mo)
    press(page, "c")
    expect(page.get_by_role("alert")).to_be_visible()
    look.at("a claim that ended")
    begin(page)
    for _ in range(5):
        page.keyboard.press("v")
        page.clock.run_for(14_000)
    press(page, "s")
    look.at("the offer of a break")
    page.locator("form[action='/shift/break'] button").click()
    expect(page.locator(".page-head")).to_be_visible()
    look.at("a break")
    assert not look.wrong, "\n".join(look.wrong)
    assert Task.objects.filter(claimed_by=cast.ana).count() == 0


def test_the_warning_before_signing_out_and_its_cover_run_from_right_to_left(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    stage.line_up(1, version=fraud)
    page, look = opened(page_for, cast.ana, fraud)
    page.clock.install()
    begin(page)
    unused(1_770)
    page.clock.fast_forward(1_770_000)
    expect(page.locator("#idle-warning")).to_be_visible()
    look.at("the warning")
    unused(1_801)
    page.clock.fast_forward(1_801_000)
    expect(page.locator("#idle-lock")).to_be_visible()
    look.at("the cover")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#lock-problem")).not_to_be_empty()
    look.at("a wrong password")
    assert not look.wrong, "\n".join(look.wrong)


def opened(page_for: OpenPage, person: object, version: Version) -> tuple[Page, Look]:
    page = page_for(person, locale=pseudo.CODE, reduced_motion="reduce")
    return page, Look(page, version)


def begin(page: Page) -> None:
    page.goto("/queues/scams-spam/next")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/*")
    page.wait_for_timeout(INERT)


def heavy(version: Version) -> UUID:
    item = stage.wait_for_a_person("Heavy.")
    stage.say(item, version, sections=[version.sections.filter(severity=4)[0].code])
    actions.admit()
    return item
