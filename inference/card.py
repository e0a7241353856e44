"""Writes the model card that lies beside the weights: figures, data sets, licences, limits; never a row."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inference.labelled import TEST_SHARE, Dataset
from inference.report import GROUPS, group_lines
from inference.train import RESPELT_SHARE, TARGET_RECALL

CARD_FILE = "MODEL_CARD.md"

_WHAT = """# Model card: {name}

Scores a text for six families (spam, harassment, hate, threat, self-harm, sexual) so that what is clearly
ordinary need not be read by the reasoner or by people. It closes nothing but what it passes, never acts on a
hit, and is not told who wrote the text. Written by `manage.py prefilter train`; measure it on your own rows
with `manage.py prefilter report FILE`.

**Threshold {threshold:.6f}: {label}.**
It is the one-budget {target:.0%} recall point on the dev rows, each taken once as written and once respelt.
Risk of a text = over the families, the largest share of ordinary dev texts that score lower; a text passes
below the threshold. Thresholds do not travel: compare the unseen sets below with the own test. Keep the sample
of passed items running and learn your own.

## How it is made

Normalised text (compatibility forms, lookalikes, leetspeak, invisible marks, spacing tricks) → distinct word
1-2 grams (2^18 buckets) and character 3-5 grams within words (2^19), hashed, each text of length one → one
averaged logistic regression a family, balanced classes; {respelt:.0%} of the training rows come a second time
with typing tricks. Weights are int8 with one scale a head ({size:.1f} MB). Texts over 1,500 characters are
judged in overlapping windows and keep the highest score. {train:,} rows trained on, {dev:,} calibrated on; one
near-duplicate cluster in {test} of the training sets was kept out of both and is the own test below.
"""

_LIMITS = """## Known limits (of the sets it comes with)

- English only. A text in another language gets a score that means nothing.
- Ordinary texts are *presumed* benign comments without profanity: the passed share is an upper bound. Near
  misses come from sets picked for looking toxic: their passed share is a lower bound.
- False alarms fall on people: models of this kind send on 55-95 % of counter-speech that quotes abuse, of
  reclaimed words and of plain mentions of an identity (not measured on this one), and one training set is
  known to be biased against African American English. Hence no action ever follows from a score alone.
- Spam is known only from comments under five music videos of 2013-2015: fraud, phishing and e-mail style
  spam are not covered. Sexual content rests on 71 prompts, self-harm on weak labels. Violent extremism,
  child exploitation, images and links' targets: not covered at all.
- Pooled AUC flatters, since marked and free texts partly come from different sources: read it by source.
- Probabilities are calibrated on the mix of the dev rows, not on yours.
- "Respelt" rows are respelt by this project's own tricks, part of which it was trained against: independent
  spelling tests may come out lower.
"""


def write_card(
    folder: Path,
    described: Mapping[str, Any],
    measured: Mapping[str, Any],
    speeds: Mapping[str, float],
    known: Mapping[str, Dataset],
) -> None:
    """Writes `MODEL_CARD.md` into `folder` from the model's description, its report and its speed."""
    size = sum(path.stat().st_size for path in folder.iterdir() if path.name != CARD_FILE) / 1e6
    head = _WHAT.format(
        name=described["name"],
        threshold=described["threshold"],
        label=described["label"],
        target=TARGET_RECALL,
        respelt=RESPELT_SHARE,
        size=size,
        train=described["rows"]["train"],
        dev=described["rows"]["dev"],
        test=TEST_SHARE,
    )
    parts = [head, _figures(measured), _speed(speeds), _data(described, known), _LIMITS]
    (folder / CARD_FILE).write_text("\n".join(parts), "utf-8")


def _figures(measured: Mapping[str, Any]) -> str:
    lines = [
        "## Figures",
        "",
        "Brackets: two-sided 95 % Clopper-Pearson. Family rows: recall is the share sent on",
    ]
    lines += ["by any head. AUC by family is pooled over sources.", ""]
    for name, group in measured["groups"].items():
        headings, *entries = group_lines(group)
        lines += [f"### {name.capitalize()}: {group['rows']:,} rows; {GROUPS[name]}", ""]
        lines += [_cells(headings), "|---|---|---|---|---|", *map(_cells, entries), ""]
    return "\n".join(lines)


def _speed(speeds: Mapping[str, float]) -> str:
    return (
        "## Speed\n\n"
        f"{speeds['items_per_cpu_second']:,.0f} items a CPU-second with all heads and the normaliser, in batches of "
        f"256, on the machine that trained it; one at a time {speeds['single_ms_p50']:.2f} ms (median), "
        f"{speeds['single_ms_p99']:.2f} ms (99th percentile).\n"
    )


def _data(described: Mapping[str, Any], known: Mapping[str, Dataset]) -> str:
    lines = ["## Data sets", "", "| Set | Used for | Licence | Attribution | Note |", "|---|---|---|---|---|"]
    for name in sorted({*described["trained_on"], *described["measured_on"]}):
        use = "training" if name in described["trained_on"] else "measuring only"
        entry = known.get(name, Dataset("not stated", "", False, ""))
        lines.append(f"| {name} | {use} | {entry.licence} | {entry.attribution} | {entry.note} |")
    return "\n".join(lines) + "\n"


def _cells(entry: tuple[str, str, str, str, str]) -> str:
    return "| " + " | ".join(entry) + " |"
