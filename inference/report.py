"""Measures a prefilter on labelled rows: recall and passed shares with exact intervals, by family and source."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.evasion import WAYS
from inference.intervals import clopper_pearson
from inference.labelled import Row
from inference.prefilter import Floats, Prefilter
from inference.types import FAMILIES

OWN_TEST = "own test"
DEV = "dev"
UNSEEN = "unseen sets"
GROUPS = {
    OWN_TEST: "clusters of the training sets kept out of training",
    DEV: "set the calibration and the threshold, so its figures flatter",
    UNSEEN: "sets nothing was trained or calibrated on",
}


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n` with its two-sided 95 % Clopper-Pearson interval; all None where n is 0."""

    hits: int
    n: int
    share: float | None
    low: float | None
    high: float | None


def share_of(marks: npt.NDArray[np.bool_]) -> Share:
    """The share of True among `marks`."""
    hits, n = int(marks.sum()), len(marks)
    if n == 0:
        return Share(0, 0, None, None, None)
    low, high = clopper_pearson(hits, n)
    return Share(hits, n, hits / n, low, high)


def auc(positive: Floats, negative: Floats) -> float | None:
    """Area under the ROC curve by ranks, ties counted half (Mann-Whitney); None where a side is empty."""
    if not len(positive) or not len(negative):
        return None
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / (2 * len(negative)))


def measure(model: Prefilter, rows: Sequence[Row]) -> dict[str, Any]:
    """Everything the table and the card show, ready for JSON. Rows the model was trained on are left
    out and counted; the others fall into the groups of `GROUPS`."""
    groups: dict[str, list[Row]] = {name: [] for name in GROUPS}
    seen = 0
    for row in rows:
        if row.source not in model.trained_on:
            groups[UNSEEN].append(row)
        elif row.split == "train":
            seen += 1
        else:
            groups[DEV if row.split == "dev" else OWN_TEST].append(row)
    measured = {name: _group(model, part, name != DEV) for name, part in groups.items() if part}
    about = {"model": model.name, "threshold": model.threshold, "label": model.label}
    return {**about, "trained_on_rows_left_out": seen, "groups": measured}


def speed(model: Prefilter, texts: Sequence[str], batch: int = 256) -> dict[str, float]:
    """Items per CPU-second in batches, and the 50th and 99th percentile in milliseconds of one at a time."""
    start = time.process_time()
    for at in range(0, len(texts), batch):
        model.score(texts[at : at + batch])
    spent = time.process_time() - start
    single = []
    for text in texts[:1000]:
        began = time.perf_counter()
        model.score([text])
        single.append(1000 * (time.perf_counter() - began))
    middle, late = np.percentile(single, [50, 99])
    return {
        "items_per_cpu_second": len(texts) / spent,
        "single_ms_p50": float(middle),
        "single_ms_p99": float(late),
    }


def _group(model: Prefilter, rows: Sequence[Row], respell: bool) -> dict[str, Any]:
    margins = model.margins([row.text for row in rows])
    risks = model.risks(margins)
    sent = risks.max(axis=1) >= model.threshold
    result = _shares(rows, sent)
    result["families"] = {
        f: _family(f, rows, margins[:, k], risks[:, k], sent, model) for k, f in enumerate(FAMILIES)
    }
    sources = sorted({row.source for row in rows})
    result["sources"] = {source: _source(source, rows, sent, margins) for source in sources}
    if respell:
        result["respelt"] = {name: _respelt(model, rows, way) for name, way in WAYS.items()}
    return result


def _shares(rows: Sequence[Row], sent: npt.NDArray[np.bool_]) -> dict[str, Any]:
    violating = np.array([row.violating for row in rows], dtype=np.bool_)
    ordinary = np.array([row.ordinary for row in rows], dtype=np.bool_)
    return {
        "rows": len(rows),
        "recall": asdict(share_of(sent[violating])),
        "near_miss_passed": asdict(share_of(~sent[~violating & ~ordinary])),
        "ordinary_passed": asdict(share_of(~sent[ordinary])),
    }


