"""The prefilter: six linear heads over hashed n-grams, in plain numpy, thousands of items a second.

It says how risky a text looks and which families made it so. It acts on nothing by itself.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from inference.features import VERSION, WIDTH, featurise
from inference.normalise import normalise
from inference.types import FAMILIES

SHIPPED = Path(__file__).resolve().parent / "weights"
WEIGHTS_FILE = "weights.npy"
MODEL_FILE = "model.json"

WINDOW = 1500
"""Code points judged at once: one threat in a long text must not be thinned out by the rest."""
STEP = 1200
"""From one window's start to the next; the overlap keeps a sentence at a seam whole."""
_BATCH = 256
"""Windows hashed together: fastest on a 1 MiB level-2 cache, and memory stays bounded."""

Floats = npt.NDArray[np.float64]


class ModelFileError(Exception):
    """The weights on disk are missing, damaged or made for other features. Says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Score:
    """What the prefilter makes of one text.

    `risk`: 0 to 1, higher is riskier: over the families, the largest share of ordinary texts that
    score lower. `heads`: family → calibrated probability on the mix it was trained on. `over`:
    families whose own risk reaches the threshold.
    """

    risk: float
    heads: dict[str, float]
    over: frozenset[str]


@dataclass(frozen=True, slots=True)
class Head:
    """One family. margin = `scale` · sum of int8 weights / root of n-gram count + `bias`;
    probability = sigmoid(`slope` · margin + `offset`); risk = interpolation of `risks` at `knots`."""

    scale: float
    bias: float
    slope: float
    offset: float
    knots: Floats
    risks: Floats

    def probability(self, margins: Floats) -> Floats:
        """Platt's calibration (Platt 1999) of margins of any shape."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * margins + self.offset, -35, 35))))

    def risk(self, margins: Floats) -> Floats:
        """Share of the dev split's ordinary texts below each margin."""
        return np.interp(margins, self.knots, self.risks)


