"""`manage.py prefilter`: training from invented rows, measuring, scoring, and its errors."""

import gzip
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from inference.labelled import held_out
from inference.prefilter import Prefilter
from inference.types import FAMILIES

WORDS = {family: f"{family}mark" for family in FAMILIES}


def run(*arguments: object) -> str:
    out = StringIO()
    call_command("prefilter", *map(str, arguments), stdout=out)
    return out.getvalue()


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def invented(split: str, count: int, source: str = "davidson_hate_offensive") -> list[dict[str, Any]]:
    """Rows that mark one family each by an invented word, and as many ordinary ones."""
    rows = []
    for n in range(count):
        family = FAMILIES[n // 2 % len(FAMILIES)] if n % 2 else None
        text = f"note {n} about {WORDS[family] if family else 'boats'} and weather number {n % 17}"
        labels = {f: int(f == family) for f in FAMILIES}
        rows.append({"id": f"{split}-{n}", "source": source, "text": text, "labels": labels, "split": split})
    return rows


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path], str]:
    pytest.importorskip("sklearn", reason="training needs the `train` extra")
    folder = tmp_path_factory.mktemp("prefilter")
    files = [
        lines(folder / "a.jsonl.gz", invented("train", 700)),
        lines(folder / "b.jsonl", invented("dev", 300)),
    ]
    files.append(lines(folder / "c.jsonl", invented("train", 30, "stormfront_vicomtech")))
    files.append(lines(folder / "d.jsonl", invented("train", 30, "found_somewhere")))
    return folder / "model", files, run("train", *files, "--out", folder / "model")


def test_training_learns_the_families_and_sends_them_on(trained: tuple[Path, list[Path], str]) -> None:
    model = Prefilter.load(trained[0])
    scores = model.score([f"a line about {word}" for word in WORDS.values()])
    assert [max(score.heads, key=lambda f: score.heads[f]) for score in scores] == list(FAMILIES)
    assert not any(model.would_pass(score) for score in scores)
    assert model.would_pass(model.score(["note about boats and weather"])[0])


def test_training_leaves_out_share_alike_and_unknown_licences(trained: tuple[Path, list[Path], str]) -> None:
    assert Prefilter.load(trained[0]).trained_on == {"davidson_hate_offensive"}
    assert "not trained on stormfront_vicomtech: CC BY-SA" in trained[2]
    assert "not trained on found_somewhere: licence unknown" in trained[2]


def test_the_card_names_licences_and_holds_no_row(trained: tuple[Path, list[Path], str]) -> None:
    card = (trained[0] / "MODEL_CARD.md").read_text()
    assert "Copyright (c) 2017 Tom Davidson" in card
    assert "| found_somewhere | measuring only | not stated |" in card
    assert not any(row["text"] in card for row in invented("train", 700))


def test_training_twice_gives_the_same_model_whatever_the_order(
    trained: tuple[Path, list[Path], str], tmp_path: Path
) -> None:
    folder, files, _ = trained
    run("train", *reversed(files), "--out", tmp_path / "again")
    assert Prefilter.load(tmp_path / "again").name == Prefilter.load(folder).name


def test_report_leaves_out_training_rows_and_counts_the_rest(
    trained: tuple[Path, list[Path], str], tmp_path: Path
) -> None:
    folder, files, _ = trained
    text = run("report", *files, "--model", folder, "--json", tmp_path / "r.json")
    measured = json.loads((tmp_path / "r.json").read_text())
    kept_out = sum(held_out(row["id"]) for row in invented("train", 700))
    assert 0 < kept_out < 200
    assert measured["trained_on_rows_left_out"] == 700 - kept_out
    assert {name: group["rows"] for name, group in measured["groups"].items()} == {
        "own test": kept_out,
        "dev": 300,
        "unseen sets": 60,
    }
    recall = measured["groups"]["own test"]["recall"]
    assert recall["low"] <= recall["share"] <= recall["high"]
    assert f"{recall['share']:.3f} [{recall['low']:.3f}, {recall['high']:.3f}] n {recall['n']}" in text


def test_score_gives_one_line_a_row_in_order(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": n, "text": f"a calm line about boat {n}"} for n in range(1100)]
    rows += [{"external_id": "api-1", "source": "s", "content": {"text": "You are a worthless idiot"}}]
    said = run("score", lines(tmp_path / "in.jsonl.gz", rows), "--out", tmp_path / "out.jsonl")
    scored = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["id"] for line in scored] == [*(str(n) for n in range(1100)), "api-1"]
    model = Prefilter.shipped()
    assert all(set(line["heads"]) == set(FAMILIES) for line in scored)
    assert all((line["route"] == "pass") is (line["risk"] < model.threshold) for line in scored)
    assert scored[-1]["route"] == "reason"
    assert scored[-1]["risk"] == model.score(["You are a worthless idiot"])[0].risk
    assert "1,101 scored" in said
    assert model.label in said


BAD = {
    "broken": ('{"id": 1, "text": "x"}\n{oops\n', "line 2 is not JSON"),
    "no text": ('{"id": 1}\n', "line 1 is neither"),
    "no id": ('{"text": "x"}\n', "line 1 is neither"),
    "text no string": ('{"id": 1, "text": 5}\n', "line 1 is neither"),
}


@pytest.mark.parametrize("case", BAD)
def test_score_names_the_bad_line_and_leaves_no_output(case: str, tmp_path: Path) -> None:
    content, message = BAD[case]
    (tmp_path / "in.jsonl").write_text(content)
    with pytest.raises(CommandError, match=message):
        run("score", tmp_path / "in.jsonl", "--out", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


LABEL_FAULTS = {
    '{"text": "x", "labels": {}}': '"labels" is missing or empty',
    '{"text": "x", "labels": {"gossip": 1}}': "'gossip' must be one of",
    '{"text": "x", "labels": {"spam": 2}}': "'spam' must be one of",
    '{"labels": {"spam": 1}}': '"text" is missing',
}


@pytest.mark.parametrize("line", LABEL_FAULTS)
def test_report_names_what_is_wrong_with_a_labelled_row(line: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(line + "\n")
    with pytest.raises(CommandError, match=LABEL_FAULTS[line]):
        run("report", tmp_path / "rows.jsonl")


def test_a_missing_file_and_too_few_rows_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Check the name and the file"):
        run("score", tmp_path / "absent.jsonl", "--out", tmp_path / "out.jsonl")
    pytest.importorskip("sklearn", reason="training needs the `train` extra")
    few = lines(tmp_path / "few.jsonl", invented("train", 40))
    with pytest.raises(CommandError, match=r"at least 20 of each .* Add files"):
        run("train", few, "--out", tmp_path / "model")
