"""Hashed word and character n-grams of a batch of texts, in plain numpy, the same on every machine.

Training and serving both read this module, so a weight always meets the feature it was learned on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WORD_BITS = 18
CHAR_BITS = 19
WIDTH = (1 << WORD_BITS) + (1 << CHAR_BITS)
"""Buckets in all: words 1-2 first, then characters 3-5 within words."""

VERSION = "hash-w12c35-1"
"""Goes into the model file: weights learned on other features must not load."""

_SPACE = 32
_ROLL = np.uint32(0x01000193)
_PAIR = np.uint32(0x9E3779B1)
_MIX_1 = np.uint32(0x7FEB352D)
_MIX_2 = np.uint32(0x846CA68B)
_LONGEST_WORD = 64
_OWNER_SHIFT = 20

_Codes = npt.NDArray[np.uint32]
_Places = npt.NDArray[np.intp]


def _word_characters() -> npt.NDArray[np.bool_]:
    plain = np.zeros(128, dtype=np.bool_)
    plain[[ord(c) for c in "abcdefghijklmnopqrstuvwxyz0123456789'_ABCDEFGHIJKLMNOPQRSTUVWXYZ"]] = True
    return plain


def _powers() -> npt.NDArray[np.uint32]:
    steps = np.full(_LONGEST_WORD, 0x01000193, dtype=np.uint32)
    steps[0] = 1
    return np.multiply.accumulate(steps, dtype=np.uint32)


_IS_WORD = _word_characters()
_POWERS = _powers()


@dataclass(frozen=True, slots=True)
class Grams:
    """The distinct n-grams of a batch: text i owns `buckets[starts[i]:starts[i + 1]]`, ascending.

    `buckets` are below `WIDTH`; `starts` has one entry more than there are texts.
    """

    buckets: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]

    @property
    def roots(self) -> npt.NDArray[np.float64]:
        """Root of the number of n-grams of each text (at least 1): each n-gram weighs its inverse,
        so that every text is a vector of length one."""
        return np.asarray(np.sqrt(np.maximum(np.diff(self.starts), 1)), dtype=np.float64)


def featurise(texts: Sequence[str]) -> Grams:
    """Distinct n-grams of normalised, single-spaced `texts`. A text's n-grams do not depend on its batch.

    Bucket = top bits of a multiplicative hash (rolling base FNV's prime, finaliser lowbias32 of
    C. Wellons) over Unicode code points, so it depends on neither platform nor Python's hash seed.
    """
    lengths = np.fromiter((len(text) + 2 for text in texts), dtype=np.intp, count=len(texts))
    bounds = np.concatenate((np.zeros(1, np.intp), np.cumsum(lengths)))
    joined = " " + "  ".join(texts) + " " if texts else ""
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32)
    found = [*_words(codes, bounds), *_characters(codes, bounds)]
    owners = np.arange(len(texts), dtype=np.int64) << _OWNER_SHIFT
    keys = np.concatenate([np.repeat(owners, np.diff(starts)) + buckets for buckets, starts in found])
    keys.sort()
    keys = keys[np.diff(keys, prepend=-1) != 0]
    starts = np.searchsorted(keys, np.arange(len(texts) + 1, dtype=np.int64) << _OWNER_SHIFT)
    return Grams((keys & ((1 << _OWNER_SHIFT) - 1)).astype(np.intp), starts.astype(np.intp))


def _mixed(hashes: _Codes, kind: int, bits: int) -> _Codes:
    mixed = hashes + np.uint32(kind * 0x3C6EF372 & 0xFFFFFFFF)
    mixed ^= mixed >> np.uint32(16)
    mixed *= _MIX_1
    mixed ^= mixed >> np.uint32(15)
    mixed *= _MIX_2
    return mixed >> np.uint32(32 - bits)


def _words(codes: _Codes, bounds: _Places) -> Iterator[tuple[_Codes, _Places]]:
    inside = _IS_WORD[np.minimum(codes, 127)] | (codes > 127)
    edge = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0))
    first, after = edge[::2], edge[1::2]
    since = np.concatenate(([0], first))
    place = np.arange(len(codes)) - np.repeat(since, np.diff(since, append=len(codes)))
    terms = codes * _POWERS[np.minimum(place, _LONGEST_WORD - 1)]
    running = np.concatenate((np.zeros(1, np.uint32), np.cumsum(terms, dtype=np.uint32)))
    words = running[after] - running[first]
    starts = np.searchsorted(first, bounds)
    yield _mixed(words, 1, WORD_BITS), starts
    if len(words) < 2:
        return
    together = np.ones(len(words) - 1, dtype=np.bool_)
    cuts = starts[(starts > 0) & (starts < len(words))]
    together[cuts - 1] = False
    pairs = (words[:-1] * _PAIR + words[1:])[together]
    kept = np.concatenate(([0], np.cumsum(together)))
    yield _mixed(pairs, 2, WORD_BITS), kept[np.minimum(starts, len(together))]


def _characters(codes: _Codes, bounds: _Places) -> Iterator[tuple[_Codes, _Places]]:
    spaces = np.concatenate(([0], np.cumsum(codes == _SPACE)))
    rolled = codes[:-1] * _ROLL + codes[1:]
    for size in (3, 4, 5):
        rolled = rolled[: max(len(codes) - size + 1, 0)] * _ROLL + codes[size - 1 :]
        inner = spaces[size - 1 : size - 1 + len(rolled)] - spaces[1 : 1 + len(rolled)]
        valid = np.flatnonzero(inner == 0)  # a space only at either end: n-grams stay within a word
        yield (
            _mixed(rolled[valid], size, CHAR_BITS) + np.uint32(1 << WORD_BITS),
            np.searchsorted(valid, bounds),
        )
