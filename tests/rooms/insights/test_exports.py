"""Exports: what is in them, what never is, and that they survive kills and cancels."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction

from reviewapp.audit.actions import OPERATOR, Actor, place_events, record
from reviewapp.audit.models import Event
from reviewapp.ids import new_id
from reviewapp.insights import actions, chunks, jobs, spool
from reviewapp.insights.models import Export
from tests.cast import Cast
from tests.hostile import CORPUS
from tests.rooms.insights.rows import a_decision, a_verdict, an_item, release

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "REVIEW_HOME", tmp_path)
    return tmp_path


def exported(kind: str, format: str, tmp: Path, **options: Any) -> str:
    out = tmp / f"out.{format}"
    call_command("export", kind, format=format, out=out, stdout=io.StringIO(), **options)
    return out.read_bytes().decode()


def table(kind: str, tmp: Path, **options: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(kind, "csv", tmp, **options), newline=""), strict=True))


def lines(kind: str, tmp: Path, **options: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(kind, "jsonl", tmp, **options).split("\n") if line]


def some_events(count: int) -> None:
    for _ in range(count):
        with transaction.atomic():
            record(verb="person.signed_in", actor=OPERATOR, subjects=[new_id()])


@pytest.mark.parametrize(
    "text", [*FORMULAS, 'say "hi", then\r\nleave', "plain", "", "a;b", "{{ x }}", "\\N", "\\."]
)
def test_no_cell_is_a_formula_and_every_text_comes_back(cast: Cast, home: Path, text: str) -> None:
    a_decision(an_item(text, source=text or "s", external_id=text or "e"), cast.ana, reason=text)
    shown = f"'{text}" if text in FORMULAS else text
    (item,), (decision,) = table("items", home), table("decisions", home)
    assert item["text"] == shown
    assert decision["reason"] == shown
    assert item["source"] == decision["source"] == (shown or "s")
    assert lines("items", home)[0]["text"] == text


def test_lines_end_as_rfc_4180_says(cast: Cast, home: Path) -> None:
    a_decision(an_item("two\nlines"), cast.ana)
    raw = exported("items", "csv", home)
    assert raw.startswith("id,source,external_id,") and raw.endswith("\r\n")
    assert raw.count("\r\n") == 2


def test_a_decision_says_what_it_rests_on_and_no_name(cast: Cast, home: Path) -> None:
    item = an_item("buy now")
    made = a_decision(item, cast.ana)
    (row,) = lines("decisions", home)
    assert row["position"] == 1 and row["id"] == str(made.pk) and row["item"] == str(item.pk)
    assert row["findings"] == [{"policy": "spam", "version": 1, "section": "SP-1.1"}]
    assert row["actions"] == [{"code": "remove", "parameters": {}}]
    assert row["reviewer"] == "reviewer-ana"
    assert cast.ana.email not in exported("decisions", "csv", home)


def test_what_is_not_final_undone_restricted_golden_or_erased_is_absent(cast: Cast, home: Path) -> None:
    a_decision(an_item("waits"), cast.ana, final=False)
    undone = a_decision(an_item("undone"), cast.ana)
    release(a_decision(undone.item, cast.ana, kind="undone", label=None, replaces=undone, final=False).pk)
    for fields in ({"restricted": True}, {"purpose": "golden"}, {"state": "erased"}):
        hidden = an_item("hidden", **fields)
        a_decision(hidden, cast.ana)
        a_verdict(hidden)
    kept = a_decision(an_item("kept"), cast.ana)
    assert [row["id"] for row in lines("decisions", home)] == [str(kept.pk)]
    assert sorted(row["text"] for row in lines("items", home)) == ["kept", "undone", "waits"]
    assert lines("verdicts", home) == []


def test_a_verdict_comes_without_its_raw_reasoning(cast: Cast, home: Path) -> None:
    a_verdict(an_item(), rationale="=HYPERLINK(1)")
    (row,) = table("verdicts", home)
    assert row["rationale"] == "'=HYPERLINK(1)" and row["practice"] == "true"
    assert "SECRET" not in exported("verdicts", "jsonl", home)


def test_chunks_follow_each_other_without_gap_or_repeat(
    cast: Cast, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "ROWS", 3)
    some_events(7)
    for _ in range(7):
        a_verdict(an_item())
    positions = [row["position"] for row in lines("audit", home)]
    assert positions == list(range(1, len(positions) + 1)) and len(positions) >= 7
    assert len({row["id"] for row in lines("items", home)}) == len(lines("items", home)) == 7
    assert len({row["id"] for row in lines("verdicts", home)}) == 7


def test_since_gives_only_what_came_later(cast: Cast, home: Path) -> None:
    first, second = a_decision(an_item(), cast.ana), a_decision(an_item(), cast.mo)
    assert [row["id"] for row in lines("decisions", home, since="1")] == [str(second.pk)]
    assert [row["id"] for row in lines("decisions", home, since="2020-01-01")] == [
        str(first.pk),
        str(second.pk),
    ]
    assert lines("decisions", home, since="2999-01-01") == []
    assert lines("items", home, since="2999-01-01T00:00:00Z") == []
    with pytest.raises(CommandError, match="position"):
        exported("items", "csv", home, since="7")
    with pytest.raises(CommandError, match="2026-01-31"):
        exported("items", "csv", home, since="yesterday")


def test_a_wish_that_cannot_be_says_what_can(db: str, home: Path) -> None:
    for kind, format, words in [
        ("people", "csv", "decisions"),
        ("items", "xml", "jsonl"),
        ("items", "parquet", "csv or jsonl"),
    ]:
        with pytest.raises(CommandError, match=words):
            exported(kind, format, home)


def test_an_event_older_than_usual_is_still_found(
    db: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_events(3)
    place_events()
    monkeypatch.setattr(chunks, "_USUAL_LAG", -chunks._USUAL_LAG)
    assert len(lines("audit", home)) >= 3


def asked(cast: Cast, kind: str = "audit") -> Export:
    key = actions.ask_export(kind=kind, format="jsonl", actor=Actor.person(cast.au.pk), person=cast.au.pk)
    return Export.objects.get(pk=key)


def file_of(export: Export) -> Path:
    return spool.path_of(export.pk, export.format)


def test_the_job_writes_the_file_and_proves_it(cast: Cast, home: Path) -> None:
    some_events(5)
    export = asked(cast)
    assert jobs.write_exports() == 1
    export.refresh_from_db()
    data = file_of(export).read_bytes()
    assert export.state == "done" and export.sha256 == hashlib.sha256(data).hexdigest()
    assert export.rows_done == data.count(b"\n") and export.bytes_done == len(data)
    assert file_of(export).stat().st_mode & 0o777 == 0o600
    assert Event.objects.get(verb="export.written").data["sha256"] == export.sha256


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours may catch it."""


