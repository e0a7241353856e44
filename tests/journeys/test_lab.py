"""The loop of a policy in a real browser: from an override to a published version, and a re-run that is killed halfway."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from reviewapp.accounts.models import Person
from reviewapp.intake.models import Item
from reviewapp.lab import actions
from reviewapp.lab.models import Study
from reviewapp.lab.selection import Wish
from reviewapp.policies.models import Case, Version
from reviewapp.review.models import Decision, Queue, Task
from reviewapp.screening.models import Circuit, CurrentVerdict
from tests import loop, servers
from tests.cast import Cast
from tests.conftest import _session_cookie
from tests.faults.crew import Crew
from tests.rooms.lab import stage
from tests.rooms.review.stage import tell
from tests.rooms.screening import desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
SAID = "Check out my channel for the recording of our school concert, my link is in my profile"
EXAMPLE = "- Check out our channel for the recording of the school concert, the link is in our profile\n"
NEEDED = "- Nice video! Check out my channel for daily music, link in my profile\n"
BEFORE = "- I sell handmade lamps"
AFTER = "- Reposting my question because the first thread was closed\n"
ONCE = "- Window cleaning service from 12 an hour, call 555-0174\n"
DEMO = ("entry-4149", "entry-4261", "comment-4107", "comment-4233", "entry-4268", "post-4114")


@contextmanager
def pages(browser: "Browser", address: str) -> Iterator[Callable[[Person], Page]]:
    """Pages signed in as somebody, on a house of the test's own."""
    contexts: list[Any] = []

    def open_page(person: Person) -> Page:
        context = browser.new_context(base_url=address)
        contexts.append(context)
        context.add_cookies([_session_cookie(person, address)])
        page: Page = context.new_page()
        page.set_default_timeout(20_000)
        return page

    try:
        yield open_page
    finally:
        for context in contexts:
            context.close()


