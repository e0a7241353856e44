"""Catalogs of the interface: every message is found, nothing is lost on the way, and what would break a screen is refused."""

import gettext
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings

from reviewapp.ui import catalogs
from reviewapp.ui.catalogs import BadCatalog, Message
from reviewapp.ui.languages import interface_languages
from tests import pseudo

HEADER = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
TEMPLATE = """{% translate "Open" context "verb" %}{{ x|default:_("none") }}{% include "a.html" with words=_("Save (all)") %}
{% blocktranslate trimmed count n=rows|length with name=x.name %}
  {{ n }} row of <b>{{ name }}</b>{% plural %}{{ n }} rows of <b>{{ name }}</b>
{% endblocktranslate %}"""
MODULE = '''"""Words."""
WORDS = (_("A long "
           "text"), gettext_lazy('Say "no"\\n'))
print(ngettext("%(n)d key", "%(n)d keys", 2), pgettext("noun", "Open"))
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "reviewapp").mkdir()
    (tmp_path / "templates" / "a.html").write_text(TEMPLATE)
    (tmp_path / "reviewapp" / "words.py").write_text(MODULE)
    return tmp_path


def test_every_message_of_templates_and_modules_is_found(root: Path) -> None:
    found = {(each.context, each.singular, each.plural) for each in catalogs.messages_in(root)}
    assert found == {
        ("verb", "Open", ""), ("", "none", ""), ("", "Save (all)", ""),
        ("", "%(n)s row of <b>%(name)s</b>", "%(n)s rows of <b>%(name)s</b>"),
        ("", "A long text", ""), ("", 'Say "no"\n', ""), ("", "%(n)d key", "%(n)d keys"), ("noun", "Open", ""),
    }  # fmt: skip


def test_a_text_that_is_put_together_cannot_be_translated(root: Path) -> None:
    (root / "reviewapp" / "words.py").write_text('print(gettext(f"{n} keys"))')
    with pytest.raises(BadCatalog, match=r"words\.py:1: only a literal"):
        catalogs.messages_in(root)


def test_a_catalog_survives_being_written_and_read(root: Path) -> None:
    told = [Message("", words=(HEADER,)), *catalogs.updated(catalogs.messages_in(root), [], HEADER)]
    assert catalogs.read(catalogs.as_text(told[1:], HEADER)) == told


def test_an_update_keeps_words_adds_what_is_new_and_drops_what_is_gone() -> None:
    known = [Message("Save", words=("Sichern",)), Message("Gone", words=("Weg",))]
    after = catalogs.updated([Message("Save"), Message("%(n)d a", "%(n)d b")], known, "nplurals=3;")
    assert [(each.singular, each.words) for each in after] == [
        ("Save", ("Sichern",)),
        ("%(n)d a", ("", "", "")),
    ]


def test_what_is_compiled_is_what_gettext_reads() -> None:
    messages = [
        Message("", words=(HEADER,)),
        Message("Open", context="verb", words=("Öffnen",)),
        Message("%(n)d key", "%(n)d keys", words=("%(n)d Schlüssel", "%(n)d der Schlüssel")),
        Message("Unsure", words=("Vielleicht",), is_fuzzy=True),
        Message("Missing", words=("",)),
    ]
    read = gettext.GNUTranslations(BytesIO(catalogs.compiled(messages)))
    assert read.pgettext("verb", "Open") == "Öffnen" and read.gettext("Open") == "Open"
    assert read.ngettext("%(n)d key", "%(n)d keys", 2) == "%(n)d der Schlüssel"
    assert read.gettext("Unsure") == "Unsure" and read.gettext("Missing") == "Missing"


@pytest.mark.parametrize("words", ["%(m)d Schlüssel", "100 % von %(n)d", "%(n) d"])
def test_words_that_would_break_a_screen_are_refused(words: str) -> None:
    with pytest.raises(BadCatalog, match="Keep the placeholders"):
        catalogs.compiled([Message("%(n)d keys", words=(words,))])


@pytest.mark.parametrize(
    "text", ['msgid "a\nmsgstr ""', 'msgid "a"\nmsgstr ""\nmsgstr ""', 'msgstr "a"', '"a"']
)
def test_a_file_that_is_no_catalog_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(BadCatalog, match=r"Line \d"):
        catalogs.read(text)


def test_a_language_is_there_once_its_catalog_is_compiled(tmp_path: Path) -> None:
    for name, file in (("pt_BR", "django.mo"), ("de", "django.po"), ("ar_XB", "django.mo")):
        folder = tmp_path / name / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / file).touch()
    assert interface_languages([tmp_path, tmp_path / "none"]) == [
        ("en", "English"), ("ar-xb", "العربيّة (ar-xb)"), ("pt-br", "Português Brasileiro"),
    ]  # fmt: skip


def test_the_made_up_language_keeps_values_tags_and_signs() -> None:
    assert pseudo.spoken("<b>%(n)s</b> of&nbsp;{x}, 100%%") == "<b>%(n)s</b> وفـ&nbsp;{x}, 100%%"


def test_every_message_of_the_product_compiles_in_the_made_up_language(pseudo_folder: Path) -> None:
    with catalogs.file_of(pseudo_folder, pseudo.CODE).with_suffix(".mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    assert not [each for each in catalogs.messages_in(Path(settings.BASE_DIR)) if not _is_told(read, each)]


def _is_told(read: gettext.GNUTranslations, each: Message) -> bool:
    if each.plural:
        forms = [read.npgettext(each.context, each.singular, each.plural, n) if each.context
                 else read.ngettext(each.singular, each.plural, n) for n in (1, 2)]  # fmt: skip
        return forms == [pseudo.spoken(each.singular), pseudo.spoken(each.plural)]
    told = read.pgettext(each.context, each.singular) if each.context else read.gettext(each.singular)
    return told == pseudo.spoken(each.singular)