class Prefilter:
    """A loaded model: weights `(families, WIDTH)` int8, one `Head` a family, one threshold on risk."""

    label = "starter threshold, not measured on your traffic"

    def __init__(
        self,
        name: str,
        weights: npt.NDArray[np.int8],
        heads: Sequence[Head],
        threshold: float,
        trained_on: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.trained_on = frozenset(trained_on)
        self.families = FAMILIES
        self.threshold = threshold
        self._weights = [weights[row] for row in range(len(FAMILIES))]
        self._heads = tuple(heads)

    @staticmethod
    def shipped() -> "Prefilter":
        """The model that comes with the product, loaded once a process; its pages are shared."""
        return _shipped()

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model in `folder`, weights memory-mapped. Raises ModelFileError."""
        described = _description(folder)
        weights = _weights(folder, described)
        try:
            heads = [_head(described["heads"][family]) for family in FAMILIES]
            return cls(
                described["name"], weights, heads, float(described["threshold"]), described["trained_on"]
            )
        except (KeyError, TypeError, ValueError) as damage:
            raise _damaged(folder / MODEL_FILE, f"lacks or garbles {damage}") from damage

    def score(self, texts: Sequence[str]) -> list[Score]:
        """One score a text, in order; a text's score does not depend on the texts beside it."""
        if not texts:
            return []
        margins = self.margins(texts)
        heads = np.stack([h.probability(margins[:, k]) for k, h in enumerate(self._heads)], axis=1)
        risks = self.risks(margins)
        return [self._score(p, r) for p, r in zip(heads.tolist(), risks.tolist(), strict=True)]

    def would_pass(self, score: Score) -> bool:
        """True below the threshold. Flags, attachments and language are the caller's to weigh."""
        return score.risk < self.threshold

    def risks(self, margins: Floats) -> Floats:
        """Per-family risk of `margins`, both `(texts, families)`; an item's risk is its row's largest."""
        return np.stack([head.risk(margins[:, k]) for k, head in enumerate(self._heads)], axis=1)

    def margins(self, texts: Sequence[str]) -> Floats:
        """Raw margins, `(texts, families)`: the largest over the windows of each text."""
        out = np.full((len(texts), len(FAMILIES)), -np.inf)
        owners: list[int] = []
        pieces: list[str] = []
        for owner, text in enumerate(texts):
            for piece in _windows(normalise(text)):
                owners.append(owner)
                pieces.append(piece)
                if len(pieces) == _BATCH:
                    np.maximum.at(out, owners, self._linear(pieces))
                    owners, pieces = [], []
        if pieces:
            np.maximum.at(out, owners, self._linear(pieces))
        return out

    def _linear(self, pieces: Sequence[str]) -> Floats:
        grams = featurise(pieces)
        columns = []
        for weights, head in zip(self._weights, self._heads, strict=True):
            running = np.zeros(len(grams.buckets) + 1, dtype=np.int64)  # whole numbers: exact everywhere
            np.cumsum(weights[grams.buckets], out=running[1:])
            sums = running[grams.starts[1:]] - running[grams.starts[:-1]]
            columns.append(sums * head.scale / grams.roots + head.bias)
        return np.stack(columns, axis=1)

    def _score(self, probabilities: list[float], risks: list[float]) -> Score:
        over = frozenset(f for f, risk in zip(FAMILIES, risks, strict=True) if risk >= self.threshold)
        return Score(max(risks), dict(zip(FAMILIES, probabilities, strict=True)), over)


@lru_cache(maxsize=1)
def _shipped() -> Prefilter:
    return Prefilter.load(SHIPPED)


def _windows(text: str) -> Iterator[str]:
    if len(text) <= WINDOW:
        yield text
        return
    for start in range(0, len(text) - WINDOW + STEP, STEP):
        yield text[start : start + WINDOW]


def content_name(weights_sha256: str, described: dict[str, Any]) -> str:
    """The model's version string: a hash of everything that can change a score."""
    kept = {key: described[key] for key in ("features", "heads", "threshold")}
    text = weights_sha256 + json.dumps(kept, sort_keys=True)
    return "prefilter-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _description(folder: Path) -> dict[str, Any]:
    path = folder / MODEL_FILE
    try:
        described = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as missing:
        raise ModelFileError(
            f"{path} is missing; restore it or run `manage.py prefilter train`."
        ) from missing
    except (OSError, ValueError) as damage:
        raise _damaged(path, "cannot be read as JSON") from damage
    if not isinstance(described, dict) or described.get("features") != VERSION:
        raise ModelFileError(
            f"{path} was made for other features than this release uses ({VERSION}); train it again."
        )
    return described


def _weights(folder: Path, described: dict[str, Any]) -> npt.NDArray[np.int8]:
    path = folder / WEIGHTS_FILE
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        weights = np.asarray(np.load(path, mmap_mode="r"))
    except FileNotFoundError as missing:
        raise ModelFileError(
            f"{path} is missing; restore it or run `manage.py prefilter train`."
        ) from missing
    except (OSError, ValueError, EOFError) as damage:
        raise _damaged(path, "cannot be read") from damage
    if weights.shape != (len(FAMILIES), WIDTH) or weights.dtype != np.int8:
        raise _damaged(path, f"holds {weights.dtype} {weights.shape}, not int8 {(len(FAMILIES), WIDTH)}")
    try:
        sound = found == described["weights_sha256"] and content_name(found, described) == described["name"]
    except KeyError as absent:
        raise _damaged(folder / MODEL_FILE, f"lacks {absent}") from absent
    if not sound:
        raise _damaged(path, f"and {MODEL_FILE} do not belong together, or one was changed")
    return weights


def _head(described: dict[str, Any]) -> Head:
    numbers = {key: float(described[key]) for key in ("scale", "bias", "slope", "offset")}
    knots = np.asarray(described["knots"], dtype=np.float64)
    risks = np.asarray(described["risks"], dtype=np.float64)
    if len(knots) != len(risks) or len(knots) < 2 or np.any(np.diff(knots) < 0):
        raise ValueError("knots")
    return Head(**numbers, knots=knots, risks=risks)


def _damaged(path: Path, how: str) -> ModelFileError:
    return ModelFileError(f"{path} {how}; restore it from the release or run `manage.py prefilter train`.")