def _family(
    family: str,
    rows: Sequence[Row],
    margins: Floats,
    risks: Floats,
    sent: npt.NDArray[np.bool_],
    model: Prefilter,
) -> dict[str, Any]:
    marked = np.array([row.labels.get(family) is True for row in rows], dtype=np.bool_)
    free = np.array([row.labels.get(family) is False for row in rows], dtype=np.bool_)
    return {
        "sent_on": asdict(share_of(sent[marked])),
        "own_head_over": asdict(share_of(risks[marked] >= model.threshold)),
        "auc": auc(margins[marked], margins[free]),
        "free": int(free.sum()),
    }


def _source(source: str, rows: Sequence[Row], sent: npt.NDArray[np.bool_], margins: Floats) -> dict[str, Any]:
    here = np.array([row.source == source for row in rows], dtype=np.bool_)
    own = [row for row in rows if row.source == source]
    result = _shares(own, sent[here])
    result["auc"] = {}
    for k, family in enumerate(FAMILIES):
        marked = np.array([row.labels.get(family) is True for row in own], dtype=np.bool_)
        free = np.array([row.labels.get(family) is False for row in own], dtype=np.bool_)
        value = auc(margins[here, k][marked], margins[here, k][free])
        if value is not None:
            result["auc"][family] = value
    return result


def _respelt(model: Prefilter, rows: Sequence[Row], way: Callable[[str, Random], str]) -> dict[str, Any]:
    # the same respelling on every run; `report` keeps it apart from the dev rows' respelling
    texts = [way(row.text, Random("report" + row.id)) for row in rows]  # noqa: S311
    sent = model.risks(model.margins(texts)).max(axis=1) >= model.threshold
    shares = _shares(rows, sent)
    return {key: shares[key] for key in ("recall", "ordinary_passed")}


def table(measured: dict[str, Any]) -> str:
    """`measured` as plain text for a terminal."""
    lines = [f"{measured['model']}, threshold {measured['threshold']:.6f} ({measured['label']})"]
    if measured["trained_on_rows_left_out"]:
        lines.append(f"{measured['trained_on_rows_left_out']:,} rows left out: the model was trained on them")
    for name, group in measured["groups"].items():
        lines += ["", f"{name}: {group['rows']:,} rows; {GROUPS[name]}"]
        lines += [_line(*entry) for entry in group_lines(group)]
    return "\n".join(lines)


def group_lines(group: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Rows of (what, recall, near miss passed, ordinary passed, AUC) of one group, headings first."""
    lines = [("", "recall", "near miss passed", "ordinary passed", "AUC")]
    lines.append(("any violation", *_three(group), ""))
    for family, found in group["families"].items():
        if found["sent_on"]["n"]:
            lines.append((family, shown(found["sent_on"]), "", "", _auc(found["auc"])))
    for source, found in group["sources"].items():
        areas = ", ".join(f"{family} {value:.3f}" for family, value in found["auc"].items())
        lines.append((source, *_three(found), areas))
    for way, found in group.get("respelt", {}).items():
        lines.append((f"respelt: {way}", shown(found["recall"]), "", shown(found["ordinary_passed"]), ""))
    return lines


def shown(share: dict[str, Any]) -> str:
    """`0.990 [0.987, 0.992] n 5,097`, or nothing where there was nothing to count."""
    if not share["n"]:
        return ""
    return f"{share['share']:.3f} [{share['low']:.3f}, {share['high']:.3f}] n {share['n']:,}"


def _three(group: dict[str, Any]) -> tuple[str, str, str]:
    return shown(group["recall"]), shown(group["near_miss_passed"]), shown(group["ordinary_passed"])


def _auc(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _line(what: str, recall: str, near: str, ordinary: str, area: str) -> str:
    return f"  {what:<42} {recall:<30} {near:<30} {ordinary:<30} {area}".rstrip()
