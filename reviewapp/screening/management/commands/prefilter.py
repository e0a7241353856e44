"""`manage.py prefilter`: trains, measures and runs the prefilter on files. Needs no service."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from inference.card import write_card
from inference.labelled import LabelledRowError, Row, datasets, json_lines, read_rows
from inference.prefilter import SHIPPED, ModelFileError, Prefilter, Score
from inference.report import measure, speed, table
from inference.train import TrainingError, choose, train, write_model

BATCH = 1024


class Command(BaseCommand):
    """Three jobs on files: `train`, `report`, `score`."""

    help = "Trains and measures the prefilter on labelled files, or scores any file with the model in force."
    requires_system_checks = []  # scoring a file must work while the database is away

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The three subcommands."""
        jobs = parser.add_subparsers(dest="job", required=True)
        learn = jobs.add_parser(
            "train", help="train on labelled rows; writes weights, threshold and model card"
        )
        learn.add_argument("files", nargs="+", type=Path, metavar="FILE", help="labelled JSONL, .gz or plain")
        learn.add_argument(
            "--out", type=Path, default=SHIPPED, metavar="DIR", help="default: the shipped model"
        )
        learn.add_argument(
            "--datasets", type=Path, metavar="FILE", help="JSON with licences of further sources"
        )
        gauge = jobs.add_parser("report", help="measure the model on labelled rows")
        gauge.add_argument("files", nargs="+", type=Path, metavar="FILE", help="labelled JSONL, .gz or plain")
        gauge.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
        gauge.add_argument("--model", type=Path, metavar="DIR", help="default: the model in force")
        run = jobs.add_parser("score", help='score {"id", "text"} rows or API items by their text alone')
        run.add_argument("files", nargs=1, type=Path, metavar="FILE", help="JSONL, .gz or plain")
        run.add_argument("--out", type=Path, required=True, metavar="FILE")
        run.add_argument("--model", type=Path, metavar="DIR", help="default: the model in force")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one job. Raises CommandError with what to do about files that cannot be used."""
        jobs = {"train": self._train, "report": self._report, "score": self._score}
        try:
            jobs[options["job"]](options)
        except (LabelledRowError, ModelFileError, TrainingError) as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as trouble:
            raise CommandError(f"{trouble}. Check the path, the rights and the free space.") from trouble

    def _train(self, options: dict[str, Any]) -> None:
        known = datasets(options["datasets"])
        rows = read_rows(options["files"])
        material = choose(rows, known)
        for source, why in sorted(material.left_out.items()):
            self.stdout.write(f"not trained on {source}: {why}")
        weights, described = train(material, self.stdout.write)
        described["measured_on"] = sorted({row.source for row in rows})
        write_model(options["out"], weights, described)
        model = Prefilter.load(options["out"])
        measured = measure(model, rows)
        speeds = speed(model, _test_texts(rows, model))
        write_card(options["out"], described, measured, speeds, known)
        self.stdout.write(table(measured))
        self.stdout.write(
            f"{speeds['items_per_cpu_second']:,.0f} items a CPU-second; written to {options['out']}"
        )

    def _report(self, options: dict[str, Any]) -> None:
        measured = measure(_model(options), read_rows(options["files"]))
        self.stdout.write(table(measured))
        if options["json"]:
            options["json"].write_text(json.dumps(measured, indent=1) + "\n", "utf-8")

    def _score(self, options: dict[str, Any]) -> None:
        model, out = _model(options), options["out"]
        part = out.with_name(out.name + ".part")  # a run that stops half way leaves no short file behind
        began = time.monotonic()
        with part.open("w", encoding="utf-8") as lines:
            passed, total = _write_scores(model, options["files"][0], lines)
        part.replace(out)
        rate = total / max(time.monotonic() - began, 1e-9)
        self.stdout.write(f"{total:,} scored by {model.name} ({model.label}): {passed:,} pass, ", ending="")
        self.stdout.write(f"{total - passed:,} reason; {rate:,.0f} a second; written to {out}")


def _model(options: dict[str, Any]) -> Prefilter:
    return Prefilter.load(options["model"]) if options["model"] else Prefilter.shipped()


def _test_texts(rows: list[Row], model: Prefilter) -> list[str]:
    return [row.text for row in rows if row.split == "test" and row.source in model.trained_on]


def _write_scores(model: Prefilter, path: Path, lines: TextIO) -> tuple[int, int]:
    passed = total = 0
    for batch in _batches(path):
        for (identity, _), score in zip(batch, model.score([text for _, text in batch]), strict=True):
            passes = model.would_pass(score)
            lines.write(json.dumps(_line(identity, score, passes)) + "\n")
            passed += passes
            total += 1
    return passed, total


def _line(identity: str, score: Score, passes: bool) -> dict[str, Any]:
    heads = {family: round(p, 6) for family, p in score.heads.items()}
    return {"id": identity, "risk": score.risk, "heads": heads, "route": "pass" if passes else "reason"}


def _batches(path: Path) -> Iterator[list[tuple[str, str]]]:
    batch: list[tuple[str, str]] = []
    for number, value in json_lines(path):
        batch.append(_text_of(path, number, value))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _text_of(path: Path, number: int, value: Any) -> tuple[str, str]:
    """(id, text) of `{"id", "text"}` or of one API item."""
    row = value if isinstance(value, dict) else {}
    content = row.get("content")
    text = content.get("text") if isinstance(content, dict) else row.get("text")
    identity = row.get("id", row.get("external_id"))
    if not isinstance(identity, str | int) or not isinstance(text, str):
        raise LabelledRowError(
            f'{path} line {number} is neither {{"id", "text"}} nor an API item '
            '{"external_id", "content": {"text"}}. Mend that line.'
        )
    return str(identity), text
