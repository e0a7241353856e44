"""Three hundred real items through the whole house while two people decide: every one is accounted for, once."""

import csv
import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from reviewapp.review.models import Decision
from tests import checker, loop
from tests.cast import Cast

FEED = Path(__file__).resolve().parents[3] / "shared" / "data" / "stream-mini.jsonl"


@pytest.mark.skipif(not FEED.exists(), reason="the real feed is not beside this checkout (../shared/data)")
def test_every_real_item_is_in_exactly_one_state(db: str, store: str, cast: Cast, tmp_path: Path) -> None:
    """1. Send 300 items. 2. Two moderators decide until nothing waits. 3. Send the same file again: nothing changes.
    4. The home page, the export, the audit log and the tables agree."""
    sent = len(FEED.read_text(encoding="utf-8").splitlines())
    with loop.running_house(db, tmp_path) as house:
        loop.feed(house, FEED)
        assert sum(checker.counts_by_state().values()) == sent
        robots = loop.decide_until_empty(house, [cast.ana, cast.mo], seconds=120)
        assert loop.wait_until(_at_rest, seconds=40), checker.problems(at_rest=True)
        counts = checker.counts_by_state()
        assert set(counts) <= {"passed", "decided"}
        assert counts["decided"] == len({item for robot in robots for item in robot.decided})

        loop.feed(house, FEED)
        assert checker.counts_by_state() == counts

        home = robots[0].web.get("/").text
        assert "Nothing waits for a person" in home
        assert set(re.findall(r'data-waiting="[^"]+">([^<]+)<', home)) == {"0"}
    assert _exported_decisions(tmp_path) == counts["decided"]
    assert _mentions("item.received") == sent
    # What is severe is decided by a second person too.
    seconds = Decision.objects.filter(kind="second").count()
    assert _mentions("decision.made") == counts["decided"] + seconds
    assert checker.problems(at_rest=True) == []


def _at_rest() -> bool:
    """Nothing is on its way, and every window to undo has ended."""
    return not checker.unreleased() and not checker.problems(at_rest=True)


def _exported_decisions(folder: Path) -> int:
    table, lines = folder / "decisions.csv", folder / "decisions.jsonl"
    call_command("export", "decisions", "--format", "csv", "--out", str(table))
    call_command("export", "decisions", "--format", "jsonl", "--out", str(lines))
    with table.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    objects = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == len(objects)
    return len(rows)


def _mentions(verb: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(cardinality(subjects)), 0) FROM audit_event WHERE verb = %s", [verb]
        )
        return int(cursor.fetchone()[0])
