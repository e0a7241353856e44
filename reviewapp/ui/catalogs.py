"""The words of the screens as gettext catalogs: found in the code, brought up to date and compiled.

Babel keeps, reads and writes catalogs; only the commands and tests that need one import this module.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

from reviewapp.ui.errors import ProductError

_ARGUMENTS: Final = {
    "gettext": ("singular",),
    "pgettext": ("context", "singular"),
    "ngettext": ("singular", "plural"),
    "npgettext": ("context", "singular", "plural"),
}
_OF_TEMPLATES: Final = {"_": "gettext"} | {name: name for name in _ARGUMENTS}
"""Names under which templatize calls the functions of gettext."""
_SPEAKS: Final = re.compile(r"gettext|\{% (block)?trans|_\([\"']")
_TEMPLATE_CALL: Final = re.compile(r" ((?:p|n|np)?gettext|_)\(")
_NAMED: Final = re.compile(r"%\(([^)]*)\)[a-z]")


class BadCatalog(ProductError):
    """A catalog that cannot be read, or whose words would break a screen; the message says where."""


def messages_in(root: Path) -> Catalog:
    """Every message of the templates and Python modules below `root`, without words, in the order of files.

    Raises BadCatalog.
    """
    found = Catalog(project="review", fuzzy=False)
    for path in [*sorted((root / "templates").rglob("*.html")), *sorted((root / "reviewapp").rglob("*.py"))]:
        text = path.read_text(encoding="utf-8")
        if not _SPEAKS.search(text):
            continue
        place = str(path.relative_to(root))
        for said in _in_template(text, place) if path.suffix == ".html" else _in_module(text, place):
            _add(found, said, place)
    return found


def updated(found: Catalog, known: Catalog) -> Catalog:
    """`known` with every message of the code, and no other; words that resemble are offered as uncertain ("fuzzy")."""
    known.update(found)
    known.obsolete.clear()
    return known


def as_text(catalog: Catalog) -> str:
    """The catalog as a .po file."""
    out = BytesIO()
    write_po(out, catalog, width=0, include_lineno=False)
    return out.getvalue().decode()


def read(text: str, language: str) -> Catalog:
    """The catalog of a .po file. Raises BadCatalog with the number of the line that it cannot be read at."""
    try:
        return read_po(BytesIO(text.encode()), locale=to_locale(language), abort_invalid=True)
    except PoFileError as error:
        raise BadCatalog(
            f"Line {error.lineno + 1} is no line of a catalog: {error.line.strip()[:60]}"
        ) from error


def compiled(catalog: Catalog) -> bytes:
    """The .mo file of the messages that have words; uncertain ones stay English. Raises BadCatalog."""
    for each in catalog:
        if each.id:
            _check_words(catalog, each)
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def words_missing(catalog: Catalog) -> int:
    """How many messages a screen would show in English."""
    return sum(1 for each in catalog if each.id and (each.fuzzy or not all(_forms(each) or ("",))))


def file_of(folder: Path, language: str) -> Path:
    """Where the .po file of a language such as `pt-br` lies; the .mo lies beside it."""
    return folder / to_locale(language) / "LC_MESSAGES" / "django.po"


def _in_template(text: str, place: str) -> Iterator[dict[str, str]]:
    source = templatize(text, origin=place)
    for call in _TEMPLATE_CALL.finditer(source):
        tree = ast.parse(_until_closed(source[call.start(1) :]), mode="eval")
        yield from _calls(tree, place, _OF_TEMPLATES)


def _until_closed(source: str) -> str:
    """The call that `source` begins with."""
    for end in re.finditer(r"\)", source):
        try:
            ast.parse(source[: end.end()], mode="eval")
        except SyntaxError:
            continue
        return source[: end.end()]
    raise BadCatalog(f"This call never ends: {source[:60]}")


def _in_module(text: str, place: str) -> Iterator[dict[str, str]]:
    tree = ast.parse(text)
    called = {
        each.asname or each.name: each.name.removesuffix("_lazy").removesuffix("_noop")
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for each in node.names
    }
    return _calls(tree, place, called)


def _calls(tree: ast.AST, place: str, called: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The texts of each call of gettext by the names of its arguments; `called`: name in this file to that of gettext.

    Babel's own reader passes over what is put together.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names = _ARGUMENTS.get(called.get(node.func.id, ""))
            texts = _literals(node, len(names), place) if names else []
            if names and texts:
                yield dict(zip(names, texts, strict=True))


def _literals(call: ast.Call, count: int, place: str) -> list[str]:
    """The texts of a call; none where it looks up a message that is named elsewhere. Raises BadCatalog for a text put together."""
    texts = []
    for each in call.args[:count]:
        if isinstance(each, ast.JoinedStr | ast.BinOp | ast.Call):
            raise BadCatalog(
                f"{place}:{call.lineno}: only a literal text can be translated. Put values into placeholders."
            )
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value:
            texts.append(each.value)
    return texts if len(texts) == count else []


def _add(found: Catalog, said: dict[str, str], place: str) -> None:
    singular, plural, context = said["singular"], said.get("plural", ""), said.get("context")
    before = found.get(singular, context)
    named = before.id[1] if before and before.pluralizable else ""
    if named and plural and named != plural:
        raise BadCatalog(f"{place}: “{singular}” has two plurals. Use one of them in both places.")
    several = plural or named
    found.add((singular, several) if several else singular, context=context, locations=[(place, 0)])


def _forms(each: Message) -> tuple[str, ...]:
    return (each.string,) if isinstance(each.string, str) else tuple(each.string or ())


def _check_words(catalog: Catalog, each: Message) -> None:
    """Raise BadCatalog for words that would break the screen: with a value that the message lacks, or a single `%`."""
    if each.fuzzy or not any(_forms(each)):
        return
    problem = next(iter(each.check(catalog)), None) or _ill_formed(each)
    if problem:
        raise BadCatalog(
            f"“{_forms(each)[0][:60]}”: {problem}. Keep the placeholders as they are, and write %% for the sign."
        )


def _ill_formed(each: Message) -> Exception | None:
    """What formatting the words raises; Babel's check passes over a `%` that begins no placeholder."""
    values = dict.fromkeys(_NAMED.findall(each.id if isinstance(each.id, str) else "".join(each.id)), 0)
    try:
        for words in _forms(each) if values else ():
            words % values
    except (KeyError, TypeError, ValueError) as error:
        return error
    return None
