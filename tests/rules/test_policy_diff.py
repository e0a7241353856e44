"""Differences by words: they rebuild both texts, read well, and hide nothing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.policies.rules_diff import Kind, Piece, count_words, name_of, shown, word_diff

WORDS = st.lists(st.sampled_from(["a", "b", "cc", " ", "\n", ",", "\u200b", "ß"]), max_size=30).map("".join)


def rebuilt(pieces: tuple[Piece, ...], without: Kind) -> str:
    return "".join(piece.text for piece in pieces if piece.kind is not without)


@given(WORDS | st.text(max_size=60), WORDS | st.text(max_size=60))
def test_pieces_rebuild_both_texts(old: str, new: str) -> None:
    pieces = word_diff(old, new)
    assert rebuilt(pieces, Kind.ADDED) == old and rebuilt(pieces, Kind.REMOVED) == new
    assert all(piece.text for piece in pieces)
    if old == new:
        assert all(piece.kind is Kind.SAME for piece in pieces)


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ("cash by post", "cash or cheques by post", "same added same"),
        ("is allowed", "is usually allowed", "same added same"),
        ("one two three", "four five six", "removed added"),
        ("", "x", "added"), ("x", "", "removed"), ("", "", ""),
    ],
)  # fmt: skip
def test_changes_read_as_people_would_say_them(old: str, new: str, kinds: str) -> None:
    assert " ".join(piece.kind for piece in word_diff(old, new)) == kinds


def test_an_invisible_character_alone_is_a_change() -> None:
    assert [piece.text for piece in word_diff("a\u200bb", "ab") if piece.kind is Kind.REMOVED] != []


def test_words_are_counted() -> None:
    pieces = word_diff("one two three", "one 2 three four")
    assert (count_words(pieces, Kind.ADDED), count_words(pieces, Kind.REMOVED)) == (2, 1)


@pytest.mark.parametrize(
    "character", ["\u202e", "\u2066", "\u200b", "\u00ad", "\ufeff", "\u061c", "\U000e0041", "\x08", "\u3164"]
)
def test_what_nobody_sees_is_named(character: str) -> None:
    parts = shown(f"a{character}b")
    assert [part.text for part in parts] == ["a", "", "b"]
    assert parts[1].name == name_of(character) and f"U+{ord(character):04X}" in parts[1].name


@given(st.text(max_size=40))
def test_naming_loses_nothing_visible(text: str) -> None:
    visible = "".join(part.text for part in shown(text))
    assert visible == "".join(
        each for each in text if not any(part.name == name_of(each) for part in shown(each))
    )


def test_two_long_texts_are_compared_in_time() -> None:
    old = " ".join(f"w{number * 7919 % 911}" for number in range(5_000))
    new = " ".join(f"w{number * 104729 % 911}" for number in range(5_000))
    started = time.perf_counter()
    word_diff(old, new)
    assert time.perf_counter() - started < 2, "the worst case is far from its limit of 200 ms"
