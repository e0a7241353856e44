"""The manual holds everything a person may look up: settings, events, API, commands, keys."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import load_command_class

from reviewapp import urls  # noqa: F401  hangs the operations on v1
from reviewapp.audit.events import EVENTS
from reviewapp.insights import manual_pages as manual
from reviewapp.insights.export_sql import TABLES
from reviewapp.review.keys import KEYS
from reviewapp.ui.api import v1
from tests.journeys.pictures import MOST_BYTES, SCREENS

ROOT = Path(settings.BASE_DIR)
OWN_PROCESSES = {
    "REVIEW_FRONT_DOOR",
    "REVIEW_DATA",
    "REVIEW_URL",
    "REVIEW_PYTHON",
    "XDG_RUNTIME_DIR",
    "PATH",
    "CHROMIUM",
}
"""Handed from one of our processes to another, or of the machine; not for people to set."""


@pytest.fixture(scope="module")
def text() -> str:
    return "\n".join(manual.text_of(slug) for slug in manual.PAGES)


def test_every_setting_is_in_the_manual(text: str) -> None:
    read = set()
    for path in [*(ROOT / "reviewapp").rglob("*.py"), *(ROOT / "inference").rglob("*.py")]:
        read |= set(re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", path.read_text()))
    missing = {name for name in read - OWN_PROCESSES if f"`{name}`" not in text}
    assert not missing


def test_every_command_and_its_options_are_in_the_manual(text: str) -> None:
    for path in (ROOT / "reviewapp").glob("*/management/commands/*.py"):
        if path.stem == "__init__":
            continue
        assert f"`{path.stem}" in text, f"{path.stem} is not in the manual"
        command = load_command_class(f"reviewapp.{path.parts[-4]}", path.stem)
        parser = command.create_parser("manage.py", path.stem)
        for action in parser._actions:
            for job in action.choices or () if action.dest == "job" else ():
                assert f"{path.stem} {job}" in text, f"{path.stem} {job} is not in the manual"


def test_every_event_key_column_and_api_field_is_in_the_manual(text: str) -> None:
    words = [f"`{verb}`" for verb in EVENTS] + [f"`{action.key}`" for action in KEYS]
    words += [f"`{column.name}`" for table in TABLES.values() for column in table.columns]
    schema = v1.get_openapi_schema()
    for path, operations in schema["paths"].items():
        words += [f"`{method.upper()} {path}`" for method in operations]
    for part in schema["components"]["schemas"].values():
        words += [f"`{field}`" for field in part.get("properties", {})]
    missing = {word for word in words if word not in text}
    assert not missing


@pytest.mark.parametrize("slug", manual.PAGES)
def test_every_page_renders_with_its_lists_filled_in(slug: str) -> None:
    page = manual.page(slug)
    assert page.html.startswith("<h1>") and "[[" not in page.html
    assert "<script" not in page.html


def test_every_picture_is_shown_small_and_there() -> None:
    folder = ROOT / "static" / "manual"
    kept = {path.name: path.stat().st_size for path in folder.iterdir()}
    shown = set(re.findall(r"/static/manual/([a-z.-]+)", manual.page("screens").html))
    named = set(re.findall(r"static/manual/([a-z.-]+)", (ROOT / "README.md").read_text()))
    assert kept.keys() == shown and named <= shown
    assert {name.partition("-")[0] for name in shown} == set(SCREENS)
    assert max(kept.values()) <= MOST_BYTES and sum(kept.values()) <= 1_000_000
