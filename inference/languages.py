"""Says which language a text is written in, for texts whose sender did not say. Needs no network."""

import re
from functools import lru_cache
from typing import Any, Final

import py3langid.langid

UNKNOWN: Final = "und"
CONFIDENCE: Final = 0.7
"""Below this a text stays `und`: a wrong language keeps an item from who could read it, `und` keeps it from nobody."""
LOOKED_AT: Final = 400
"""Characters of a text that are looked at; time grows with them, and certainty hardly does."""
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
        """Every code that `detect` may give."""
        return frozenset(_LABELS.get(label, label) for label in self._identifier.labels)

    def detect(self, text: str) -> str:
        """The code of the language of `text` (ISO 639, such as `de`), or `und` where that is not sure enough."""
        words = _NO_LANGUAGE.sub(" ", text[:LOOKED_AT])
        label, confidence = self._identifier.classify(words)
        return _LABELS.get(label, label) if confidence >= CONFIDENCE else UNKNOWN


@lru_cache(maxsize=1)
def _shipped() -> Languages:
    return Languages(
        py3langid.langid.LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
    )
