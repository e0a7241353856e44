"""Tags, names and directions of languages."""

import pytest
from django.utils import translation

from reviewapp.ui.languages import base_of, code_of, direction_of, language_of, name_of, words_of


@pytest.mark.parametrize(
    ("tag", "base"),
    [("pt-BR", "pt"), ("PT_br", "pt"), ("deu", "de"), ("ger", "de"), ("iw", "he"), ("nb", "no"), ("nno", "no"),
     ("zh-Hant-TW", "zh"), ("yue", "zh"), ("arz", "ar"), ("und", "und"), ("mul", "und"), ("zxx", "und"), ("", "und"), ("tlh", "tlh")],
)  # fmt: skip
def test_tags_that_readers_take_for_one_language_have_one_base(tag: str, base: str) -> None:
    assert base_of(tag) == base


def test_what_was_sent_counts_before_what_was_detected() -> None:
    assert language_of("de-AT", "fr") == "de"
    assert (language_of("und", "fr"), language_of("und", "und")) == ("fr", "und")
    assert words_of("de-AT", "fr") == "German"
    assert (words_of("und", "fr"), words_of("und", "und")) == ("detected: French", "unknown")


@pytest.mark.parametrize(
    ("typed", "code"),
    [("German", "de"), (" german ", "de"), ("scottish  gaelic", "gd"), ("pt-BR", "pt"), ("AR", "ar"), ("xx", ""), ("und", ""), ("", ""),
     ("<b>", "")],
)  # fmt: skip
def test_a_language_is_typed_as_its_code_or_its_name(typed: str, code: str) -> None:
    assert code_of(typed) == code


def test_names_and_directions() -> None:
    assert (name_of("zh-Hans"), name_of("tlh"), name_of("und")) == ("Chinese", "tlh", "unknown")
    assert [direction_of(tag) for tag in ("ar-EG", "he", "ur", "en", "und", "tlh")] == [
        "rtl", "rtl", "rtl", "ltr", "auto", "auto",
    ]  # fmt: skip


def test_a_page_in_another_language_names_languages_in_it_and_reads_both_names() -> None:
    with translation.override("de"):
        assert (name_of("fr"), words_of("und", "de")[-7:]) == ("Französisch", "Deutsch")
        assert (code_of("französisch"), code_of("French")) == ("fr", "fr")
