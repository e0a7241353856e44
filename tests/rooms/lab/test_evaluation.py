"""`manage.py evaluate` against the stand-in, and its page: the stored run is what the command printed."""

import csv
import io
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event
from reviewapp.lab.models import EvaluationRow, Study
from reviewapp.policies import reads as policies
from reviewapp.policies import reads_cases
from tests.cast import Cast
from tests.rooms.screening import desk

Clients = Callable[[Person], Client]


@pytest.fixture
def spam(db: str) -> None:
    desk.publish("spam", "harassment")


@pytest.fixture
def cases(spam: None, tmp_path: Path) -> Path:
    """The policy's own cases as a labelled file, with one row that is labelled wrongly on purpose."""
    listed = reads_cases.cases_of(policies.published_version("spam").version_id)
    rows = [
        {"id": each.code, "section": each.section, "text": each.text, "expect": each.expect}
        for each in listed
    ]
    rows.append(
        {"id": "=odd", "section": "", "text": "The river was high this morning.", "expect": "violates"}
    )
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def evaluate(*arguments: object) -> str:
    out = StringIO()
    call_command("evaluate", *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


def test_a_file_is_judged_stored_and_reported(
    cast: Cast, cases: Path, tmp_path: Path, client_for: Clients
) -> None:
    report = tmp_path / "report.json"
    with desk.standin() as url:
        said = evaluate("spam", cases, "--engine", url, "--json", report)
    told: dict[str, Any] = json.loads(report.read_text())
    study = Study.objects.get()
    assert study.state == "done" and study.answered == study.total == len(cases.read_text().splitlines())
    assert told["rows"] == told["answered"] == study.total and told["practice"] is True
    assert told["recall"]["n"] == EvaluationRow.objects.filter(expect="violates").count()
    assert told["recall"]["hits"] == EvaluationRow.objects.filter(expect="violates", label="violates").count()
    assert told["recall"]["hits"] < told["recall"]["n"], "the row labelled wrongly counts as missed"
    assert sum(sum(cells.values()) for cells in told["confusion"].values()) == study.total
    assert "=odd is violates, got allowed" in said and f"/evaluations/{study.pk}" in said
    assert list(Event.objects.order_by("at").values_list("verb", flat=True))[-2:] == [
        "study.started",
        "study.ended",
    ]
    page = client_for(cast.bo).get(f"/evaluations/{study.pk}").content.decode()
    low, high = told["recall"]["interval"]
    assert f"{100 * low:.0f}–{100 * high:.0f}, n {told['recall']['n']}" in page
    assert "practice reasoner" in page and "The river was high" in page


def test_the_files_of_a_report_carry_no_text_and_no_formula(
    cast: Cast, cases: Path, client_for: Clients
) -> None:
    with desk.standin() as url:
        evaluate("spam", cases, "--engine", url)
    key = Study.objects.get().pk
    answer = client_for(cast.au).get(f"/evaluations/{key}/rows.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == Study.objects.get().total
    assert rows[-1]["id"] == "'=odd" and "river" not in answer.content.decode()
    told = client_for(cast.au).get(f"/evaluations/{key}/report.json").json()
    assert told["id"] == str(key)
    taken = Event.objects.filter(verb="export.downloaded", actor=str(cast.au.pk))
    assert [event.data for event in taken] == [{"kind": "evaluate"}] * 2


def test_two_runs_over_the_same_rows_are_compared_row_by_row(
    cast: Cast, cases: Path, client_for: Clients, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    with desk.standin() as url:
        evaluate("spam", cases, "--engine", url)
        first = Study.objects.get().pk
        right = EvaluationRow.objects.filter(study=first, expect="violates", label="violates").first()
        assert right is not None
        EvaluationRow.objects.filter(pk=right.pk).update(label="allowed", sections=[])
        evaluate("spam", cases, "--engine", url, "--with", first, "--json", report)
    pair = json.loads(report.read_text())["comparison"]
    assert (pair["only_this_right"], pair["only_other_right"], pair["mcnemar_p"]) == (1, 0, 1.0)
    assert [flip["id"] for flip in pair["flips"]] == [right.key]
    second = Study.objects.exclude(pk=first).get().pk
    page = client_for(cast.sam).get(f"/evaluations/{second}?with={first}").content.decode()
    assert "may be chance" in page and right.key in page


def test_several_policies_are_asked_both_ways(spam: None, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    texts = [(desk.ABUSE, 1, 0), (desk.ORDINARY, 0, 0), ("Nothing is known of this.", None, 0)]
    rows = [
        {"id": n, "text": text, "labels": {"spam": spam} | ({"harassment": mark} if mark is not None else {})}
        for n, (text, mark, spam) in enumerate(texts)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    report = tmp_path / "report.json"
    with desk.standin() as url:
        evaluate("spam", path, "--also", "harassment", "--engine", url, "--json", report)
    apart, together = json.loads(report.read_text())
    assert (apart["way"], together["way"]) == ("apart", "together")
    assert apart["rows"] == together["rows"] == 2, "a row of which nothing is known is left out"
    assert apart["policies"] == together["policies"] == ["spam@1", "harassment@1"]
    assert together["comparison"]["with"] == apart["id"]
    assert apart["cost"]["prompt_tokens_a_row"] > 0 and together["cost"]["prompt_tokens_a_row"] > 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"id": 1, "text": "x", "expect": "maybe"}', "use violates or allowed"),
        ('{"id": 1, "text": "x", "expect": "violates", "section": "ZZ-9"}', "not in the policy"),
        ('{"id": 1, "expect": "violates"}', '"text" is missing'),
        ('{"id": 1, "text": "x"}', "neither"),
        ('{"id": 1, "text": "x", "labels": {"moon": 1}}', "may name"),
        ("[1]", '"text" is missing'),
        ("{", "not JSON"),
        ("", "No row of the file"),
        ('{"id": 1, "text": "x", "labels": {"hate": 1}}', "No row of the file"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(spam: None, tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line, encoding="utf-8")
    with desk.standin() as url, pytest.raises(CommandError, match=words):
        evaluate("spam", path, "--engine", url)
    assert not Study.objects.exists()


def test_an_engine_that_is_away_and_a_policy_that_is_not_there_say_so(cases: Path) -> None:
    with pytest.raises(CommandError, match="Check that it runs"):
        evaluate("spam", cases, "--engine", "http://127.0.0.1:9/v1")
    with pytest.raises(CommandError, match="no version 7 of spam"):
        evaluate("spam@7", cases, "--engine", "http://127.0.0.1:9/v1")
    with pytest.raises(CommandError, match="SLUG@N"):
        evaluate("spam@x", cases, "--engine", "http://127.0.0.1:9/v1")


def test_other_rows_cannot_be_compared(cast: Cast, cases: Path, client_for: Clients, tmp_path: Path) -> None:
    short = tmp_path / "short.jsonl"
    short.write_text(cases.read_text().splitlines()[0], encoding="utf-8")
    with desk.standin() as url:
        evaluate("spam", cases, "--engine", url)
        evaluate("spam", short, "--engine", url)
    first, second = Study.objects.order_by("started_at")
    answer = client_for(cast.bo).get(f"/evaluations/{first.pk}?with={second.pk}")
    assert answer.status_code == 404 and b"not about the same rows" in answer.content


def test_the_texts_can_be_erased_and_the_figures_stay(cast: Cast, cases: Path, client_for: Clients) -> None:
    with desk.standin() as url:
        evaluate("spam", cases, "--engine", url)
    key = Study.objects.get().pk
    before = client_for(cast.bo).get(f"/evaluations/{key}/report.json").json()
    assert client_for(cast.ana).post(f"/evaluations/{key}/forget").status_code == 403
    answer = client_for(cast.bo).post(f"/evaluations/{key}/forget", follow=True)
    assert answer.status_code == 200 and b"The river was high" not in answer.content
    assert not EvaluationRow.objects.exclude(text="", rationale="").exists()
    assert client_for(cast.bo).get(f"/evaluations/{key}/report.json").json() == before
    Study.objects.update(state="running", ended_at=None)
    assert client_for(cast.bo).post(f"/evaluations/{key}/forget").status_code == 409
    assert client_for(cast.bo).post(f"/evaluations/{cast.bo.pk}/forget").status_code == 404
