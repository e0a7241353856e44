"""Masking hides places, never words of the text itself: what is cut out and what stays is the text again."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reviewapp.review.rules_mask import Veil, label, letters, masks
from reviewapp.review.rules_severe import LISTED
from reviewapp.review.rules_text import Run, mark, masked_places, preview

WORDS = [
    "bitch",
    "café",
    "kill yourself",
    "cunts!",
    "e\u0301",
    "👩\u200d👧",
    "شرموطة",
    "сука",
    "\u200b",
    "\n",
    " ",
    ".",
    "n1gger",
]
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=12).map("".join)
SEVERITY = st.none() | st.integers(0, 4)


def said(text: str, mode: str = "words", **verdict: object) -> list[tuple[str, str]]:
    return [(text[each.start : each.end], each.kind) for each in masks(text, mode, **verdict)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("You BITCH!", [("BITCH", "insult")]),
        ("a n1gg\u200ber, a n\u0129gger", [("n1gg\u200ber", "slur"), ("n\u0129gger", "slur")]),
        ("biiiitch", [("biiiitch", "insult")]),
        ("Kill  Yourself, please", [("Kill  Yourself", "self-harm")]),
        ("beheading videos", [("beheading", "violence")]),
        ("Du Hurensohn", [("Hurensohn", "insult")]),
        ("class, grass, rapeseed, scunthorpe, 455", []),
        ("يا شرموطة", [("شرموطة", "insult")]),
        ("", []),
    ],
)
def test_severe_words_are_found_as_they_are_written(text: str, found: list[tuple[str, str]]) -> None:
    assert said(text) == found


def test_the_worst_verdicts_quotations_are_masked_as_passages_and_money_is_not() -> None:
    text, quotes = "Nice. I will find you and hurt you.", ("I will find you",)
    assert said(text, severity=4, family="threat", quotes=quotes) == [("I will find you", "threat")]
    assert said(text, severity=3, family="threat", quotes=quotes) == []
    assert said(text, severity=4, family=None, quotes=quotes) == []
    assert said(text, severity=4, family="threat", quotes=("not there", " ")) == []
    both = said("a bitch here", severity=4, family="hate", quotes=("a bitch",))
    assert both == [("a bitch", "hate")]


@pytest.mark.parametrize(("severity", "masked"), [(None, True), (0, False), (2, False), (3, True), (4, True)])
def test_whole_masks_severe_items_and_those_of_which_nobody_knows(severity: int | None, masked: bool) -> None:
    text = "First of all. Then\nthe rest"
    parts = ["First of all.", "Then", "the rest"] if masked else []
    assert [part for part, _ in said(text, "whole", severity=severity)] == parts
    assert Veil("whole", severity).over_words_on("Plain words.") == ()
    assert said("You bitch", "off", severity=severity) == []


def test_a_language_counts_as_listed_by_the_words_that_stand_there() -> None:
    for words in ("Selbstmord", "suicide", "violador", "stupro", "vergewaltigt", "шлюха", "قحبة", "encule"):
        assert said(words) != [], words
    assert {"en", "de", "fr", "es", "it", "pt", "ru", "ar"} == LISTED


@pytest.mark.parametrize(
    ("language", "severity", "family", "whole"),
    [
        ("ja", 3, "hate", True), ("th", 4, "threat", True), ("tr", 3, "sexual", True), ("und", 3, "self_harm", True),
        ("en", 4, "threat", False), ("ar", 3, "hate", False), ("ja", 2, "hate", False), ("ja", None, None, False),
        ("ja", 4, "fraud", False), ("ja", 4, None, False), ("", 4, "hate", False),
    ],
)  # fmt: skip
def test_severe_text_of_a_language_without_a_list_is_masked_whole(
    language: str, severity: int | None, family: str | None, whole: bool
) -> None:
    text = "\u6b7b\u306d\u3002\nmou ii"
    shown = said(text, severity=severity, family=family, language=language)
    assert [part for part, _ in shown] == (["\u6b7b\u306d\u3002", "mou ii"] if whole else [])
    assert said(text, "off", severity=severity, family=family, language=language) == []
    veil = Veil("words", severity, family, language=language)
    assert veil.over_words_on(text) == () and veil.over_translation(text, "en") == ()


@pytest.mark.parametrize(
    ("text", "count"),
    [("café", 4), ("cafe\u0301", 4), ("👩\u200d👧", 1), ("👍🏽", 1), ("شرموطة", 6), ("a\u200bb", 2)],
)
def test_length_is_what_a_reader_counts(text: str, count: int) -> None:
    assert letters(text) == count
    assert label(text, "slur") == f"slur · {count} letter{'' if count == 1 else 's'}"
    assert label(f"{text} and {text}", "threat") == "threat · 3 words"


@given(TEXTS, SEVERITY, st.sampled_from(["words", "whole"]), st.lists(TEXTS, max_size=2))
@example("e\u0301.\u0301bitch", None, "words", [])
def test_masks_are_apart_in_order_and_split_no_letter(
    text: str, severity: int | None, mode: str, quotes: list[str]
) -> None:
    found = masks(text, mode, severity=severity, family="hate", quotes=quotes)
    edges = [edge for each in found for edge in (each.start, each.end)]
    assert edges == sorted(edges) and all(each.start < each.end for each in found)
    assert all(0 <= edge <= len(text) for edge in edges)
    if mode == "words" and (severity or 0) < 4:
        for each in found:
            assert unicodedata.category(text[each.start])[0] != "M"
            assert each.end == len(text) or unicodedata.category(text[each.end])[0] != "M"


@given(TEXTS, st.lists(TEXTS, max_size=3), SEVERITY, st.sampled_from(["words", "whole"]))
def test_masked_text_revealed_is_the_text_with_every_evidence_mark_in_its_place(
    text: str, quotes: list[str], severity: int | None, mode: str
) -> None:
    bare = mark(text, quotes, quotes[::-1])
    veiled = mark(text, quotes, quotes[::-1], masks=masks(text, mode, severity=severity), part="p")

    def shape(paragraphs: tuple[tuple[Run, ...], ...]) -> list[list[tuple[str, str]]]:
        return [[(letter, run.side) for run in paragraph for letter in run.text] for paragraph in paragraphs]

    def anchors(paragraphs: tuple[tuple[Run, ...], ...]) -> list[tuple[str, str]]:
        return [(run.anchor, run.badge) for each in paragraphs for run in each if run.anchor or run.badge]

    assert shape(veiled.paragraphs) == shape(bare.paragraphs)
    assert [each for pair in anchors(veiled.paragraphs) for each in pair if each] == [
        each for pair in anchors(bare.paragraphs) for each in pair if each
    ]
    assert veiled.quotes_for == bare.quotes_for and veiled.words == bare.words
    assert all(key.startswith("p") for key in masked_places(veiled.paragraphs))


def test_a_list_shows_kinds_and_lengths_and_no_half_of_a_word() -> None:
    assert preview("You bitch, go", veil=Veil("words")) == "You ⟨insult · 5 letters⟩, go"
    assert preview("You bitch, go") == "You bitch, go"
    assert preview("You bitch, go", veil=Veil("whole")) == "⟨text · 3 words⟩"
    assert preview("", veil=Veil("whole")) == ""
    assert "nigg" not in preview("x" * 86 + " niggers", veil=Veil("words"))


@given(TEXTS, st.integers(5, 60))
@example("bitchkill yourself\nkill yourself", 19)
@example("bitchbitch00:bitchbitch", 19)
def test_a_masked_preview_is_as_long_as_it_may_be_and_shows_no_severe_word(text: str, most: int) -> None:
    shown = preview(text, most, veil=Veil("words"))
    assert not masks(shown, "words")
