"""Evaluations that start on a page: the file is read line by line, the pump judges its rows, a row becomes a case."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from inference import EngineIdentity
from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event
from reviewapp.lab import actions
from reviewapp.lab.models import EvaluationRow, Study
from reviewapp.lab.reads_evaluation import evaluation_page
from reviewapp.policies import actions as policies
from reviewapp.policies.models import Case, Version
from reviewapp.screening import actions as screening
from reviewapp.screening.models import Judgement, Verdict
from reviewapp.screening.rules_line import Lane
from tests.cast import Cast
from tests.rooms.lab import stage
from tests.rooms.policies.stage import CHANGED
from tests.rooms.screening import desk

Clients = Callable[[Person], Client]
NEW = "/lab/evaluations/new"
TABLE = 'id,text,expect,section\nq1,Buy this now,violates,SP-1.1\nq2,"Hello, all",allowed,\nq3,Buy that,violates,\n'


@pytest.fixture
def published(cast: Cast) -> Version:
    return stage.draft(cast)[0]


def send(client: Client, version: Version, text: str, name: str = "gold.csv", **more: str) -> Any:
    file = SimpleUploadedFile(name, text.encode())
    return client.post(NEW, {"version": str(version.pk), "file": file, **more})


def buying(claim: screening.Claim) -> str:
    return "violates" if claim.subject.text.startswith("Buy this") else "allowed"


def started(client: Client, version: Version, text: str = TABLE) -> Study:
    answer = send(client, version, text)
    assert answer.status_code == 302, answer.content.decode()
    return Study.objects.get(pk=answer.headers["Location"].rpartition("/")[2])


def test_an_uploaded_file_is_judged_behind_live_work_and_reported(
    cast: Cast, published: Version, client_for: Clients
) -> None:
    bo = client_for(cast.bo)
    study = started(bo, published)
    page = bo.get(f"/evaluations/{study.pk}").content.decode()
    assert "0 of 3 judged" in page and "Pause" in page and "Cancel" in page
    study = stage.run_to_its_end(study.pk, buying)
    assert (study.state, study.answered, study.model) == ("done", 3, desk.IDENTITY.model)
    assert set(Judgement.objects.filter(run=study.run_id).values_list("lane", flat=True)) == {Lane.EVALUATE}
    report = evaluation_page(study.pk)
    assert (report.scores.tp, report.scores.fn, report.scores.fp) == (1, 1, 0)
    assert bo.get(f"/evaluations/{study.pk}/progress").headers["HX-Refresh"] == "true"
    page = bo.get(f"/evaluations/{study.pk}").content.decode()
    assert "Buy that" in page and "gold.csv" in page and "Pause" not in page
    assert "recall 50 %" in client_for(cast.sam).get("/lab/?kind=evaluate").content.decode()
    assert Event.objects.filter(verb="study.started", actor=str(cast.bo.pk)).exists()


def test_json_lines_and_the_command_give_runs_that_can_be_compared(
    cast: Cast, published: Version, client_for: Clients
) -> None:
    lines = "\n".join(
        json.dumps(row)
        for row in (
            {"id": "q1", "text": "Buy this now", "expect": "violates", "section": "SP-1.1"},
            {"id": "q2", "text": "Hello, all", "expect": "allowed"},
            {"id": "q3", "text": "Buy that", "expect": "violates"},
        )
    )
    bo = client_for(cast.bo)
    first = stage.run_to_its_end(started(bo, published).pk, buying)
    sent = send(bo, published, lines, "gold.jsonl")
    second = stage.run_to_its_end(sent.headers["Location"].rpartition("/")[2], lambda claim: "violates")
    pair = evaluation_page(second.pk, first.pk).comparison
    assert pair is not None and (pair.paired.only_second, pair.paired.only_first) == (1, 1)


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("a.csv", "text,label\nx,violates\n", 1, "expect is missing"),
        ("a.csv", "text,expect,colour\nx,violates,red\n", 1, "Unknown column"),
        ("a.csv", "text,expect\nx,violates\ny,perhaps\n", 3, "use violates or allowed"),
        ("a.csv", "text,expect\nx,violates,more\n", 2, "3 cells, but the first line names 2"),
        ("a.csv", 'text,expect\n"two\nlines",violates\nx,violates,y\n', 4, "3 cells"),
        ("a.csv", "text,expect,section\nx,violates,ZZ-9\n", 2, "is not in the policy"),
        ("a.jsonl", '{"text": "x", "expect": "violates"}\n\n{"text": \n', 3, "not JSON"),
        ("a.jsonl", '{"expect": "violates"}', 1, "is missing or no string"),
        ("a.csv", "", 1, "must name the columns"),
        ("a.jsonl", "  ", 1, "The file is empty"),
        ("a.jsonl", '{"text": "x", "labels": {"hate": 1}}', 1, "No row says whether it violates"),
    ],
)
def test_a_bad_file_starts_nothing_and_names_the_line(
    cast: Cast, published: Version, client_for: Clients, name: str, text: str, line: int, words: str
) -> None:
    answer = send(client_for(cast.bo), published, text, name)
    page = answer.content.decode()
    assert answer.status_code == 422 and f"line {line}<" in page and words in page
    assert f'value="{published.pk}" selected' in page, "the choice is kept"
    assert not Study.objects.exists()


def test_a_file_in_another_encoding_is_named_and_utf_16_is_read(
    cast: Cast, published: Version, client_for: Clients
) -> None:
    bo, fields = client_for(cast.bo), {"version": str(published.pk)}
    latin = SimpleUploadedFile("a.csv", "text,expect\nok,allowed\nné,allowed\n".encode("latin-1"))
    assert "line 3<" in bo.post(NEW, fields | {"file": latin}).content.decode()
    wide = SimpleUploadedFile("a.csv", TABLE.encode("utf-16"))
    assert bo.post(NEW, fields | {"file": wide}).status_code == 302


def test_bad_lines_are_left_out_on_request(cast: Cast, published: Version, client_for: Clients) -> None:
    text = TABLE + "q4,What is this,perhaps,\n"
    assert "3 can" in send(client_for(cast.bo), published, text).content.decode()
    assert send(client_for(cast.bo), published, text, leave="yes").status_code == 302
    assert Study.objects.get().total == 3


def test_without_a_file_or_a_version_the_page_says_so(
    cast: Cast, published: Version, client_for: Clients
) -> None:
    bo = client_for(cast.bo)
    assert "Choose a CSV or JSONL file" in bo.post(NEW, {"version": str(published.pk)}).content.decode()
    assert "Choose a version" in bo.post(NEW, {}).content.decode()
    assert client_for(cast.sam).get(NEW).status_code == 403


def test_it_is_paused_resumed_and_cancelled_and_keeps_what_it_had(
    cast: Cast, published: Version, client_for: Clients
) -> None:
    study = started(client_for(cast.bo), published)
    actions.advance_studies()
    actions.pause_study(study=study.pk, person=cast.bo)
    assert stage.answer(buying) == 0
    actions.resume_study(study=study.pk, person=cast.bo)
    assert stage.answer(buying, limit=1) == 1
    actions.advance_studies()
    actions.cancel_study(study=study.pk, person=cast.bo)
    page = client_for(cast.bo).get(f"/evaluations/{study.pk}").content.decode()
    assert "Cancelled after 1 of 3 rows" in page and evaluation_page(study.pk).scores.tp == 1


def test_a_draft_that_moves_and_an_engine_that_changes_stop_it_in_words(
    cast: Cast, client_for: Clients
) -> None:
    _, draft = stage.draft(cast)
    bo = client_for(cast.bo)
    moved = started(bo, draft)
    actions.advance_studies()
    row = Version.objects.get(pk=draft.pk)
    policies.save_draft(
        version=draft.pk, source=CHANGED.replace("any link", "one link"), saves=row.saves, change_note="n", person=cast.bo
    )  # fmt: skip
    actions.advance_studies()
    moved.refresh_from_db()
    assert moved.state == "failed" and "The draft changed" in moved.failure

    draft.refresh_from_db()
    mixed = started(bo, draft)
    actions.advance_studies()
    stage.answer(buying, limit=1)
    other = EngineIdentity("other", "", "2", 16_384, False, "other-signature")
    stage.answer(buying, engine=screening.note_engine(endpoint=0, identity=other))
    actions.advance_studies()
    mixed.refresh_from_db()
    assert mixed.state == "failed" and "The engine changed" in mixed.failure
    assert "The engine changed" in bo.get(f"/evaluations/{mixed.pk}").content.decode()


def test_a_failed_row_says_why_and_the_rest_counts(
    cast: Cast, published: Version, client_for: Clients
) -> None:
    study = started(client_for(cast.bo), published)
    said = stage.run_to_its_end(
        study.pk, lambda claim: "too_long" if claim.subject.text == "Buy that" else buying(claim)
    )
    assert said.state == "done" and evaluation_page(study.pk).silent.hits == 1
    assert EvaluationRow.objects.get(key="q3").failure


def test_a_row_becomes_a_case_once(cast: Cast, published: Version, client_for: Clients) -> None:
    bo = client_for(cast.bo)
    study = stage.run_to_its_end(started(bo, published).pk, lambda claim: "allowed")
    row = EvaluationRow.objects.get(key="q1")
    address = f"/evaluations/{study.pk}/rows/{row.pk}/case"
    assert address in bo.get(f"/evaluations/{study.pk}").content.decode()
    made = bo.post(address)
    case = Case.objects.get(text="Buy this now")
    assert made.status_code == 200 and case.code in made.content.decode()
    assert (case.section, case.expect) == ("SP-1.1", "violates")
    assert bo.post(address).status_code == 409
    assert case.code in bo.get(f"/evaluations/{study.pk}").content.decode()
    nowhere = EvaluationRow.objects.get(key="q3")
    assert bo.post(f"/evaluations/{study.pk}/rows/{nowhere.pk}/case").status_code == 422
    assert bo.post(f"/evaluations/{study.pk}/rows/{study.pk}/case").status_code == 404
    assert client_for(cast.sam).post(address).status_code == 403


def test_erasing_its_texts_erases_what_the_pump_was_asked_too(
    cast: Cast, published: Version, client_for: Clients
) -> None:
    bo = client_for(cast.bo)
    study = stage.run_to_its_end(started(bo, published).pk, buying)
    bo.post(f"/evaluations/{study.pk}/forget")
    assert set(Judgement.objects.filter(run=study.run_id).values_list("text", flat=True)) == {""}
    assert not Verdict.objects.filter(judgement__run=study.run_id).exclude(rationale="").exists()
    row = EvaluationRow.objects.get(key="q1")
    assert bo.post(f"/evaluations/{study.pk}/rows/{row.pk}/case").status_code == 422
    assert Event.objects.get(verb="run.texts_erased").data["count"] == 3


def test_what_the_pump_was_asked_goes_when_it_ended_and_the_rows_stay(
    cast: Cast, published: Version, client_for: Clients
) -> None:
    study = started(client_for(cast.bo), published)
    actions.advance_studies()
    stage.answer(buying)
    assert actions.forget_tries() == 0, "an open one is still read"
    stage.run_to_its_end(study.pk, buying)
    assert actions.forget_tries() == 3
    assert set(EvaluationRow.objects.values_list("text", flat=True)) == {
        "Buy this now",
        "Hello, all",
        "Buy that",
    }
