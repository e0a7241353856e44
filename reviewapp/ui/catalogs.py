"""The words of the screens as gettext catalogs: found in the code, brought up to date, read and compiled.

Needs neither gettext's programs nor a library for it, so that whoever runs the product can add a language.
"""

import ast
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from django.utils.translation import to_locale
from django.utils.translation.template import templatize

from reviewapp.ui.errors import ProductError

_CALLS: Final = {"_": "gettext", "gettext_noop": "gettext"}
"""Names under which Python modules and templatize call the functions of gettext, beside their own and the lazy ones."""
_ARGUMENTS: Final = {
    "gettext": ("singular",),
    "pgettext": ("context", "singular"),
    "ngettext": ("singular", "plural"),
    "npgettext": ("context", "singular", "plural"),
}
_SPEAKS: Final = re.compile(r"gettext|\{% (block)?trans|_\([\"']")
_TEMPLATE_CALL: Final = re.compile(r" ((?:p|n|np)?gettext|_)\(")
_PO_LINE: Final = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?)?\s*("(?:[^"\\]|\\.)*")')
_NAMED: Final = re.compile(r"%\(([^)]*)\)[a-z]")
_PERCENT: Final = re.compile(r"%(?!\([^)]*\)[a-z]|%)")


class BadCatalog(ProductError):
    """A catalog that cannot be read, or whose words would break a screen; the message says where."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what stands in the code, in which files, and its words in one language, a form for each number."""

    singular: str
    plural: str = ""
    context: str = ""
    places: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    is_fuzzy: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells one message from another: context and singular."""
        return self.context, self.singular


def messages_in(root: Path) -> list[Message]:
    """Every message of the templates and Python modules below `root`, in the order of files. Raises BadCatalog."""
    found: dict[tuple[str, str], Message] = {}
    for path in [*sorted((root / "templates").rglob("*.html")), *sorted((root / "reviewapp").rglob("*.py"))]:
        text = path.read_text(encoding="utf-8")
        if not _SPEAKS.search(text):
            continue
        place = str(path.relative_to(root))
        for each in _in_template(text, place) if path.suffix == ".html" else _in_module(text, place):
            before = found.get(each.key)
            if before and before.plural and each.plural and before.plural != each.plural:
                raise BadCatalog(
                    f"{place}: “{each.singular}” has two plurals. Use one of them in both places."
                )
            found[each.key] = _joined(before, each) if before else each
    return list(found.values())


def updated(messages: Iterable[Message], known: Iterable[Message], header: str) -> list[Message]:
    """The messages of the code with the words that a catalog has for them already; what the code dropped is dropped.

    `header`, of the catalog, says how many forms of a number there are.
    """
    forms = re.search(r"nplurals=(\d)", header)
    empty = ("",) * int(forms[1] if forms else 2)
    had = {(*each.key, each.plural): each for each in known}
    return [
        replace(each, words=before.words, is_fuzzy=before.is_fuzzy)
        if (before := had.get((*each.key, each.plural)))
        else replace(each, words=empty if each.plural else ("",))
        for each in messages
    ]


def as_text(messages: Iterable[Message], header: str) -> str:
    """The messages as a .po or .pot file; `header` has a field on each line."""
    return "\n".join(_as_text(each) for each in [Message("", words=(header,)), *messages])


def read(text: str) -> list[Message]:
    """The messages of a .po file; the first one's words are its header. Raises BadCatalog with the number of a line."""
    return [
        _read(number, lines) for number, lines in _blocks(text) if any(_PO_LINE.match(each) for each in lines)
    ]


def compiled(messages: Iterable[Message]) -> bytes:
    """The .mo file of the messages that have words; uncertain ones ("fuzzy") stay English. Raises BadCatalog."""
    told = {}
    for each in messages:
        if all(each.words) and each.words and not each.is_fuzzy:
            _check_words(each)
            key = f"{each.context}\x04{each.singular}" if each.context else each.singular
            told["\0".join((key, each.plural)) if each.plural else key] = "\0".join(each.words)
    return _as_mo(told)


def file_of(folder: Path, language: str) -> Path:
    """Where the .po file of a language such as `pt-br` lies; the .mo lies beside it."""
    return folder / to_locale(language) / "LC_MESSAGES" / "django.po"


def _joined(before: Message, after: Message) -> Message:
    places = tuple(dict.fromkeys(before.places + after.places))
    return replace(before, plural=before.plural or after.plural, places=places)


