"""Says which language a text is written in, for texts whose sender did not say. Needs no network."""

import re
from functools import lru_cache
from typing import Any, Final

import py3langid.langid

from inference.types import UNKNOWN, Spoken

CONFIDENCE: Final = 0.7
"""Below this a text stays `und`: a wrong language keeps an item from who could read it, `und` keeps it from nobody."""
LOOKED_AT: Final = 400
"""Characters of a text that are looked at; time grows with them, and certainty hardly does."""
_LETTER: Final = re.compile(r"[^\W\d_]")
_NO_LANGUAGE: Final = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|[\d_]+")
_LABELS: Final = {
    "zxx": UNKNOWN, "pcm": UNKNOWN, "ary": "ar", "arz": "ar", "wuu": "zh", "yue": "zh", "nn": "no",
}  # fmt: skip
"""Where the library tells apart what readers do not, says that there are no words at all, or takes African American English
for Nigerian Pidgin (most of its mistakes on English): nobody's English may keep a text from people who read English."""


class Languages:
    """A loaded model of 140 languages: 80 MB, so only the process that scores loads it."""

    def __init__(self, identifier: Any) -> None:
        self._identifier = identifier

    @staticmethod
    def shipped() -> "Languages":
        """The model that comes with the library, loaded once a process (0.6 s)."""
        return _shipped()

    @property
    def labels(self) -> frozenset[str]:
        """Every code that `read` may give."""
        return frozenset(_LABELS.get(label, label) for label in self._identifier.labels)

    def read(self, text: str) -> Spoken:
        """What `text` is written in."""
        words = _NO_LANGUAGE.sub(" ", text[:LOOKED_AT])
        if not _LETTER.search(words):
            return Spoken()
        label, confidence = self._identifier.classify(words)
        likeliest = _LABELS.get(label, label)
        return Spoken(likeliest if confidence >= CONFIDENCE else UNKNOWN, likeliest)


@lru_cache(maxsize=1)
def _shipped() -> Languages:
    return Languages(
        py3langid.langid.LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
    )
