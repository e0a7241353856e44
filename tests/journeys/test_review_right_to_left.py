"""The review desk in the made-up language that runs from right to left, by keyboard alone."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.clock import database_time
from reviewapp.intake.models import Author, Flag, Item, ItemContent, Source
from reviewapp.policies.actions import import_policy
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Decision, Escalation, Queue, Task
from tests import pseudo
from tests.cast import Cast
from tests.journeys.test_accessibility import AXE, problems_of
from tests.journeys.test_review import INERT, press
from tests.journeys.test_right_to_left import too_wide
from tests.rooms.review import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


@pytest.fixture
def web_settings(pseudo_folder: Path) -> dict[str, str]:
    """The web server knows the made-up language."""
    return {"LANGUAGE_FOLDERS": str(pseudo_folder)}


class Look:
    """Reads every state of a page, and keeps what is wrong with it, so that one run names all of it."""

    def __init__(self, page: Page, version: Version) -> None:
        self.page = page
        self.known = [each.code for each in version.sections.all()]
        self.wrong: list[str] = []

    def at(self, state: str) -> None:
        """What is not translated, whether it is wider than a phone, and what axe finds."""
        expect(self.page.locator(".htmx-request")).to_have_count(0)
        self.page.evaluate(AXE)
        found = pseudo.untranslated(self.page, self.known) + too_wide(self.page)
        self.wrong += [f"{state}: {each}" for each in found + problems_of(self.page, "desk")]


def rich(item: UUID) -> None:
    """Give an item all that the screen can show around one: masks, an attachment, a thread, flags, an author."""
    source = Source.objects.get(name="forum")
    author = Author.objects.create(source=source, external_id="u1", name="Somebody")
    Item.objects.filter(pk=item).update(author=author, language="en")
    ItemContent.objects.filter(item=item).update(
        text="Send the code now. You bitch, you whore.",
        attachments=[{"url": "https://img.example/a.png", "media_type": "image/png"}],
        context=[{"role": "parent", "author_id": "u1", "text": "Earlier words."}],
    )
    Flag.objects.create(item_id=item, kind="user_report", reason="Rude.", digest=b"d" * 32)


def test_a_day_at_the_desk_runs_from_right_to_left(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    """1. Enter starts. 2. `w` `p` `i` `t` look closer, `?` lists the keys. 3. `x` changes the action. 4. `c` confirms, and
    the call can be undone for a while. 5. `u` takes it back. 6. `0` and a note override. 7. `h` holds. 8. `a` hands over.
    9. `e` escalates. 10. `r` restricts. 11. `s` skips the last one."""
    first, *_ = stage.line_up(6, version=fraud)
    Queue.objects.update(undo_seconds=300)
    rich(first)
    page = page_for(cast.sam, locale=pseudo.CODE, reduced_motion="reduce")
    look = Look(page, fraud)
    page.goto("/queues/scams-spam/next")
    look.at("before the start")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/*")
    look.at("an item")
    for key in "wpit":
        page.keyboard.press(key)
    expect(page.get_by_role("alert")).to_be_visible()
    look.at("closer")
    _dialog(page, look, "?", "key-help")
    page.keyboard.press("Escape")
    _dialog(page, look, "x", "change-action")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    look.at("another action")
    press(page, "c")
    expect(page.locator("[data-undo]")).to_be_visible()
    look.at("a call that can be undone")
    press(page, "u")
    look.at("a call taken back")
    page.keyboard.press("0")
    page.keyboard.press("n")
    page.keyboard.type("It is a quotation.")
    look.at("the form")
    _tab_to(page, "[data-save]")
    press(page, "Enter")
    _dialog(page, look, "h", "hold")
    press(page, "Enter")
    _dialog(page, look, "a", "hand-over")
    page.keyboard.press("3")
    page.locator("#hand-why").select_option("expertise")
    _tab_to(page, "#hand-over .primary")
    press(page, "Enter")
    _dialog(page, look, "e", "escalate")
    press(page, "1", "Enter")
    _dialog(page, look, "r", "restrict")
    page.keyboard.type("case 7/2026")
    _tab_to(page, "#restrict .danger")
    with page.expect_response("**/restrict"):
        page.keyboard.press("Enter")
    page.wait_for_timeout(INERT)
    press(page, "s")
    look.at("nothing left")
    page.goto("/")
    look.at("one's queues")
    assert not look.wrong, "\n".join(look.wrong)
    assert Escalation.objects.count() == 1 and Decision.objects.filter(label="allowed").count() == 1
    assert sorted(Task.objects.values_list("state", flat=True)).count("held") == 1


def _dialog(page: Page, look: Look, key: str, name: str) -> None:
    page.keyboard.press(key)
    expect(page.locator(f"#{name}")).to_be_visible()
    look.at(name)


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"No way by Tab to {selector}")


def test_a_blind_call_runs_from_right_to_left(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    """1. The verdict is hidden. 2. `0` Enter calls it allowed. 3. Both are shown; Enter keeps the call."""
    stage.line_up(2, version=fraud)
    Task.objects.update(blind=True)
    page = page_for(cast.ana, locale=pseudo.CODE, reduced_motion="reduce")
    look = Look(page, fraud)
    page.goto("/queues/scams-spam/next")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/*")
    look.at("before the call")
    page.wait_for_timeout(INERT)
    press(page, "0", "Enter")
    look.at("both calls")
    press(page, "Enter")
    assert not look.wrong, "\n".join(look.wrong)
    assert Decision.objects.get().label == "allowed"


def test_what_else_the_desk_may_say_runs_from_right_to_left(
    cast: Cast, fraud: Version, page_for: OpenPage
) -> None:
    """Open, one after the other, items that are undecided, without a verdict, decided, held, in other hands and escalated;
    then a queue whose policy changed."""
    sam, mo = cast.sam, cast.mo
    decided, held, taken, escalated, waits = stage.line_up(5, version=fraud)
    silent, unsure = (stage.wait_for_a_person(f"An item {number}.") for number in range(2))
    stage.say(unsure, fraud, "unsure")
    actions.admit()
    page = page_for(sam, locale=pseudo.CODE, reduced_motion="reduce")
    look = Look(page, fraud)
    claim = actions.claim_item(item=decided, person=sam)
    actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="allowed", reason="A joke.", person=sam
    )
    _give_back(sam)
    claim = actions.claim_item(item=held, person=sam)
    until = database_time() + timedelta(hours=1)
    actions.hold(
        task=claim.task, epoch=claim.epoch, person=sam, until=until, waits_for="other", note="Later."
    )
    _give_back(sam)
    actions.claim_item(item=taken, person=mo)
    claim = actions.claim_item(item=escalated, person=sam)
    actions.escalate(task=claim.task, epoch=claim.epoch, person=sam, kind="threat_to_life")
    _give_back(sam)
    actions.claim_item(item=escalated, person=sam)
    actions.answer_checklist(
        item=escalated, person=sam, help_sent=True, authority_told=False, reference="7/26"
    )
    for name, item in {
        "escalated": escalated, "decided": decided, "held": held, "taken": taken, "waiting": waits,
        "no verdict": silent, "unsure": unsure,
    }.items():  # fmt: skip
        page.goto(f"/review/{item}")
        look.at(name)
    source = (settings.BASE_DIR / "policies_seed" / "fraud.md").read_text(encoding="utf-8")
    import_policy(source=source.replace("\ntitle: ", "\ntitle: New ", 1), actor=OPERATOR, publish=True)
    other = page_for(cast.ad, locale=pseudo.CODE, reduced_motion="reduce")
    looks = Look(other, fraud)
    other.goto("/queues/scams-spam/next")
    other.keyboard.press("Enter")
    expect(other.locator("#changes")).to_be_visible()
    looks.at("a policy that changed")
    wrong = look.wrong + looks.wrong
    assert not wrong, "\n".join(wrong)


def _give_back(person: Person) -> None:
    for task in Task.objects.filter(claimed_by=person, state="claimed", reserved=False):
        actions.release(task=task.pk, epoch=task.lease_epoch, person=person)