def _in_template(text: str, place: str) -> Iterator[Message]:
    source = templatize(text, origin=place)
    for call in _TEMPLATE_CALL.finditer(source):
        yield from _calls(ast.parse(_until_closed(source[call.start(1) :]), mode="eval"), place)


def _until_closed(source: str) -> str:
    """The call that `source` begins with."""
    for end in re.finditer(r"\)", source):
        try:
            ast.parse(source[: end.end()], mode="eval")
        except SyntaxError:
            continue
        return source[: end.end()]
    raise BadCatalog(f"This call never ends: {source[:60]}")


def _in_module(text: str, place: str) -> Iterator[Message]:
    return _calls(ast.parse(text), place)


def _calls(tree: ast.AST, place: str) -> Iterator[Message]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id.removesuffix("_lazy")
            names = _ARGUMENTS.get(_CALLS.get(name, name))
            texts = _literals(node, len(names), place) if names else []
            if names and texts:
                said = dict(zip(names, texts, strict=True))
                yield Message(said["singular"], said.get("plural", ""), said.get("context", ""), (place,))


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


def _quoted(text: str) -> str:
    return (
        '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'
    )


def _field(name: str, text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    return [f"{name} {_quoted(text)}"] if len(lines) < 2 else [f'{name} ""', *map(_quoted, lines)]


def _as_text(each: Message) -> str:
    lines = [f"#: {place}" for place in each.places]
    flags = [
        *(["fuzzy"] if each.is_fuzzy else []),
        *(["python-format"] if _NAMED.search(each.singular) else []),
    ]
    lines += [f"#, {', '.join(flags)}"] if flags else []
    lines += _field("msgctxt", each.context) if each.context else []
    lines += _field("msgid", each.singular)
    if not each.plural:
        return "\n".join([*lines, *_field("msgstr", each.words[0] if each.words else ""), ""])
    lines += _field("msgid_plural", each.plural)
    forms = each.words or ("", "")
    return "\n".join(
        [*lines, *(line for n, form in enumerate(forms) for line in _field(f"msgstr[{n}]", form)), ""]
    )


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """The parts of a .po file between empty lines, each with the number of its first line."""
    lines = [*text.splitlines(), ""]
    start = 0
    for number, line in enumerate(lines):
        if not line.strip():
            if number > start:
                yield start + 1, lines[start:number]
            start = number + 1


def _read(number: int, lines: list[str]) -> Message:
    fields: dict[str, str] = {}
    name = ""
    for offset, line in enumerate(lines):
        if line.startswith("#"):
            continue
        found = _PO_LINE.fullmatch(line.strip())
        if not found or not (found[1] or name) or found[1] in fields:
            raise BadCatalog(f"Line {number + offset} is no line of a catalog: {line[:60]}")
        name = found[1] or name
        fields[name] = fields.get(name, "") + str(ast.literal_eval(found[2]))
    if "msgid" not in fields:
        raise BadCatalog(f"Line {number}: a message without msgid.")
    words = tuple(text for name, text in fields.items() if name.startswith("msgstr"))
    is_fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in lines)
    places = tuple(line.removeprefix("#: ") for line in lines if line.startswith("#: "))
    return Message(
        fields["msgid"], fields.get("msgid_plural", ""), fields.get("msgctxt", ""), places, words, is_fuzzy
    )


def _check_words(each: Message) -> None:
    """Raise BadCatalog for words with a value that the message does not have: they would break the screen."""
    if "%(" not in each.singular + each.plural:
        return
    known = set(_NAMED.findall(each.singular + each.plural))
    for words in each.words:
        strange = sorted(set(_NAMED.findall(words)) - known)
        if strange or _PERCENT.search(words):
            raise BadCatalog(
                f"“{words[:60]}” has {f'%({strange[0]})s, which the English words do not have' if strange else 'a single %'}."
                " Keep the placeholders as they are, and write %% for the sign."
            )


def _as_mo(told: dict[str, str]) -> bytes:
    """The format of GNU gettext: a head of seven numbers, two tables of lengths and offsets, and the texts, sorted."""
    rows = sorted((key.encode(), words.encode()) for key, words in told.items())
    head = 7 * 4
    offset = head + 16 * len(rows)
    tables: list[bytes] = []
    texts = b""
    for column in (0, 1):
        for row in rows:
            tables.append(struct.pack("<II", len(row[column]), offset + len(texts)))
            texts += row[column] + b"\0"
    return (
        struct.pack("<7I", 0x950412DE, 0, len(rows), head, head + 8 * len(rows), 0, 0)
        + b"".join(tables)
        + texts
    )
