"""Trains the prefilter and writes its files. Needs scikit-learn (the `train` extra); serving never does."""

import hashlib
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.evasion import twisted
from inference.features import VERSION, WIDTH, featurise
from inference.labelled import Dataset, Row
from inference.normalise import normalise
from inference.prefilter import MODEL_FILE, WEIGHTS_FILE, Floats, Head, Prefilter, content_name
from inference.types import FAMILIES

HAS_SKLEARN = importlib.util.find_spec("sklearn") is not None
if HAS_SKLEARN:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import SGDClassifier

TARGET_RECALL = 0.99
"""Share of the dev split's violating rows, all families together, each taken once as written and once
respelt, that the threshold must send on."""
RESPELT_SHARE = 0.4
"""Share of training rows that come a second time with typing tricks, violating or not alike."""
_ALPHA = 1e-5
_EPOCHS = 8
_CHUNK = 2048
_LEAST = 20
"""Fewest rows of either label a head is trained or calibrated on."""

Marks = npt.NDArray[np.int8]


class TrainingError(Exception):
    """Training cannot go ahead; says what is missing."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is learned from (`learn`), what sets probabilities and the threshold (`calibrate`), and the
    sources left out with the reason."""

    learn: list[Row]
    calibrate: list[Row]
    left_out: dict[str, str]


def choose(rows: Sequence[Row], known: Mapping[str, Dataset]) -> Material:
    """Sorts rows by what their licence allows. A source without a known licence is left out.

    The order of files does not matter: rows go by id, so the same rows give the same weights.
    """
    left_out: dict[str, str] = {}
    for source in {row.source for row in rows}:
        if source not in known:
            left_out[source] = "licence unknown; name it in a file given with --datasets"
        elif not known[source].train:
            left_out[source] = f"{known[source].licence}: {known[source].note}"
    usable = sorted((row for row in rows if row.source not in left_out), key=lambda row: row.id)
    learn = [row for row in usable if row.split == "train"]
    return Material(learn, [row for row in usable if row.split == "dev"], left_out)


def train(material: Material, tell: Callable[[str], None]) -> tuple[npt.NDArray[np.int8], dict[str, Any]]:
    """Weights `(families, WIDTH)` int8 and the description that belongs beside them.

    Raises TrainingError when scikit-learn or rows are missing. The same rows give the same weights.
    """
    if not HAS_SKLEARN:
        raise TrainingError("Training needs scikit-learn: install the project's `train` extra and try again.")
    _check(material)
    texts, marks = _augmented(material.learn)
    tell(f"{len(texts):,} texts to learn from, {len(texts) - len(material.learn):,} of them respelt")
    matrix = _matrix(texts)
    weights = np.zeros((len(FAMILIES), WIDTH), dtype=np.int8)
    raw: list[tuple[float, float]] = []
    for k, family in enumerate(FAMILIES):
        weights[k], scale, bias = _fit(matrix, marks[:, k])
        raw.append((scale, bias))
        tell(f"head {family} fitted")
    described = _calibrated(weights, raw, material.calibrate)
    described["weights_sha256"] = hashlib.sha256(_npy(weights)).hexdigest()
    described["name"] = content_name(described["weights_sha256"], described)
    described["trained_on"] = sorted({row.source for row in material.learn})
    described["rows"] = {"train": len(material.learn), "dev": len(material.calibrate)}
    return weights, described


