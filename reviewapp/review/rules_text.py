"""How text under review is cut for the screen: evidence marks, and characters that would hide or turn text. Pure."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from reviewapp.review.rules_mask import Mask, Veil
from reviewapp.review.rules_mask import label as mask_label
from reviewapp.review.rules_mask import masks as masks_of

MARKS_ON_UP_TO_WORDS: Final = 150
"""Longer items start with their evidence marks off."""

_NAMES: Final = {
    0x00AD: gettext_noop("soft hyphen"), 0x061C: "ALM", 0x180E: gettext_noop("vowel separator"), 0x200B: gettext_noop("zero-width space"), 0x200E: "LRM",
    0x200F: "RLM", 0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO", 0x2060: gettext_noop("word joiner"),
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0xFEFF: "BOM",
}  # fmt: skip

_INVISIBLE: Final = re.compile(
    "([\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f\\U000e0000-\\U000e007f"
    + "".join(chr(code) for code in _NAMES)
    + "])"
)
_UNSEEN: Final = re.compile(f"{_INVISIBLE.pattern}+")
NOTHING_MASKED: Final = Veil()


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of one paragraph. `side` is for, against or empty; `badge` stands on the last run of a mark;
    `control` names an invisible character that `text` makes visible. Where `mask` says something, it stands in the place
    of the text until somebody reveals it under `key`; `kind` is the mask's. `edge` is from or to where the part begins or ends that a finding is
    about; such a run has no text."""

    text: str
    side: str = ""
    badge: str = ""
    anchor: str = ""
    control: str = ""
    mask: str = ""
    kind: str = ""
    key: str = ""
    edge: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """One quotation of the reasoner: its badge (1, 2 … for violation; a, b … against), and whether the text has it."""

    badge: str
    text: str
    found: bool

    @property
    def part(self) -> str:
        """What the keys of its masks begin with."""
        return f"q{self.badge}-"


@dataclass(frozen=True, slots=True)
class Marked:
    """A text cut into paragraphs of runs, and its quotations with their badges."""

    paragraphs: tuple[tuple[Run, ...], ...]
    quotes_for: tuple[Quote, ...]
    quotes_against: tuple[Quote, ...]
    words: int


def mark(
    text: str,
    quotes_for: Sequence[str] = (),
    quotes_against: Sequence[str] = (),
    *,
    masks: Sequence[Mask] = (),
    part: str = "",
    place: tuple[int, int] | None = None,
) -> Marked:
    """Cut `text` at its line ends, at its masks, and at the quotations, which must be in it word for word.

    A quotation that overlaps one placed before it keeps its place in the list but gets no mark. `masks` are in order and
    apart; their keys are `part` and a number, and a mask that quotations cut keeps one key in all its pieces.
    `place` is the part, in characters, that a finding in a long text is about; its edges become runs of their own.
    """
    spans: list[tuple[int, int, str, str]] = []
    listed = {
        side: tuple(
            _place(text, quote, badge, side, spans) for quote, badge in zip(quotes, badges, strict=False)
        )
        for side, quotes, badges in (
            ("for", quotes_for, [str(number) for number in range(1, 100)]),
            ("against", quotes_against, [chr(97 + place) for place in range(26)]),
        )
    }
    runs = _runs(text, sorted(spans), _Masked(text, masks, part, place))
    return Marked(tuple(_paragraphs(runs)), listed["for"], listed["against"], len(text.split()))


def plain(text: str, *, masks: Sequence[Mask] = (), part: str = "") -> tuple[tuple[Run, ...], ...]:
    """Paragraphs of runs without any marks; masks as `mark` takes them."""
    return mark(text, masks=masks, part=part).paragraphs


def masked_places(paragraphs: Sequence[Sequence[Run]]) -> dict[str, str]:
    """Key to kind of every masked place, in the order of reading."""
    return {run.key: run.kind for paragraph in paragraphs for run in paragraph if run.mask}


def preview(text: str, most: int = 90, *, veil: Veil = NOTHING_MASKED) -> str:
    """The first words on one line, for lists and for “next is ready”; ⟨·⟩ stands for what cannot be seen there.

    What `veil` masks stands there as ⟨kind · length⟩; its mode `whole` masks all of it, as a list knows no severity.
    """
    if veil.mode == "whole" and text.strip():
        return f"⟨{mask_label(text, 'text')}⟩"
    # Masked before it is cut, or the end of a line would show half a word that the list of words does not know.
    head = text[: most * 20]
    cut = tuple(
        quote[: len(head) - start] for quote in veil.quotes if 0 <= (start := text.find(quote)) < len(head)
    )
    pieces: list[str] = []
    at = 0
    for each in replace(veil, quotes=cut).over(head):
        pieces += [head[at : each.start], f"⟨{mask_label(head[each.start : each.end], each.kind)}⟩"]
        at = each.end
    line = " ".join("".join([*pieces, head[at:]]).split())
    return _UNSEEN.sub("⟨·⟩", line if len(line) <= most else _cut(line[: most - 1], veil.mode))


