"""The ways in which a model may read a text: as it stands, in plain letters, and with what is encoded in it decoded."""

import base64
import binascii
import codecs
import html
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from urllib.parse import unquote

from inference.normalise import folded

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-fA-F]{1,5}|lt|gt|quot|amp);")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_TURNED = re.compile(r"\b(?:rot[- ]?13|caesar)\b", re.I)
_RUNS = re.compile(r"[A-Za-z0-9+/_-]{40,8000}={0,6}|(?:[0-9a-fA-F]{2}[\s:]?){40,4000}")
_TWO_FIGURES = re.compile(r"\d\d")  # far cheaper to look for, and most texts have none
_FIGURES = re.compile(r"(?:\b\d{2,3}\b[ ,]{1,2}){30,2000}|(?:\b[01]{8}\b ?){20,2000}")
_LINK = re.compile(r"https?://\S{1,2000}", re.I)
_LONG, _VARIED, _MOST_RUNS = 120, 12, 40


def views(text: str) -> list[str]:
    """The text and what else it can be read as; the text itself comes first and equal views are left out."""
    return list(dict.fromkeys(_views(text)))


def encoded_text(text: str) -> bool:
    """Whether a run of the text is readable words in base64, hex or figures, or too long and varied to be words."""
    if _TWO_FIGURES.search(text) and _FIGURES.search(text):
        return True
    if any(_readable(data) for run in _runs(text) for data in _decoded(run)):
        return True
    for run in _runs(_LINK.sub(" ", text)):
        body = run.rstrip("=")
        mixed = re.search(r"[a-z]", body) and re.search(r"[A-Z0-9]", body)
        if len(body) >= _LONG and len(set(body)) >= _VARIED and mixed:
            return True
    return False


def _views(text: str) -> Iterator[str]:
    yield text
    if not text.isascii() or "\x00" in text:
        yield folded(text.replace("\x00", ""))
    if _ENTITY.search(text):
        yield html.unescape(text)
    if _PERCENT.search(text):
        yield unquote(text)
    if _ESCAPE.search(text):
        yield _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
    if _TURNED.search(text):
        yield codecs.encode(text, "rot13")
    for run in _runs(text):
        yield from (data.decode() for data in _decoded(run) if _readable(data))


@lru_cache(maxsize=4)  # asked for three times a text
def _runs(text: str) -> tuple[str, ...]:
    return tuple(match.group() for match in islice(_RUNS.finditer(text), _MOST_RUNS))


def _decoded(run: str) -> Iterator[bytes]:
    """The bytes that the run may stand for, in each encoding whose alphabet it keeps to."""
    digits = re.sub(r"[\s:]", "", run)
    if re.fullmatch(r"[0-9a-fA-F]+", digits) and len(digits) % 2 == 0:
        yield bytes.fromhex(digits)
    body = run.strip().rstrip("=")
    try:
        yield base64.b64decode(body.replace("-", "+").replace("_", "/") + "=" * (-len(body) % 4))
        yield base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        return


def _readable(data: bytes) -> bool:
    """Whether the bytes are several words of plain text."""
    return len(data) >= 20 and all(32 <= byte < 127 or byte in b"\n\r\t" for byte in data) and b" " in data
