"""The normaliser: what it undoes, what it leaves, and that no text breaks it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.normalise import normalise

UNDONE = {
    "Have A Nice Day": "have a nice day",
    "  two\t\nspaces ": "two spaces",
    "ｆｕｌｌ ｗｉｄｔｈ": "full width",
    "𝓯𝓪𝓷𝓬𝔂 𝖑𝖊𝖙𝖙𝖊𝖗𝖘": "fancy letters",
    "🅱🅾🆇🅴🅳": "boxed",
    "раураl": "paypal",
    "in\u200bvisi\u00adble": "invisible",
    "z\u0335a\u0334l\u0338go": "zalgo",
    "naïve café": "naive cafe",
    "“quoted” – it’s": '"quoted" - it\'s',
    "5tup1d 1d10t": "stupid idiot",
    "$illy gi@nt": "silly giant",
    "sh!ny!!": "shiny!!",
    "h8 m8 gr8": "hate mate grate",
    "s i l l y": "silly",
    "s.i.l.l.y": "silly",
    "s-1-l-l-y": "silly",
    "s*lly pl_ce": "slly plce",
    "sooooo gooood": "so god",
    "see https://www.example.com/a?b=C1": "see httpurl example.com",
}
LEFT_ALONE = (
    "1st 2nd 30k 2x 10pm 4gb",
    "call 0 8 0 0 1 2 3",
    "well-known, state-of-the-art; don't",
    "wow!!! great! 100% for $5",
    "@jane3 wrote",
    "a to b, i think",
    "it's 4 u",
    "",
)


@pytest.mark.parametrize(("text", "plain"), UNDONE.items())
def test_undoes_spelling_tricks(text: str, plain: str) -> None:
    assert normalise(text) == plain


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_leaves_honest_spelling_alone(text: str) -> None:
    assert normalise(text) == text


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=60))
def test_any_text_becomes_single_spaced_text_without_surrogates(text: str) -> None:
    plain = normalise(text)
    assert plain == " ".join(plain.split())
    plain.encode("utf-8")


@settings(max_examples=400)
@given(st.text(alphabet="ab1 3@!.*_-'$8#\u0301аéİǅ\u200b/|", max_size=40) | st.text(max_size=40))
def test_a_second_pass_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize("unit", ["@", "a", "a1", "1a ", "a*", "_ ", "a.b.", "www.", "\u0301", "é'$", "!a"])
def test_time_is_linear_in_length(unit: str) -> None:
    began = time.process_time()
    normalise(unit * (100_000 // len(unit)))
    assert time.process_time() - began < 2
