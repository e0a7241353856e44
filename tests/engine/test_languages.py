"""The language of a text whose sender named none."""

import gzip
import json
import os
from itertools import islice
from pathlib import Path

import pytest

from inference import Spoken
from inference.languages import LOOKED_AT, Languages
from reviewapp.ui.languages import NAMES, UNKNOWN, base_of

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The train was on time and the weather was lovely", "en"),
        ("Wohnung sofort frei, ich bin leider im Ausland.", "de"),
        ("Tu es vraiment une pauvre idiote, personne ne veut te voir ici", "fr"),
        ("Bugün hava çok güzeldi, akşam sahilde yürüdük", "tr"),
        ("تاكسي من المطار إلى المدينة بسعر ثابت", "ar"),
        ("הדירה פנויה מיד, נא לשלם מראש", "he"),
        ("Ты совсем дурак, что ли? Никто не хочет тебя здесь видеть, уходи", "ru"),
        ("部屋は空いています。前払いをお願いします。", "ja"),
        ("det var ein fin dag på fjellet, og eg gjekk lenge", "no"),
    ],
)
def test_it_knows_what_people_write_in(text: str, language: str) -> None:
    assert base_of(Languages.shipped().read(text).language) == language


@pytest.mark.parametrize(
    "text",
    ["", "   ", "ok", "lol", "👍👍👍", "!!! 123", "https://example.com/ein-langer-weg", "@somebody #promo", "\x00", "\ud800"],
)  # fmt: skip
def test_what_says_too_little_stays_unknown(text: str) -> None:
    assert Languages.shipped().read(text).language == UNKNOWN


def test_links_names_and_tags_do_not_speak_for_a_text() -> None:
    noise = "https://der-die-das.example/und/oder #wohnung #frei @ich_und_du "
    assert Languages.shipped().read(noise + "The flat is free and you can have it at once").language == "en"


def test_no_english_counts_as_another_language() -> None:
    pidgin = Languages.shipped().read(
        "Abeg wetin you dey do for there, I no go fit come o, make we talk tomorrow"
    )
    assert {pidgin.language, pidgin.leaning} <= {"en", UNKNOWN}


@pytest.mark.parametrize(
    ("text", "leaning"),
    [("geh doch sterben", "de"), ("убей себя", "ru"), ("死ね", "ja"), ("", UNKNOWN), ("!!! 123", UNKNOWN)],
)
def test_what_is_not_sure_is_told_beside(text: str, leaning: str) -> None:
    assert Languages.shipped().read(text) == Spoken(UNKNOWN, leaning)


def test_a_long_text_costs_no_more_than_its_beginning() -> None:
    english = "The train was on time and the weather was lovely. " * (LOOKED_AT // 50)
    assert Languages.shipped().read(english + "Das ist sehr schön. " * 10_000).language == "en"


def test_every_language_it_can_find_has_a_name() -> None:
    found = {base_of(label) for label in Languages.shipped().labels}
    assert found - {UNKNOWN} <= set(NAMES)


@pytest.mark.slow
def test_english_posts_are_hardly_ever_called_anything_else() -> None:
    files = sorted(DATA.glob("*.dev.jsonl.gz"))
    if not files:
        where = " (CI: no labelled rows there)" if os.environ.get("CI") else ""
        pytest.skip(f"NOT MEASURED: no labelled rows in ../shared/data{where}")
    found = [Languages.shipped().read(text).language for path in files for text in _texts(path)]
    assert len(found) > 2_000
    assert sum(each == "en" for each in found) / len(found) > 0.84
    assert sum(each not in {"en", UNKNOWN} for each in found) / len(found) < 0.003


def _texts(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in islice(lines, 300)]
