"""A question that a page is served with, by keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from reviewapp.policies.models import Version
from reviewapp.review.models import RoutingRule
from tests.cast import Cast
from tests.rooms.review import stage

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def test_escape_leaves_the_rule_and_enter_removes_it(cast: Cast, fraud: Version, page_for: OpenPage) -> None:
    """1. Remove asks. 2. Escape: the rule is there. 3. Remove asks again. 4. Enter: it is gone."""
    stage.line_up(1, version=fraud)
    before = RoutingRule.objects.count()
    page = page_for(cast.ad)
    page.goto("/routing/")
    for key, after in (("Escape", before), ("Enter", before - 1)):
        page.get_by_role("link", name="Remove rule 1").click()
        expect(page.get_by_role("dialog", name="Remove rule 1?")).to_be_visible()
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_hidden()
        assert RoutingRule.objects.count() == after