@pytest.mark.parametrize(
    "moment", ["before the cursor is stored", "after the cursor is stored", "after the rename"]
)
def test_a_killed_writer_is_followed_by_one_that_ends_the_same_file(
    cast: Cast, home: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(chunks, "ROWS", 2)
    some_events(7)
    whole = asked(cast)
    jobs.write_exports()
    export = asked(cast)
    real_progress, real_finish, calls = actions.note_progress, actions.finish_export, []

    def progress(**values: Any) -> Export:
        calls.append(1)
        if moment.startswith("before") and len(calls) == 2:
            raise Killed
        held = real_progress(**values)
        if moment == "after the cursor is stored" and len(calls) == 2:
            raise Killed
        return held

    def finish(**values: Any) -> None:
        if moment == "after the rename":
            raise Killed
        real_finish(**values)

    with monkeypatch.context() as patch:
        patch.setattr(actions, "note_progress", progress)
        patch.setattr(actions, "finish_export", finish)
        with pytest.raises(Killed):
            jobs.write_exports()
    assert jobs.write_exports() == 0, "the lease still holds"
    Export.objects.filter(pk=export.pk).update(lease_until="2000-01-01T00:00:00Z")
    assert jobs.write_exports() == 1
    rows = [json.loads(line)["position"] for line in file_of(export).read_text().splitlines()]
    assert rows == list(range(1, len(rows) + 1))
    assert file_of(export).read_text().startswith(file_of(whole).read_text())


def test_a_cancelled_export_stops_at_the_next_chunk_and_leaves_no_file(
    cast: Cast, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "ROWS", 2)
    some_events(7)
    export = asked(cast)
    real = actions.note_progress

    def cancel_meanwhile(**values: Any) -> Export:
        actions.cancel_export(export=export.pk, actor=Actor.person(cast.au.pk))
        return real(**values)

    monkeypatch.setattr(actions, "note_progress", cancel_meanwhile)
    assert jobs.write_exports() == 0
    export.refresh_from_db()
    assert export.state == "cancelled"
    assert list((home / "exports").iterdir()) == []


def test_a_full_disk_is_said_and_the_next_export_goes_on(
    cast: Cast, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_events(2)
    export, following = asked(cast), asked(cast)
    real = spool.Spool.settle

    def full(self: spool.Spool) -> None:
        if str(export.pk) in str(self._file.name) or not following.rows_done:
            following.rows_done = 1
            raise OSError(28, "No space left on device")
        real(self)

    monkeypatch.setattr(spool.Spool, "settle", full)
    assert jobs.write_exports() == 1
    export.refresh_from_db()
    assert export.state == "failed" and "No space left" in export.failure and "ask again" in export.failure


def test_erasure_takes_written_files_away_and_starts_running_ones_again(cast: Cast, home: Path) -> None:
    item = an_item("to be forgotten", author="gone")
    an_item("stays")
    export = asked(cast, "items")
    jobs.write_exports()
    running = asked(cast, "items")
    Export.objects.filter(pk=running.pk).update(state="running", cursor={"after": 9}, bytes_done=9)
    assert "forgotten" in file_of(export).read_text()
    actions.erase(items=[item.pk], actor=OPERATOR)
    export.refresh_from_db()
    assert export.state == "expired" and not file_of(export).exists()
    jobs.write_exports()
    assert "stays" in file_of(running).read_text() and "forgotten" not in file_of(running).read_text()


def test_files_go_after_a_week(cast: Cast, home: Path) -> None:
    export = asked(cast)
    jobs.write_exports()
    assert actions.tend_exports() == 0
    Export.objects.filter(pk=export.pk).update(done_at="2020-01-01T00:00:00Z")
    assert actions.tend_exports() == 1
    assert not file_of(export).exists()


def test_hostile_texts_come_back_word_for_word_and_none_breaks_out_of_its_cell(
    cast: Cast, home: Path
) -> None:
    texts = {f"case-{number}": text for number, text in enumerate(CORPUS) if _storable(text)}
    for key, text in texts.items():
        an_item(text, external_id=key)
    assert {row["external_id"]: row["text"] for row in lines("items", home)} == texts
    shown = {row["external_id"]: row["text"] for row in table("items", home)}
    assert {key: text.removeprefix("'") for key, text in shown.items()} == {
        key: text.removeprefix("'") for key, text in texts.items()
    }


def _storable(text: str) -> bool:
    """What intake lets in: no NUL, no lone surrogate."""
    return "\0" not in text and not any(0xD800 <= ord(character) < 0xE000 for character in text)