def send(house: loop.House, name: str) -> None:
    item = {
        "external_id": name, "source": "forum", "content": {"text": SAID}, "policies": ["spam"],
        "flags": [{"kind": "user_report", "reason": "spam", "reporter_id": "u9"}],
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {house.key}"}
    answer = httpx.post(f"{house.address}/api/v1/items", json=item, headers=headers, trust_env=False)
    assert answer.status_code == 202, answer.text


def judged(name: str) -> CurrentVerdict | None:
    return CurrentVerdict.objects.filter(item__external_id=name).select_related("verdict__version").first()


def edit(page: Page, *changes: tuple[str, str]) -> None:
    """Change the text in the editor and save it."""
    page.goto("/policies/spam/draft")
    field = page.locator("#source")
    text = field.input_value()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    field.fill(text)
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()


def run_gate(page: Page, outcome: str) -> None:
    page.goto("/policies/spam/draft")
    page.get_by_role("button", name="Run gate").click()
    page.wait_for_url("**/gates/*")
    expect(page.get_by_role("status").filter(has_text=outcome).first).to_be_visible(timeout=60_000)


def test_from_an_override_to_the_version_that_judges_right(
    db: str, store: str, cast: Cast, tmp_path: Path, browser: "Browser"
) -> None:
    """1. Ana overrides a verdict. 2. Bo makes a case of it. 3. His first edit breaks another case: the gate names it.
    4. He mends it and the gate passes. 5. Bo proposes, Cy approves and publishes. 6. The same text is judged right."""
    with loop.running_house(db, tmp_path) as house, pages(browser, house.address) as page_for:
        Queue.objects.update(blind_percent=0)
        send(house, "post-1")
        assert loop.wait_until(lambda: Task.objects.filter(state="waiting").exists(), seconds=60)
        first = judged("post-1")
        assert first is not None and first.verdict.label == "violates"

        ana = page_for(cast.ana)
        ana.goto(f"/queues/{Task.objects.get().queue.slug}/next")
        ana.get_by_role("button", name="Start").click()
        ana.wait_for_url("**/review/*")
        ana.wait_for_timeout(800)
        ana.keyboard.press("0")
        ana.keyboard.press("n")
        ana.keyboard.type("They show their own concert.")
        ana.get_by_role("button", name="Save override").click()
        assert loop.wait_until(lambda: Decision.objects.exists(), seconds=20)
        tell("review_decision", "release_at = now()", Decision.objects.get().pk)

        bo = page_for(cast.bo)
        bo.goto("/policies/spam/draft")
        bo.get_by_role("button", name="Start a draft").click()
        bo.goto("/disagreements/")
        expect(bo.get_by_text("They show their own concert.")).to_be_visible()
        bo.get_by_role("button", name="Make cases").click()
        expect(bo.get_by_text("Done", exact=True)).to_be_visible()
        assert Case.objects.get(origin_item__isnull=False).expect == "allowed"

        edit(bo, (NEEDED, ""), (BEFORE, EXAMPLE + BEFORE))
        run_gate(bo, "Cannot be published")
        told = bo.get_by_role("status").filter(has_text="Cannot be published").inner_text()
        assert "SP-C2" in told and "SP-1.1" in told

        edit(bo, ("Violating examples:\n", "Violating examples:\n" + NEEDED))
        run_gate(bo, "Gate passed")
        bo.goto("/policies/spam/draft")
        bo.get_by_label("Change note").fill("A recording of one's own concert is no promotion.")
        with bo.expect_navigation():
            bo.get_by_role("button", name="Propose").click()

        cy = page_for(cast.cy)
        cy.goto("/policies/spam/draft")
        with cy.expect_navigation():
            cy.get_by_role("button", name="Approve").click()
        cy.get_by_role("button", name="Publish").click()
        assert loop.wait_until(
            lambda: Version.objects.filter(number=2, state="published").exists(), seconds=10
        )

        send(house, "post-2")
        assert loop.wait_until(lambda: judged("post-2") is not None, seconds=60)
        again = judged("post-2")
        assert again is not None and again.verdict.version.number == 2
        assert again.verdict.label == "allowed", "the same content is judged right now"
        assert Item.objects.get(external_id="post-1").state == "decided"


def demo_items(house: loop.House) -> None:
    """A few of the items that a first look shows."""
    lines = (settings.BASE_DIR / "reviewapp/intake/demo/items.jsonl").read_text(encoding="utf-8").splitlines()
    items = [item for item in map(json.loads, lines) if item["external_id"] in DEMO]
    assert len(items) == len(DEMO)
    headers = {"Authorization": f"Bearer {house.key}"}
    answer = httpx.post(
        f"{house.address}/api/v1/items", json={"items": items}, headers=headers, trust_env=False
    )
    assert answer.status_code == 202, answer.text


def next_step(page: Page) -> str:
    """The word of the step that the draft's page marks as the next one."""
    return page.get_by_label("From here into force").locator("[aria-current=step] b").inner_text()


def test_a_writer_who_never_saw_the_tool_brings_a_change_into_force_with_a_second_person(
    db: str, store: str, cast: Cast, tmp_path: Path, browser: "Browser"
) -> None:
    """Nobody types an address: each step follows from what the page before it says.

    1. Bo comes in, opens Policies, a policy, and starts a draft; the page says what comes first. 2. He types one line;
    the page marks the gate as the next step. 3. Before it he follows "See what flips": nobody has decided an item, and
    the page says what he will see then. Two demo items flip. 4. Back at the draft he runs the gate; it passes and says
    what comes next. 5. Propose without a note says what is missing and loses nothing; with one it is proposed, and the
    page names who has to approve. 6. Cy has a notice that leads her there; she approves and publishes. 7. Bo is told.
    """
    with loop.running_house(db, tmp_path) as house, pages(browser, house.address) as page_for:
        Queue.objects.update(blind_percent=0)
        demo_items(house)
        assert loop.wait_until(lambda: Task.objects.filter(state="waiting").count() >= 4, seconds=60)

        bo = page_for(cast.bo)
        bo.goto("/")
        bo.get_by_role("link", name="Policies").click()
        expect(bo.get_by_text("To change one, open it and start a draft.")).to_be_visible()
        bo.get_by_role("link", name="Spam and platform manipulation").click()
        bo.get_by_role("button", name="Start a draft").click()
        assert next_step(bo) == "Write"
        field = bo.get_by_label("Policy text", exact=True)
        text = field.input_value()
        assert AFTER in text
        field.fill(text.replace(AFTER, AFTER + ONCE))
        assert loop.wait_until(lambda: ONCE in Version.objects.get(number=2).source, seconds=20)

        bo.get_by_role("link", name="See what flips").click()
        expect(bo.get_by_text("People have decided no such item yet")).to_be_visible()
        bo.get_by_role("button", name="Start the re-run").click()
        expect(bo.get_by_text("v2 judges 2 of")).to_be_visible(timeout=60_000)
        flip = bo.locator("details.flip").filter(has_text="Posting this in every group again!")
        expect(flip).to_contain_text("v1 said")
        expect(flip).to_contain_text("no person yet")
        bo.get_by_role("link", name="Back to the draft").click()
        assert next_step(bo) == "Run the gate"

        bo.get_by_role("link", name="Run the gate").click()
        bo.get_by_role("button", name="Run gate").click()
        told = bo.get_by_role("status").filter(has_text="Gate passed").first
        expect(told).to_contain_text("write in the change note", timeout=60_000)
        bo.get_by_role("link", name="Open the draft").click()
        assert next_step(bo) == "Propose"
        bo.get_by_role("button", name="Propose").click()
        expect(bo.get_by_role("alert")).to_contain_text("Say in the change note what changes and why")
        expect(field).to_have_value(re.compile("Window cleaning service from 12 an hour, call 555-0174"))
        bo.get_by_label("Change note").fill("Neighbours may offer a service.")
        bo.get_by_role("button", name="Propose").click()
        expect(bo.get_by_role("heading", level=1)).to_have_text("Proposed v2")
        assert next_step(bo) == "Second person"
        expect(bo.get_by_label("From here into force")).to_contain_text(str(cast.cy))

        cy = page_for(cast.cy)
        cy.goto("/")
        cy.get_by_role("link", name="Notices, 1 new").click()
        cy.get_by_role("button", name="Bo proposed a version of a policy").click()
        expect(cy.locator("#changes td ins")).to_contain_text("Window cleaning service")
        cy.get_by_role("button", name="Approve").click()
        cy.get_by_role("button", name="Publish").click()
        expect(cy.locator(".page-head .badge").first).to_contain_text("Published v2")

        bo.get_by_role("link", name="Policies").first.click()
        bo.get_by_role("link", name="Notices, 1 new").click()
        expect(bo.get_by_role("button", name="Cy approved your version")).to_be_visible()
        assert Version.objects.get(number=2, policy__slug="spam").state == "published"


@pytest.mark.fault
def test_a_re_run_killed_halfway_and_resumed_has_equal_totals(
    db: str, store: str, cast: Cast, tmp_path: Path, browser: "Browser"
) -> None:
    """1. An undisturbed re-run over 60 past items. 2. Bo starts another in the browser. 3. Pump and sweeper die halfway.
    4. They come back; he sees it end. 5. Both have the same totals, and the page's sum is the number of items."""
    published, draft = stage.draft(cast)
    texts = [row.text for row in Case.objects.filter(policy=published.policy_id).order_by("code")]
    for number in range(60):
        text = f"{texts[number % len(texts)]} {number}"
        stage.decide(cast, published, text, said="violates" if number % 3 else "allowed", person="allowed" if number % 5 else "violates")  # fmt: skip
    crew = Crew(tmp_path, servers.environment(db, tmp_path, {"REDIS_URL": settings.REDIS_URL}))
    try:
        crew.start("reasoner", "web", "reason", "sweeper")
        # Until the pump has said who the engine is, old verdicts would count as its own.
        assert loop.wait_until(lambda: Circuit.objects.exclude(engine__signature="sig").exists(), seconds=60)
        quiet = actions.start_backtest(
            version=draft.pk, wish=Wish(passed=0, closed=0), intended=(), person=cast.bo
        )
        assert loop.wait_until(lambda: Study.objects.get(pk=quiet).state == "done", seconds=90)
        with pages(browser, crew.address) as page_for:
            page = page_for(cast.bo)
            page.goto(f"/lab/drafts/{draft.pk}/backtest?passed=0&closed=0")
            expect(page.get_by_text("Calls", exact=True)).to_be_visible()
            page.get_by_role("button", name="Start the re-run").click()
            page.wait_for_url("**/backtests/*")
            loud = Study.objects.exclude(pk=quiet).get()
            assert loop.wait_until(lambda: Study.objects.get(pk=loud.pk).asked > 0, seconds=30)
            crew.kill("reason")
            crew.kill("sweeper")
            time.sleep(1)
            halfway = Study.objects.get(pk=loud.pk)
            assert halfway.state == "running" and halfway.answered < halfway.total
            page.goto(f"/backtests/{loud.pk}")
            expect(page.get_by_role("heading", name="Running")).to_be_visible()
            # What the dead pump held comes back when its lease lapses; the test does not wait for it.
            desk.execute("UPDATE screening_judgement SET lease_until = now() WHERE state = 'leased'")
            crew.start("reason", "sweeper")
            expect(page.get_by_role("heading", name="Running")).to_have_count(0, timeout=120_000)
            groups = [(Study.objects.get(pk=key).report or {})["groups"] for key in (quiet, loud.pk)]
            assert groups[0] == groups[1] and sum(groups[0].values()) == 60
            expect(page.get_by_text("= 60", exact=False)).to_be_visible()
    finally:
        crew.end()
