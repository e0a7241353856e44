"""Every screen passes axe (WCAG 2.2 AA) in both themes and at three sizes, and none scrolls sideways."""

from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page, expect

from reviewapp.accounts.actions import issue_key
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.policies import actions as policies
from reviewapp.review import actions
from reviewapp.webhooks.actions import add_endpoint, send_test
from tests.cast import Cast
from tests.house.test_every_url import OPEN, PAGES, filled
from tests.rooms.lab import stage as lab_stage
from tests.rooms.review import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
Screens = dict[str, str]

SIZES: Final = {"desk": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
RULES: Final = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
}
PARTS: Final = {
    "account_change_password", "account_logout", "delivery-body", "engine-chip", "export", "export-file", "policy", "policy-choose", "engine-prompt",
    "notices-chip", "review-late", "lab-try", "lab-tried", "lab-draft-gate", "lab-overrides", "lab-open-items", "gate-progress",
    "backtest-progress", "evaluation-csv", "evaluation-json",
}  # fmt: skip
"""Names of addresses that give a part of a screen, a file, or another address."""


@pytest.fixture
def screens(cast: Cast, store: str) -> Screens:
    """The name and one address of each screen, in a house where something has happened."""
    version = stage.publish("fraud")
    stage.publish("spam")
    policies.start_draft(policy=version.policy_id, person=cast.ad)
    first, second, *_ = stage.line_up(4, version=version)
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ad)
    assert claim is not None
    decided = actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="allowed", reason="A joke.",
        person=cast.ad,
    )  # fmt: skip
    endpoint = add_endpoint(name="Hooks", url="https://hooks.example.org/in", events=(), actor=OPERATOR)
    delivery = send_test(endpoint=endpoint.endpoint, actor=OPERATOR)
    issue_key(name="feed", scopes=["ingest"], actor=OPERATOR)
    plain = {
        "home": "/", "audit": "/audit/", "exports": "/exports/", "members": "/members/", "keys": "/keys/",
        "webhooks": "/webhooks/", "prefilter": "/prefilter/", "engine": "/engine/", "me": "/settings/me",
        "help": "/help/", "help-keys": "/help/keys", "help-page": "/help/queues", "policies": "/policies/",
        "policy-new": "/policies/new", "notices": "/settings/notices",
    }  # fmt: skip
    return (
        plain
        | lab_stage.screens(cast)
        | {
            "queue": "/queues/scams-spam?view=verdicts",
            "queue-next": "/queues/scams-spam/next",
            "review-item": f"/review/{second if decided.item == first else first}",
            "decision": f"/decisions/{decided.decision}",
            "policy-version": "/policies/fraud/versions/1",
            "policy-draft": "/policies/fraud/draft",
            "cases": "/policies/fraud/versions/2/cases",
            "case-history": "/policies/fraud/cases/FR-C1",
            "policy-compare": "/policies/fraud/versions/1/diff/2",
            "webhook": f"/webhooks/{endpoint.endpoint}?delivery={delivery}",
            "member": f"/members/{cast.bo.pk}",
        }
    )


def test_no_screen_is_left_out(screens: Screens, cast: Cast, client_for: Callable[[Person], Client]) -> None:
    admin = client_for(cast.ad)
    named = {entry.name for route, entry in PAGES if admin.get(filled(route)).status_code != 405}
    assert named - OPEN - PARTS == set(screens)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    screens: Screens, cast: Cast, page_for: OpenPage, size: str, theme: Any
) -> None:
    """Open each screen as an admin, run axe, and compare the page's width with the window's."""
    width, height = SIZES[size]
    page = page_for(cast.ad, viewport={"width": width, "height": height}, color_scheme=theme)
    found = {}
    for name, address in screens.items():
        page.goto(address)
        expect(page.locator(".htmx-request")).to_have_count(0)
        results = Axe().run(page, options=RULES)
        problems = [f"{each['id']}: {node['html'][:160]}" for each in results.response["violations"] for node in each["nodes"]]  # fmt: skip
        wider = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        problems += [f"scrolls {wider} px sideways"] if wider > 0 else []
        if problems:
            found[name] = problems
    assert not found
