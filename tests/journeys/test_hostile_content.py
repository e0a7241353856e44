"""Hostile content is shown inert: no script runs, no request leaves the page, and the words are still there to judge."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from reviewapp.audit.actions import OPERATOR
from reviewapp.review.actions import admit, seed_queues
from reviewapp.review.models import Queue
from tests.cast import Cast
from tests.hostile import CORPUS, HEAVY
from tests.rooms.review import stage

if TYPE_CHECKING:
    from playwright.sync_api import Page

LIVELY = [text for text in CORPUS if text not in HEAVY]


def queue_up(texts: Sequence[str]) -> list[UUID]:
    """Items with these texts, and a reasoner that repeats each in all it says, in the queues."""
    version = stage.publish()
    seed_queues(actor=OPERATOR)
    items = []
    for at, text in enumerate(texts):
        item = stage.wait_for_a_person(text, name=f"hostile-{at}")
        stage.say(
            item,
            version,
            rationale=text,
            reasoning=text,
            raw=text,
            evidence_for=[text],
            evidence_against=[text],
        )
        items.append(item)
    admit()
    return items


@pytest.mark.browser
def test_nothing_in_the_corpus_runs_or_calls_home(cast: Cast, page_for: Callable[..., "Page"]) -> None:
    """1. Queue every text for people. 2. Open the lists, then each item. 3. Nothing ran, nothing left, the page is whole."""
    items = queue_up(LIVELY)
    page = page_for(cast.sam)
    page.goto("/")
    home = urlsplit(page.url).netloc
    strangers: list[str] = []
    page.on(
        "request",
        lambda request: strangers.append(request.url) if urlsplit(request.url).netloc != home else None,
    )
    for slug in Queue.objects.values_list("slug", flat=True):
        page.goto(f"/queues/{slug}")
        assert page.evaluate("window.pwned") is None
    for item in items:
        page.goto(f"/review/{item}", wait_until="domcontentloaded")
        assert page.evaluate("window.pwned") is None
        assert page.get_by_role("region", name="Item", exact=True).count() == 1
        assert page.get_by_role("region", name="Verdict", exact=True).count() == 1
    assert strangers == []


@pytest.mark.browser
def test_heavy_content_keeps_the_page_usable(cast: Cast, page_for: Callable[..., "Page"]) -> None:
    """1. Queue the heaviest texts. 2. Each opens within the page's budget of 2 MB."""
    items = queue_up(HEAVY)
    page = page_for(cast.sam)
    for item in items:
        answer = page.goto(f"/review/{item}")
        assert answer is not None
        assert answer.status == 200
        assert len(answer.body()) <= 2_000_000
