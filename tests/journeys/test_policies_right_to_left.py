"""The way of a policy, its engine and its prefilter in the made-up language that runs from right to left.

1. Bo types in his draft: findings, sections, what is told while he is offline, and when somebody takes it over.
2. He brings a list of cases, good and bad, and types one that is there already.
3. He tries a text, and runs the gate: first it blocks, then it passes. 4. He proposes; Cy approves, publishes, compares.
5. A re-run, an evaluation of a file with bad rows, and what people disagreed about. 6. The engine fails and is paused.

At every stop no word is left in English, and nothing scrolls sideways on a desk or a phone.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from reviewapp.lab import actions as lab
from reviewapp.lab.selection import Wish
from reviewapp.policies.models import Version
from reviewapp.screening.actions import open_circuit
from reviewapp.screening.models import Judgement
from tests import pseudo
from tests.cast import Cast
from tests.journeys.test_right_to_left import too_wide
from tests.rooms.lab import stage
from tests.rooms.screening import desk

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
DRAFT: Final = "/policies/spam/draft"
NAMES: Final = (
    "engine-1",
    "spam",
    "Ad",
    "Bo",
    "Cy",
    "SP-9.9",
    "It did not work.",
    "Zero width space u+200b",
    "many",
    "perhaps",
    "maybe",
    "dear",
)
"""What sentences name: an engine, a policy, a section, people, a character as Unicode calls it, and what somebody typed or the test made up."""
LIST: Final = (
    b"section,text,expect\nSP-1.1,Buy cheap watches,violates\nSP-9.9,Nothing,allowed\nSP-1.1,,maybe\n"
)
LABELLED: Final = b"text,expect\nCheap followers,violates\nHello,perhaps\n"


class Walk:
    """What every stop is looked at for; problems are told together at the end."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def stop(self, page: Page, name: str) -> None:
        """Look at the page as it stands, folds opened."""
        expect(page.locator(".htmx-request")).to_have_count(0)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        self.found += [f"{name}: {each}" for each in too_wide(page) + pseudo.untranslated(page, NAMES)]


@pytest.fixture
def web_settings(pseudo_folder: Path) -> dict[str, str]:
    """The web server knows the made-up language, and an engine that does not answer."""
    return {"LANGUAGE_FOLDERS": str(pseudo_folder), "REASONER_URL": "http://127.0.0.1:9/v1"}


@pytest.fixture
def walk() -> Iterator[Walk]:
    """A walk; its problems fail the test."""
    walk = Walk()
    yield walk
    assert not walk.found, "\n".join(walk.found)


@pytest.fixture
def draft(cast: Cast, store: str) -> Version:
    """Bo's draft of the second version of spam."""
    return stage.draft(cast)[1]


def test_a_draft_is_written_tried_gated_and_published(
    cast: Cast, draft: Version, walk: Walk, page_for: OpenPage
) -> None:
    bo = page_for(cast.bo, locale=pseudo.CODE)
    for address in ("/policies/", "/policies/new", "/policies/spam/versions/1", DRAFT):
        bo.goto(address)
        walk.stop(bo, address)
    _write(cast, bo, walk, page_for)
    _bring_cases(bo, draft, walk)
    _try(bo, draft, walk)
    _gate(bo, draft, walk)
    _into_force(cast, bo, draft, walk, page_for)