def write_model(folder: Path, weights: npt.NDArray[np.int8], described: Mapping[str, Any]) -> None:
    """Writes both files into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).write_bytes(_npy(weights))
    text = json.dumps(described, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / MODEL_FILE).write_text(text + "\n", "utf-8")


def _npy(weights: npt.NDArray[np.int8]) -> bytes:
    header = {"descr": "|i1", "fortran_order": False, "shape": weights.shape}
    text = f"{header}".ljust(117) + "\n"  # numpy's own header may change its padding between releases
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + weights.tobytes()


def _check(material: Material) -> None:
    for name, rows in (("train", material.learn), ("dev", material.calibrate)):
        for family in FAMILIES:
            known = [row.labels[family] for row in rows if family in row.labels]
            least = _LEAST if name == "train" else 1
            if min(sum(known), len(known) - sum(known)) < least:
                raise TrainingError(
                    f"The {name} rows hold {sum(known)} texts marked {family} and {len(known) - sum(known)} "
                    f"marked free of it; at least {least} of each are needed. Add files that label it."
                )
    if sum(row.ordinary for row in material.calibrate) < _LEAST:
        raise TrainingError("The dev rows hold no ordinary texts (all families 0) to set the budget by.")


def _augmented(rows: Sequence[Row]) -> tuple[list[str], Marks]:
    rng = Random(1)  # noqa: S311
    again = [row for row in rows if rng.random() < RESPELT_SHARE]
    texts = [normalise(row.text) for row in rows]
    texts += [normalise(twisted(row.text, rng)) for row in again]
    marks = [[int(row.labels.get(f, -1)) for f in FAMILIES] for row in (*rows, *again)]
    return texts, np.array(marks, dtype=np.int8)


def _matrix(texts: Sequence[str]) -> Any:
    indices, data, ends = [], [], [np.zeros(1, np.int32)]
    last = 0
    for start in range(0, len(texts), _CHUNK):
        grams = featurise(texts[start : start + _CHUNK])
        indices.append(grams.buckets.astype(np.int32))
        data.append(np.repeat(1 / grams.roots, np.diff(grams.starts)).astype(np.float32))
        ends.append((grams.starts[1:] + last).astype(np.int32))
        last += len(grams.buckets)
    parts = (np.concatenate(data), np.concatenate(indices), np.concatenate(ends))
    return csr_matrix(parts, shape=(len(texts), WIDTH))


def _fit(matrix: Any, marks: npt.NDArray[np.int8]) -> tuple[npt.NDArray[np.int8], float, float]:
    known = marks >= 0
    model = SGDClassifier(
        loss="log_loss",
        alpha=_ALPHA,
        max_iter=_EPOCHS,
        tol=None,
        average=True,
        class_weight="balanced",
        random_state=0,
    )
    model.fit(matrix[known], marks[known])
    weights = model.coef_.ravel()
    scale = float(np.abs(weights).max()) / 127
    return np.round(weights / scale).astype(np.int8), scale, float(model.intercept_[0])


def _calibrated(
    weights: npt.NDArray[np.int8], raw: Sequence[tuple[float, float]], rows: Sequence[Row]
) -> dict[str, Any]:
    flat = np.array([-1e9, 1e9]), np.array([0.0, 1.0])
    bare = Prefilter("uncalibrated", weights, [Head(s, b, 1.0, 0.0, *flat) for s, b in raw], 1.0)
    margins = bare.margins([row.text for row in rows])
    ordinary = np.array([row.ordinary for row in rows])
    heads = []
    for k, family in enumerate(FAMILIES):
        known = np.array([family in row.labels for row in rows])
        marks = np.array([row.labels.get(family, False) for row in rows])
        slope, offset = platt(margins[known, k], marks[known])
        knots, risks = budget(margins[ordinary, k])
        heads.append(Head(*raw[k], slope, offset, knots, risks))
    whole = Prefilter("calibrated", weights, heads, 1.0)
    violating = np.array([row.violating for row in rows])
    respelt = whole.margins([twisted(row.text, Random(row.id)) for row in rows if row.violating])  # noqa: S311
    risks = whole.risks(np.concatenate((margins[violating], respelt))).max(axis=1)
    described = {family: _plain(head) for family, head in zip(FAMILIES, heads, strict=True)}
    threshold = threshold_for(risks, TARGET_RECALL)
    return {"features": VERSION, "heads": described, "threshold": threshold, "label": Prefilter.label}


def budget(ordinary: Floats) -> tuple[Floats, Floats]:
    """Knots and risks of one head: risk of a margin = 1 - share of `ordinary` margins at least as high.

    The grid is finer near 1, where the riskiest hundredth of ordinary texts lies.
    """
    shares = np.concatenate(
        (np.linspace(0, 0.98, 197), 1 - np.geomspace(0.02, 1 / max(len(ordinary), 100), 40)[1:])
    )
    knots = np.round(np.quantile(ordinary, shares), 5)
    return np.concatenate((knots, [knots[-1] + 1e-3])), np.round(np.append(shares, 1.0), 6)


def threshold_for(risks: Floats, recall: float) -> float:
    """The highest risk at or above which at least `recall` of these violating items lie."""
    ascending = np.sort(risks)
    missed = int(np.floor(len(ascending) * (1 - recall) + 1e-9))
    return float(np.floor(ascending[missed] * 1e6) / 1e6)


def platt(margins: Floats, marks: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of a logistic curve through (margin, mark), by Newton's method.

    Targets are smoothed as in Platt 1999, so separable marks give a finite curve.
    """
    hits = int(marks.sum())
    target = np.where(marks, (hits + 1) / (hits + 2), 1 / (len(marks) - hits + 2))
    points = np.stack([margins, np.ones(len(margins))], axis=1)
    curve = np.array([1.0, 0.0])
    for _ in range(50):
        guess = 1 / (1 + np.exp(-np.clip(points @ curve, -35, 35)))
        slope = points.T @ (guess - target) + 1e-6 * curve
        bend = (points * (guess * (1 - guess) + 1e-9)[:, None]).T @ points + 1e-6 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        curve = curve - np.clip(step, -2, 2)
    return max(float(curve[0]), 1e-3), float(curve[1])


def _plain(head: Head) -> dict[str, Any]:
    numbers = {key: round(getattr(head, key), 9) for key in ("scale", "bias", "slope", "offset")}
    return {**numbers, "knots": head.knots.tolist(), "risks": head.risks.tolist()}
