"""A made-up language that runs from right to left: every message in Arabic letters, a third longer.

What is still in Latin letters on a screen was not given to the translators, or is no word of the product.
`python -m tests.pseudo FOLDER` writes it, for a look with `LANGUAGE_FOLDERS=FOLDER`.
"""

import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from babel.messages.catalog import Message
from django.conf import settings

from reviewapp.ui import catalogs

if TYPE_CHECKING:
    from playwright.sync_api import Page

CODE: Final = "ar-xb"
_KEPT: Final = re.compile(r"(%\([^)]*\)[a-z]|%[a-z%]|\{[^}]*\}|<[^>]*>|&#?\w+;)")
_LETTERS: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "ابصدعفغهيجكلمنوبقرستثوخكيز" * 2
)
_LONGER: Final = "\N{ARABIC TATWEEL}"
_LATIN_LEFT: Final = (Path(__file__).parent / "latin_left.js").read_text(encoding="utf-8")


def spoken(text: str) -> str:
    """`text` in the made-up language; placeholders, tags and entities stay."""
    parts = _KEPT.split(text)
    return "".join(part if place % 2 else _said(part) for place, part in enumerate(parts))


def told(each: Message) -> str | tuple[str, ...]:
    """The words of a message in it, a form for each number."""
    return spoken(each.id) if isinstance(each.id, str) else tuple(map(spoken, each.id))


def write(folder: Path) -> Path:
    """Compile the catalog of the made-up language below `folder`, and return that."""
    path = catalogs.file_of(folder, CODE).with_suffix(".mo")
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog = catalogs.messages_in(Path(settings.BASE_DIR))
    for each in catalog:
        each.string = told(each) if each.id else each.string
    path.write_bytes(catalogs.compiled(catalog))
    return folder


def untranslated(page: "Page", names: Collection[str] = ()) -> list[str]:
    """Words in Latin letters on a page, shown or hidden, in texts and in attributes that people meet.

    Passed over: `<bdi>`, `<kbd>`, `<code>`, `<pre>`, `.mono`, `translate="no"`, and whatever names its own language or
    direction, as the content of items does; also codes of sections and cases, and `names`, which sentences hold. An attribute is a miss where none of its
    words are translated.
    """
    found: list[str] = page.evaluate(_LATIN_LEFT, sorted(names, key=len, reverse=True))
    return found


def _said(text: str) -> str:
    return re.sub(
        r"[A-Za-z]+", lambda word: word[0].translate(_LETTERS) + _LONGER * ((len(word[0]) + 1) // 3), text
    )


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