def _write(cast: Cast, bo: Page, walk: Walk, page_for: OpenPage) -> None:
    field = bo.locator("#source")
    before = field.input_value()
    field.fill(field.input_value().replace("severity: 2", "severity: 7", 1) + "\nThis is usually so.\u200b\n")
    expect(bo.locator("#findings .bad")).not_to_have_count(0)
    walk.stop(bo, "findings")
    field.evaluate("(each) => each.setSelectionRange(0, 0)")
    bo.locator("[data-section=up]").click()
    expect(bo.locator("#section-told")).not_to_be_empty()
    bo.context.set_offline(True)
    field.press_sequentially(" ")
    expect(bo.locator("#saved.bad-ink")).not_to_be_empty()
    walk.stop(bo, "offline")
    bo.context.set_offline(False)
    ad = page_for(cast.ad, locale=pseudo.CODE)
    ad.goto(DRAFT)
    walk.stop(ad, "held by somebody")
    ad.locator("form[action$=take-over] button").click()
    expect(ad.locator("#source")).to_be_editable()
    field.press_sequentially("lost ")
    expect(bo.locator(".note.bad a")).to_be_visible()
    walk.stop(bo, "taken over")
    ad.goto("/policies/")
    bo.goto(DRAFT)
    walk.stop(bo, "what was kept")
    field.fill(before)
    bo.locator("form.editgrid button[type=submit]:not([formaction])").click()
    expect(bo.locator("#problems .bad")).to_have_count(0)


def _bring_cases(bo: Page, draft: Version, walk: Walk) -> None:
    address = f"/policies/spam/versions/{draft.number}/cases"
    bo.goto(address)
    bo.locator("#file").set_input_files({"name": "cases.csv", "mimeType": "text/csv", "buffer": LIST})
    bo.locator("form[action$=import] button").click()
    expect(bo.locator(".note[role=status] li")).to_have_count(2)
    walk.stop(bo, "imported cases")
    bo.locator("#text-new").fill("Buy cheap watches")
    bo.locator("form[action$=add] button").click()
    expect(bo.locator(".note.bad")).to_be_visible()
    walk.stop(bo, "a case that is there")
    bo.locator(".case a.mono").first.click()
    walk.stop(bo, "history of a case")


def _try(bo: Page, draft: Version, walk: Walk) -> None:
    bo.goto(DRAFT)
    bo.locator("#try-text").fill("Buy cheap watches")
    bo.locator("#try form button").click()
    expect(bo.locator("#tried .muted")).to_have_count(2)
    walk.stop(bo, "a try under way")
    stage.answer(lambda claim: "violates" if claim.version == draft.pk else "invalid")
    Judgement.objects.filter(state="pending").update(invalids=1)
    stage.answer(lambda claim: "invalid")
    expect(bo.locator("#tried .muted")).to_have_count(0)
    walk.stop(bo, "a try answered")


def _gate(bo: Page, draft: Version, walk: Walk) -> None:
    stage.learn(draft)
    stage.VIOLATING.add("Buy cheap watches")
    bo.goto(DRAFT)
    bo.locator("#draft-gate select").select_option("3")
    bo.locator("#draft-gate button").click()
    bo.wait_for_url("**/gates/*")
    walk.stop(bo, "a gate under way")
    gate = bo.url.rsplit("/", 1)[1]
    stage.run_to_its_end(
        gate, lambda claim: "allowed" if claim.version == draft.pk else stage.as_expected(claim)
    )
    bo.reload()
    walk.stop(bo, "a gate that blocks")
    bo.goto(DRAFT)
    expect(bo.locator("#draft-gate .lint li")).not_to_have_count(0)
    walk.stop(bo, "a draft that is blocked")
    bo.goto(f"/gates/{gate}")
    bo.locator(".page-head form button").click()
    bo.wait_for_url(lambda url: not url.endswith(gate))
    stage.run_to_its_end(bo.url.rsplit("/", 1)[1])
    bo.reload()
    walk.stop(bo, "a gate that passes")
    bo.goto("/lab/")
    walk.stop(bo, "the lab")


