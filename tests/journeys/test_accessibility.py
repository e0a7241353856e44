"""Every screen passes axe (WCAG 2.2 AA) in both themes and at three sizes, and none scrolls sideways."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

import axe_playwright_python
import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from reviewapp.accounts.actions import issue_key
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.intake.models import Author, Item, ItemContent, Source
from reviewapp.policies.models import Case
from reviewapp.review import actions
from reviewapp.review.models import Decision
from reviewapp.webhooks.actions import add_endpoint, send_test
from tests.cast import Cast
from tests.rooms.lab import stage as lab
from tests.rooms.review import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
Screens = dict[str, str]
Theme = Literal["light", "dark"]

SIZES: Final = {"desk": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
_STANDARD: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# A theme changes colours only, so the second one is asked about these alone.
RULES: Final[dict[Theme, Any]] = {
    "light": {"runOnly": {"type": "tag", "values": _STANDARD}, "resultTypes": ["violations"]},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]},
}


@pytest.fixture
def screens(cast: Cast, store: str) -> Screens:
    """The name and one address of each screen, in a house where something has happened."""
    version = stage.publish("fraud")
    first, second, *_ = stage.line_up(4, version=version)
    ItemContent.objects.filter(item__in=[first, second]).update(
        text=f"{stage.TEXT} You bitch.",
        attachments=[{"url": "https://a.example/1.png", "media_type": "image/png"}],
    )
    Item.objects.filter(pk__in=[first, second]).update(likeness=1)
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ad)
    assert claim is not None
    decided = actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="allowed", reason="A joke.", person=cast.ad
    )
    of_the_lab = lab.screens(cast)
    judged = Decision.objects.filter(person=cast.ana).latest("at")
    case = Case.objects.filter(policy__slug="spam").earliest("code")
    stage.wait_for_a_person("Written by somebody.", author=_author())
    endpoint = add_endpoint(name="Hooks", url="https://hooks.example.org/in", events=(), actor=OPERATOR)
    delivery = send_test(endpoint=endpoint.endpoint, actor=OPERATOR)
    issue_key(name="feed", scopes=["ingest"], actor=OPERATOR)
    plain = ("audit", "exports", "members", "keys", "webhooks", "prefilter", "engine", "help", "policies",
        "actions", "routing")  # fmt: skip
    return (
        {"home": "/", **{name: f"/{name}/" for name in plain}}
        | of_the_lab
        | {
            "one's own": "/settings/me",
            "notices": "/settings/notices",
            "care": "/settings/care",
            "one's languages": "/settings/languages",
            "usual actions": "/actions/sections",
            "case of an item": f"/lab/items/{second if decided.item == first else first}/case",
            "one's keys": "/settings/keys",
            "one's calls": "/settings/calls",
            "one's agreement": "/settings/agreement",
            "keys of the review screen": "/help/keys",
            "a page of the manual": "/help/queues",
            "queue": "/queues/scams-spam?view=verdicts",
            "queue members": "/queues/scams-spam/members",
            "claiming": "/queues/scams-spam/next",
            "review": f"/review/{second if decided.item == first else first}",
            "making a case": f"/lab/items/{second if decided.item == first else first}/case",
            "author": "/authors/forum/u1",
            "decision": f"/decisions/{decided.decision}",
            "replacing": f"/decisions/{judged.pk}/replace",
            "new policy": "/policies/new",
            "policy version": "/policies/fraud/versions/1",
            "policy draft": "/policies/spam/draft",
            "policy compared": "/policies/spam/versions/1/diff/2",
            "cases": "/policies/spam/versions/2/cases",
            "history of a case": f"/policies/spam/cases/{case.code}",
            "webhook": f"/webhooks/{endpoint.endpoint}?delivery={delivery}",
            "member": f"/members/{cast.bo.pk}",
        }
    )


def _author() -> Author:
    source, _ = Source.objects.get_or_create(name="forum")
    return Author.objects.create(source=source, external_id="u1", name="Somebody")


def test_no_screen_is_left_out(screens: Screens, cast: Cast, client_for: Callable[[Person], Client]) -> None:
    admin = client_for(cast.ad)
    shown = set()
    for name, address in screens.items():
        answer = admin.get(address)
        assert answer.status_code == 200, f"{name}: {answer.status_code}"
        shown |= {template.name for template in answer.templates}
    folder = Path(settings.BASE_DIR) / "templates"
    whole = {
        str(path.relative_to(folder))
        for path in folder.glob("*/*.html")
        if "{% extends" in path.read_text()[:40]
    }
    assert whole - shown == {"account/login.html", "account/password_change.html"}


@pytest.mark.parametrize("half", [0, 1])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    screens: Screens, cast: Cast, page_for: OpenPage, half: int
) -> None:
    """Open each screen as an admin; at each size and in each theme run axe, and compare widths."""
    page = page_for(cast.ad, reduced_motion="reduce")
    axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
    found = {}
    for name, address in list(screens.items())[half::2]:
        page.goto(address)
        expect(page.locator(".htmx-request")).to_have_count(0)
        page.evaluate(axe)
        problems = [problem for size in SIZES for problem in _problems(page, size)]
        if problems:
            found[name] = problems
    assert not found


def _problems(page: Page, size: str) -> list[str]:
    """What axe finds in either theme, and a page wider than its window."""
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    problems = []
    for theme, rules in RULES.items():
        page.emulate_media(color_scheme=theme)
        violations = page.evaluate("rules => axe.run(rules).then(found => found.violations)", rules)
        problems += [
            f"{size}, {theme}: {each['id']}: {node['html'][:160]}"
            for each in violations
            for node in each["nodes"]
        ]
    wider = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    return problems + ([f"{size}: scrolls {wider} px sideways"] if wider > 0 else [])
