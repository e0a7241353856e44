"""Evidence marks and characters that hide: what the reader sees is what is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.review.rules_text import Run, control_name, mark, plain, preview


def joined(paragraphs: tuple[tuple[Run, ...], ...]) -> str:
    return "\n".join("".join(run.text for run in paragraph) for paragraph in paragraphs)


def test_quotations_are_marked_where_they_stand() -> None:
    cut = mark("Send the code now. Thanks.", ["Send the code"], ["Thanks"])
    sides = [(run.side, run.text, run.badge) for run in cut.paragraphs[0]]
    assert sides == [
        ("for", "Send the code", "1"),
        ("", " now. ", ""),
        ("against", "Thanks", "a"),
        ("", ".", ""),
    ]


def test_a_quotation_over_two_lines_is_one_mark_with_one_badge() -> None:
    cut = mark("one two\nthree four", ["two\nthree"])
    runs = [run for paragraph in cut.paragraphs for run in paragraph if run.side]
    assert [run.text for run in runs] == ["two", "three"]
    assert [run.badge for run in runs] == ["", "1"] and runs[0].anchor == "ev-1"


def test_overlapping_and_absent_quotations_are_listed_without_a_mark() -> None:
    cut = mark("abcdef", ["abcd", "cdef", "zzz", " "])
    assert [quote.found for quote in cut.quotes_for] == [True, False, False, False]


@pytest.mark.parametrize(
    ("character", "name"),
    [("\u202e", "RLO"), ("\u2066", "LRI"), ("\u200b", "zero-width space"), ("\x00", "U+0000"), ("\x1b", "U+001B"),
     ("\U000e0041", "tag U+E0041"), ("\n", ""), ("\t", ""), ("a", ""), ("م", ""), ("\u200d", "")],
)  # fmt: skip
def test_characters_that_hide_or_turn_text_are_named(character: str, name: str) -> None:
    assert control_name(character) == name


def test_a_direction_override_never_reaches_the_screen() -> None:
    assert plain("a\u202eb")[0] == (Run("a"), Run("⟨RLO⟩", control="RLO"), Run("b"))
    assert preview("a\u202eb\u200b\u200b\u200bc") == "a⟨·⟩b⟨·⟩c"


@given(
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=200),
    st.lists(st.text(max_size=8), max_size=4),
)
def test_nothing_of_the_text_is_lost_or_invented(text: str, quotes: list[str]) -> None:
    shown = "".join(f"⟨{control_name(each)}⟩" if control_name(each) else each for each in text)
    expected = "\n".join(line for line in shown.split("\n") if line)
    assert joined(mark(text, quotes, quotes[::-1]).paragraphs).replace("\n", "") == expected.replace("\n", "")


@given(
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=60),
    st.lists(st.text(max_size=4), max_size=2),
    st.integers(0, 60),
    st.integers(1, 60),
)
def test_the_part_of_a_finding_has_its_edges_where_it_stands_and_no_text_moves(
    text: str, quotes: list[str], start: int, length: int
) -> None:
    place = (start, start + length)
    cut = mark(text, quotes, place=place).paragraphs
    assert joined(cut) == joined(mark(text, quotes).paragraphs) or "\n" in text
    edges = [run.edge for paragraph in cut for run in paragraph if run.edge]
    assert edges == (["from", "to"] if start < len(text) else [])
    if edges and not any(control_name(each) or each == "\n" for each in text):
        runs = [run for paragraph in cut for run in paragraph]
        first = next(number for number, run in enumerate(runs) if run.edge == "from")
        last = next(number for number, run in enumerate(runs) if run.edge == "to")
        assert "".join(run.text for run in runs[first:last]) == text[start : start + length]