def _into_force(cast: Cast, bo: Page, draft: Version, walk: Walk, page_for: OpenPage) -> None:
    bo.goto(DRAFT)
    bo.locator("#note").fill("watches")
    bo.locator("button[formaction$=propose]").click()
    expect(bo.locator("form[action$=take-back]")).to_be_visible()
    walk.stop(bo, "proposed by oneself")
    cy = page_for(cast.cy, locale=pseudo.CODE)
    cy.goto(DRAFT)
    walk.stop(cy, "proposed by another")
    cy.locator("form[action$=approve] button").click()
    expect(cy.locator("form[action$='draft/publish'] button")).to_be_visible()
    walk.stop(cy, "approved")
    cy.locator("form[action$='draft/publish'] button").click()
    cy.goto(f"/policies/spam/versions/{draft.number}")
    walk.stop(cy, "published")
    for layout in ("side", "inline"):
        for text in ("model", "guidance", "public"):
            cy.goto(f"/policies/spam/versions/1/diff/2?layout={layout}&text={text}")
            walk.stop(cy, f"compared, {layout}, {text}")


def test_what_a_draft_would_change_and_how_well_it_agrees(
    cast: Cast, draft: Version, walk: Walk, page_for: OpenPage
) -> None:
    published = Version.objects.get(policy=draft.policy_id, number=1)
    for number in range(3):
        stage.decide(cast, published, f"{number} followers", said="violates", person="allowed")
    bo = page_for(cast.bo, locale=pseudo.CODE)
    bo.goto(f"/lab/drafts/{draft.pk}/backtest?last=many")
    walk.stop(bo, "a re-run with a wrong number")
    run = lab.start_backtest(version=draft.pk, wish=Wish(), intended=(), person=cast.bo)
    bo.goto(f"/backtests/{run}")
    walk.stop(bo, "a re-run under way")
    stage.run_to_its_end(run, lambda claim: "allowed")
    bo.reload()
    walk.stop(bo, "a re-run")
    bo.goto("/disagreements/")
    bo.locator("[name=outcome][value=draft]").click()
    bo.wait_for_url(lambda url: "/disagreements/?" in url)
    walk.stop(bo, "disagreements")
    bo.goto("/lab/evaluations/new")
    bo.locator("#version").select_option(index=1)
    bo.locator("#file").set_input_files({"name": "rows.csv", "mimeType": "text/csv", "buffer": LABELLED})
    bo.locator("main form button[type=submit]").first.click()
    expect(bo.locator(".note.bad li")).to_have_count(1)
    walk.stop(bo, "a file with a bad row")
    bo.locator("#version").select_option(index=1)
    bo.locator("#file").set_input_files({"name": "rows.csv", "mimeType": "text/csv", "buffer": LABELLED})
    bo.locator("[name=leave]").check()
    bo.locator("main form button[type=submit]").first.click()
    bo.wait_for_url("**/evaluations/*-*")
    stage.run_to_its_end(bo.url.rsplit("/", 1)[1], lambda claim: "timeout")
    bo.reload()
    walk.stop(bo, "an evaluation")


def test_the_engine_fails_and_is_paused_and_the_prefilter_is_switched(
    cast: Cast, draft: Version, walk: Walk, page_for: OpenPage
) -> None:
    desk.engine()
    open_circuit(endpoint=0, reason="The engine failed (HTTP 503); it may be restarting.", failures=20)
    ad = page_for(cast.ad, locale=pseudo.CODE)
    for address in ("/engine/", "/engine/0/pause", "/prefilter/"):
        ad.goto(address)
        walk.stop(ad, address)
    ad.locator("[name=sample_percent]").fill("5")
    ad.locator("main form[action='/prefilter/'] button").click()
    expect(ad.locator(".note.good")).to_be_visible()
    walk.stop(ad, "switched")
    ad.goto("/engine/0/pause")
    ad.locator("[name=reason]").fill("أسباب")
    ad.locator("form[action$='0/pause'] button[type=submit]").click()
    ad.wait_for_url("**/engine/")
    walk.stop(ad, "paused")
    ad.locator("[name=price]").fill("dear")
    ad.locator("form[action='/engine/settings'] button").click()
    expect(ad.locator(".note.bad")).to_be_visible()
    walk.stop(ad, "a price that is no number")
