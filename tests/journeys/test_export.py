"""Somebody asks for an export in a browser, watches it, and downloads the file."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from reviewapp.insights import jobs
from tests.cast import Cast
from tests.rooms.insights.rows import a_decision, an_item

pytestmark = pytest.mark.browser


def test_an_export_is_asked_for_watched_and_downloaded(
    cast: Cast, page_for: Callable[..., Page], store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "REVIEW_HOME", tmp_path)
    a_decision(an_item("buy now"), cast.ana)
    page = page_for(cast.au)
    page.goto("/exports/")
    page.get_by_role("button", name="New export").click()
    page.get_by_label("Decisions").check()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Cancel decisions export")).to_be_visible()
    jobs.write_exports()
    link = page.get_by_role("link", name="Download decisions")
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    data = Path(download.value.path()).read_bytes()
    assert data.startswith(b"position,id,item,")
    expect(page.get_by_text(hashlib.sha256(data).hexdigest())).to_be_visible()
