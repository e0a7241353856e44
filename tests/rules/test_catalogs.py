"""Catalogs of the interface: every message is found, nothing is lost on the way, and what would break a screen is refused."""

import gettext
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings

from reviewapp.ui import catalogs
from reviewapp.ui.catalogs import BadCatalog
from reviewapp.ui.languages import interface_languages
from tests import pseudo

TEMPLATE = """{% translate "Open" context "verb" %}{{ x|default:_("none") }}{% include "a.html" with words=_("Save (all)") %}
{% blocktranslate trimmed count n=rows|length with name=x.name %}
  {{ n }} row of <b>{{ name }}</b>{% plural %}{{ n }} rows of <b>{{ name }}</b>
{% endblocktranslate %}"""
IMPORTS = (
    "from django.utils.translation import gettext, gettext_lazy as _later, gettext_noop, ngettext, pgettext\n"
)
MODULE = '''"""Words."""
from django.utils.translation import gettext as _
WORDS = (_("A long "
           "text"), _later('Say "no"\\n'))
print(ngettext("%(n)d key", "%(n)d keys", 2), pgettext("noun", "Open"), gettext_noop("Stored"))
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "reviewapp").mkdir()
    (tmp_path / "templates" / "a.html").write_text(TEMPLATE)
    (tmp_path / "reviewapp" / "words.py").write_text(IMPORTS + MODULE)
    return tmp_path


def _messages(catalog: Catalog) -> list[Message]:
    return [each for each in catalog if each.id]


def test_every_message_of_templates_and_modules_is_found(root: Path) -> None:
    assert {(each.context or "", each.id) for each in _messages(catalogs.messages_in(root))} == {
        ("verb", "Open"), ("", "none"), ("", "Save (all)"),
        ("", ("%(n)s row of <b>%(name)s</b>", "%(n)s rows of <b>%(name)s</b>")),
        ("", "A long text"), ("", 'Say "no"\n'), ("", ("%(n)d key", "%(n)d keys")), ("noun", "Open"), ("", "Stored"),
    }  # fmt: skip


@pytest.mark.parametrize("order", [1, -1])
def test_a_message_with_and_without_a_plural_is_one(root: Path, order: int) -> None:
    calls = ['gettext("%(n)d key")', 'ngettext("%(n)d key", "%(n)d keys", n)'][::order]
    (root / "reviewapp" / "words.py").write_text(IMPORTS + "\n".join(calls))
    found = catalogs.messages_in(root).get("%(n)d key")
    assert found is not None and found.id == ("%(n)d key", "%(n)d keys")


def test_two_plurals_of_one_message_are_refused(root: Path) -> None:
    (root / "reviewapp" / "words.py").write_text(IMPORTS + 'ngettext("a", "b", n), ngettext("a", "c", n)')
    with pytest.raises(BadCatalog, match="two plurals"):
        catalogs.messages_in(root)


def test_a_text_that_is_put_together_cannot_be_translated(root: Path) -> None:
    (root / "reviewapp" / "words.py").write_text(IMPORTS + 'print(gettext(f"{n} keys"))')
    with pytest.raises(BadCatalog, match=r"words\.py:2: only a literal"):
        catalogs.messages_in(root)


def test_a_catalog_survives_being_written_and_read(root: Path) -> None:
    told = catalogs.updated(catalogs.messages_in(root), Catalog(locale="ar"))
    assert "nplurals=6" in catalogs.as_text(told)
    assert catalogs.as_text(catalogs.read(catalogs.as_text(told), "ar")) == catalogs.as_text(told)


def test_an_update_keeps_words_adds_what_is_new_and_drops_what_is_gone(root: Path) -> None:
    known = catalogs.updated(catalogs.messages_in(root), Catalog(locale="de"))
    known["none"].string = "keines"
    known.add("Gone", "Weg")
    after = catalogs.updated(catalogs.messages_in(root), known)
    assert {each.id: each.string for each in _messages(after) if each.string and any(each.string)} == {
        "none": "keines"
    }
    assert catalogs.words_missing(after) == len(_messages(after)) - 1
    assert "Weg" not in catalogs.as_text(after)


def _read(catalog: Catalog) -> gettext.GNUTranslations:
    return gettext.GNUTranslations(BytesIO(catalogs.compiled(catalog)))


def test_what_is_compiled_is_what_gettext_reads() -> None:
    told = Catalog(locale="de", fuzzy=False)
    told.add("Open", "Öffnen", context="verb")
    told.add(("%(n)d key", "%(n)d keys"), ("%(n)d Schlüssel", "%(n)d der Schlüssel"))
    told.add("Unsure", "Vielleicht", flags=["fuzzy"])
    told.add("Missing", "")
    read = _read(told)
    assert read.pgettext("verb", "Open") == "Öffnen" and read.gettext("Open") == "Open"
    assert read.ngettext("%(n)d key", "%(n)d keys", 2) == "%(n)d der Schlüssel"
    assert read.gettext("Unsure") == "Unsure" and read.gettext("Missing") == "Missing"


@pytest.mark.parametrize("words", ["%(m)d Schlüssel", "100 % von %(n)d", "%(n)s Schlüssel"])
def test_words_that_would_break_a_screen_are_refused(words: str) -> None:
    told = Catalog(locale="de")
    told.add("%(n)d keys", words)
    with pytest.raises(BadCatalog, match="Keep the placeholders"):
        catalogs.compiled(told)


def test_too_few_forms_of_a_number_are_refused() -> None:
    told = Catalog(locale="ar")
    told.add(("%(n)d key", "%(n)d keys"), ("%(n)d مفتاح", "%(n)d مفاتيح"))
    with pytest.raises(BadCatalog, match="expected 6"):
        catalogs.compiled(told)


@pytest.mark.parametrize("text", ['"a"', "words", 'msgid "a"\nmsgstr "b"\nwords'])
def test_a_file_that_is_no_catalog_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(BadCatalog, match=r"Line \d"):
        catalogs.read(text, "de")


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


def test_no_message_of_the_product_has_line_breaks_or_spaces_at_its_ends() -> None:
    messages = _messages(catalogs.messages_in(Path(settings.BASE_DIR)))
    texts = [each.id if isinstance(each.id, str) else " ".join(each.id) for each in messages]
    assert not [text for text in texts if "\n" in text or text != text.strip()]


def test_every_message_of_the_product_compiles_in_the_made_up_language(pseudo_folder: Path) -> None:
    with catalogs.file_of(pseudo_folder, pseudo.CODE).with_suffix(".mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    messages = _messages(catalogs.messages_in(Path(settings.BASE_DIR)))
    assert not [each.id for each in messages if _told(read, each) != pseudo.told(each)]


def _told(read: gettext.GNUTranslations, each: Message) -> str | tuple[str, ...]:
    if not isinstance(each.id, str):
        one, many = each.id
        return tuple(
            read.npgettext(each.context, one, many, n) if each.context else read.ngettext(one, many, n)
            for n in (1, 2)
        )
    return read.pgettext(each.context, each.id) if each.context else read.gettext(each.id)
