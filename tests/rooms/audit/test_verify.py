"""Whoever edits the log behind the product's back, the check names the first bad record."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import transaction

from reviewapp.audit import actions, proof, reads
from reviewapp.ids import new_id
from tests.databases import url_of

Tamper = Callable[[str], None]


@pytest.fixture
def tamper(db: str) -> Tamper:
    """Ten events, and a way to change them as the owner with the triggers off."""
    for number in range(10):
        with transaction.atomic():
            actions.record(
                verb="export.written", actor=actions.OPERATOR, subjects=[new_id()], data={"rows": number}
            )
    actions.place_events()

    def run(statement: str) -> None:
        with psycopg.connect(url_of(db, owner=True), autocommit=True) as owner:
            for table in ("audit_event", "audit_position"):
                owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            owner.execute(statement)

    return run


def test_an_untouched_log_is_sound(tamper: Tamper) -> None:
    out = io.StringIO()
    call_command("audit", "verify", stdout=out)
    assert "10 events are sound" in out.getvalue()


AT_5 = "(SELECT subject FROM audit_position WHERE feed = 'audit' AND position = 5)"
AT_8 = "(SELECT subject FROM audit_position WHERE feed = 'audit' AND position = 8)"


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        (f"UPDATE audit_event SET data = '{{\"rows\": 99}}' WHERE id = {AT_5}", 5),
        (f"UPDATE audit_event SET verb = 'export.asked' WHERE id = {AT_5}", 5),
        (f"UPDATE audit_event SET actor = 'Shell' WHERE id = {AT_5}", 5),
        (f"UPDATE audit_event SET at = at + interval '1 microsecond' WHERE id = {AT_5}", 5),
        (f"UPDATE audit_event SET subjects = subjects || subjects WHERE id = {AT_5}", 5),
        (f"UPDATE audit_event SET leaf = set_byte(leaf, 7, get_byte(leaf, 7) # 1) WHERE id = {AT_5}", 5),
        (f"DELETE FROM audit_event WHERE id = {AT_5}", 5),
        ("DELETE FROM audit_position WHERE position = 5", 5),
        ("DELETE FROM audit_position WHERE position = 10", 10),
        ("UPDATE audit_position SET position = 12 WHERE position = 10", 10),
        (
            f"UPDATE audit_event a SET data = b.data, leaf = a.leaf FROM audit_event b WHERE a.id IN ({AT_5}, {AT_8})"
            f" AND b.id IN ({AT_5}, {AT_8}) AND a.id <> b.id",
            5,
        ),
        (
            "INSERT INTO audit_event SELECT gen_random_uuid(), at, verb, actor_kind, actor, subjects, data, leaf"
            f" FROM audit_event WHERE id = {AT_5}",
            11,
        ),
    ],
)
def test_the_first_bad_record_is_named(
    tamper: Tamper, statement: str, position: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(statement)
    _, fault = reads.first_fault()
    assert fault is not None and fault.position == position
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "verify")
    assert ended.value.code == 1
    assert f"position {position}:" in capsys.readouterr().err


def test_a_gap_among_the_decisions_is_found(tamper: Tamper) -> None:
    with transaction.atomic():
        actions.place_in_feed(feed=actions.DECISIONS_FEED, subjects=[new_id() for _ in range(3)])
    tamper("DELETE FROM audit_position WHERE feed = 'decisions' AND position = 2")
    _, fault = reads.first_fault()
    assert fault is not None and fault.position == 2 and "decisions" in fault.what


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_an_exported_log_proves_itself_without_the_database(
    tamper: Tamper, tmp_path: Path, format: str
) -> None:
    out = tmp_path / f"audit.{format}"
    call_command("export", "audit", format=format, out=out, stdout=io.StringIO())
    checked, fault = proof.first_fault_in(out)
    assert checked >= 10 and fault is None
    lines = out.read_text(encoding="utf-8").splitlines(keepends=True)
    first = 1 if format == "csv" else 0
    out.write_text("".join(lines[: first + 3] + lines[first + 4 :]))
    assert proof.first_fault_in(out)[1] == reads.Fault(4, "position 4 is missing")
    lines[first + 6] = lines[first + 6].replace("export.written", "export.asked")
    out.write_text("".join(lines))
    _, fault = proof.first_fault_in(out)
    assert fault is not None and fault.position == 7


def test_a_file_that_is_no_export_is_said(tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"position": 1}) + "\n")
    with pytest.raises(proof.Unreadable, match="Row 1"):
        proof.first_fault_in(other)