def _cut(line: str, mode: str) -> str:
    """The cut may have made a severe word of a harmless longer one; then all of that goes."""
    found = masks_of(line, mode)
    return line[: found[0].start if found else None].rstrip() + "…"


def visible(text: str) -> str:
    """The text with each character that cannot be seen replaced by its name in ⟨⟩; line ends stay."""
    return "".join(run.text for run in _visible(text, ""))


def control_name(character: str) -> str:
    """The name of a character that cannot be seen but changes what is seen; empty for every other one."""
    code = ord(character)
    if code in _NAMES:
        return _(_NAMES[code])
    if 0xE0000 <= code <= 0xE007F:
        return _("tag %(code)s") % {"code": f"U+{code:05X}"}
    if character not in "\n\t" and unicodedata.category(character) == "Cc":
        return f"U+{code:04X}"
    return ""


def host_of(address: str) -> str:
    """The host that an address names, as written; empty where it names none that can be read."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _place(text: str, quote: str, badge: str, side: str, spans: list[tuple[int, int, str, str]]) -> Quote:
    start = text.find(quote) if quote.strip() else -1
    while start >= 0 and any(start < end and start + len(quote) > begin for begin, end, _, _ in spans):
        start = text.find(quote, start + 1)
    if start >= 0:
        spans.append((start, start + len(quote), side, badge))
    return Quote(badge, quote, start >= 0)


class _Masked:
    """The masks of one text and the edges of the part that counts, as runs of any piece of it."""

    def __init__(self, text: str, masks: Sequence[Mask], part: str, place: tuple[int, int] | None) -> None:
        self.text, self.masks, self.part = text, masks, part
        self.ends = [each.end for each in masks]
        self.edges = (
            ((place[0], "from"), (min(place[1], len(text)), "to")) if place and place[0] < len(text) else ()
        )

    def runs(self, start: int, end: int, side: str) -> list[Run]:
        """Runs of the piece from `start` to `end`; an edge stands in the one piece that it opens or closes."""
        found: list[Run] = []
        at = start
        for where, edge in self.edges:
            if (edge == "from" and start <= where < end) or (edge == "to" and start < where <= end):
                found += [*self._inner(at, where, side), Run("", side, edge=edge)]
                at = where
        return found + self._inner(at, end, side)

    def _inner(self, start: int, end: int, side: str) -> list[Run]:
        found: list[Run] = []
        at = start
        for number in range(bisect_right(self.ends, start), len(self.masks)):
            each = self.masks[number]
            if each.start >= end:
                break
            found += _visible(self.text[at : max(at, each.start)], side)
            at = min(each.end, end)
            found += self._hidden(
                self.text[max(start, each.start) : at], side, each.kind, f"{self.part}{number + 1}"
            )
        return found + _visible(self.text[at:end], side)

    def _hidden(self, text: str, side: str, kind: str, key: str) -> Iterator[Run]:
        """A masked piece, cut at its line ends only."""
        for number, line in enumerate(text.split("\n")):
            if number:
                yield Run("\n", side)
            if line:
                yield Run(visible(line), side, mask=mask_label(line, kind), kind=kind, key=key)


def _runs(text: str, spans: Sequence[tuple[int, int, str, str]], masked: _Masked) -> list[Run]:
    runs: list[Run] = []
    at = 0
    for start, end, side, badge in spans:
        runs += masked.runs(at, start, "")
        marked = masked.runs(start, end, side)
        marked[0] = replace(marked[0], anchor=f"ev-{badge}")
        marked[-1] = replace(marked[-1], badge=badge)
        runs += marked
        at = end
    return runs + masked.runs(at, len(text), "")


def _visible(text: str, side: str) -> list[Run]:
    """Runs of `text`: newlines and invisible characters are runs of their own."""
    runs = []
    for piece in _INVISIBLE.split(text):
        name = control_name(piece) if len(piece) == 1 else ""
        if piece:
            runs.append(Run(f"⟨{name}⟩" if name else piece, side, control=name))
    return runs


def _paragraphs(runs: Sequence[Run]) -> list[tuple[Run, ...]]:
    paragraphs: list[list[Run]] = [[]]
    for run in runs:
        if run.text != "\n":
            paragraphs[-1].append(run)
            continue
        # A mark that ends or starts at a line end keeps its badge and its anchor.
        if run.badge or run.anchor:
            paragraphs[-1].append(Run("", run.side, run.badge, run.anchor))
        paragraphs.append([])
    return [tuple(each) for each in paragraphs if each]
