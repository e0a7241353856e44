"""Policies over the API and the shell."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from reviewapp.accounts.actions import issue_key
from reviewapp.audit.actions import OPERATOR
from reviewapp.policies import actions, reads, reads_cases
from reviewapp.policies.models import Case, Policy
from tests import databases
from tests.cast import Cast
from tests.rooms.policies import stage
from tests.rooms.policies.test_import import SEEDS, seed
from tests.rules.test_policy_foreign import FLAT, LIST


def api(url: str, scope: str = "read") -> tuple[int, dict[str, object]]:
    """One GET with a fresh key."""
    key = issue_key(name="test", scopes=[scope], actor=OPERATOR).key
    answer = Client().get(url, headers={"Authorization": f"Bearer {key}"})
    return answer.status_code, answer.json()


def test_the_api_gives_published_text_sections_and_hash(db: str) -> None:
    row = actions.import_policy(source=seed(), actor=OPERATOR, publish=True)
    actions.import_policy(source=seed("hate"), actor=OPERATOR, publish=True)
    status, body = api("/api/v1/policies?limit=1")
    assert status == 200 and body["next_cursor"] == "hate"
    _, rest = api("/api/v1/policies?limit=1&cursor=hate")
    assert rest["next_cursor"] is None and isinstance(rest["items"], list)
    spam = rest["items"][0]
    assert (spam["slug"], spam["version"], spam["hash"]) == ("spam", 1, row.hash)
    assert spam["text"] == reads.published()[1].text
    assert [each["id"] for each in spam["sections"]] == ["SP-1.1", "SP-1.2", "SP-2.1", "SP-3.1", "SP-4.1"]
    assert "guidance" not in spam["sections"][0]
    assert api("/api/v1/policies/spam/versions/1")[1] == spam


def test_the_api_keeps_drafts_to_itself_and_retired_versions_available(cast: Cast) -> None:
    first = actions.import_policy(source=seed(), actor=OPERATOR, publish=True)
    actions.import_policy(source=seed() + "\n", actor=OPERATOR, publish=True)
    actions.start_draft(policy=first.policy_id, person=cast.bo)
    assert api("/api/v1/policies/spam/versions/1")[1]["state"] == "retired"
    for url in ("/api/v1/policies/spam/versions/3", "/api/v1/policies/none/versions/1"):
        status, body = api(url)
        assert status == 404 and body["error"]["code"] == "not_found"  # type: ignore[index]


def test_the_api_wants_the_read_scope_and_sane_parameters(db: str) -> None:
    assert api("/api/v1/policies", scope="ingest")[0] == 403
    assert Client().get("/api/v1/policies").status_code == 401
    assert api("/api/v1/policies?limit=0")[0] == 422


def test_export_gives_back_the_bytes_that_came_in(db: str, tmp_path: Path) -> None:
    odd = tmp_path / "odd.md"
    odd.write_bytes(b"\xef\xbb\xbf" + seed("hate").replace("\n", "\r\n").encode() + b"\r\n  \r\n")
    call_command("policy", "import", *map(str, SEEDS), "--publish", stdout=io.StringIO())
    call_command("policy", "import", str(odd), stdout=io.StringIO())
    wanted = [(path.stem, path) for path in SEEDS] + [("hate@2", odd), ("spam@1", SEEDS[-2])]
    assert SEEDS[-2].stem == "spam"
    for version, path in wanted:
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        call_command("policy", "export", version, stdout=out)
        assert out.buffer.getvalue() == path.read_bytes(), version


def test_the_export_of_the_real_command_is_byte_identical(db: str) -> None:
    call_command("policy", "import", str(SEEDS[0]), "--publish", stdout=io.StringIO())
    script = "from django.core.management import execute_from_command_line as run; import sys; run(sys.argv)"
    done = subprocess.run(
        [sys.executable, "-c", script, "policy", "export", SEEDS[0].stem],
        capture_output=True, cwd=databases.ROOT, check=True, env=_environment(db),
    )  # fmt: skip
    assert done.stdout == SEEDS[0].read_bytes()


def _environment(db: str) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": databases.url_of(db)}


def test_import_lists_every_problem_with_file_and_line_and_takes_the_good_ones(
    db: str, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text(
        seed().replace("## SP-1.2", "## SP-1.1").replace("severity: 3", "severity: 9")
    )
    (tmp_path / "b.md").write_bytes(seed("hate").encode("latin-1", "replace") + b"\xff")
    (tmp_path / "c.md").write_text(seed("fraud"))
    err = io.StringIO()
    with pytest.raises(CommandError, match="2 of the files"):
        call_command("policy", "import", str(tmp_path), stdout=io.StringIO(), stderr=err)
    lines = err.getvalue().splitlines()
    assert sum("a.md:" in line for line in lines) >= 2 and any("already used" in line for line in lines)
    assert any("b.md:1: " in line and "UTF-8" in line for line in lines)
    assert list(Policy.objects.values_list("slug", flat=True)) == ["fraud"]


def test_cases_may_stand_in_a_file_beside_the_policy(db: str, tmp_path: Path) -> None:
    (tmp_path / "spam.md").write_text(seed())
    beside = tmp_path / "spam.jsonl"
    beside.write_text('{"id": "X1", "section": "SP-1.1", "text": "buy", "expect": "violates", "note": ""}\n')
    call_command("policy", "import", str(tmp_path / "spam.md"), "--publish", stdout=io.StringIO())
    assert Case.objects.filter(code="X1", text="buy").exists() and Case.objects.count() == 17
    beside.write_text("no\n")
    err = io.StringIO()
    with pytest.raises(CommandError):
        call_command("policy", "import", str(tmp_path / "spam.md"), stdout=io.StringIO(), stderr=err)
    assert "in spam.jsonl" in err.getvalue()


@pytest.mark.parametrize("version", ["nothing", "spam@9", "spam@", "spam@x"])
def test_an_export_of_what_is_not_there_says_so(version: str, db: str) -> None:
    call_command("policy", "import", str(SEEDS[-2]), "--publish", stdout=io.StringIO())
    with pytest.raises(CommandError):
        call_command("policy", "export", version)


def test_a_missing_file_is_named(db: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("policy", "import", str(tmp_path / "none.md"))


def test_a_policy_of_another_style_becomes_a_draft_and_the_rest_is_listed(db: str, tmp_path: Path) -> None:
    text, table = tmp_path / "their.md", tmp_path / "their.csv"
    text.write_text(FLAT)
    table.write_text(LIST)
    out, err = io.StringIO(), io.StringIO()
    call_command(
        "policy", "adopt", str(text), "--slug", "adverts", "--examples", str(table), stdout=out, stderr=err
    )
    assert "adverts version 1, draft" in out.getvalue() and f"{table}:5: " in err.getvalue()
    assert reads.draft_page("adverts") is not None and Case.objects.count() == 2
    text.write_text("nothing here")
    with pytest.raises(CommandError, match="what violates"):
        call_command("policy", "adopt", str(text), "--slug", "other", stdout=io.StringIO())


def test_cases_made_on_pages_are_exported_beside_the_file_and_come_back(cast: Cast, tmp_path: Path) -> None:
    draft = stage.draft_of(cast, stage.publish_seed())
    actions.add_case(
        policy=draft.policy_id, section="SP-1.1", text="Made here", expect="violates", person=cast.bo
    )
    first = reads_cases.cases_of(draft.pk)[0]
    actions.edit_case(
        version=draft.pk,
        case=first.id,
        section="SP-1.1",
        text="Edited",
        expect="violates",
        reason="r",
        person=cast.bo,
    )
    row = stage.into_force(cast, draft)
    out = {}
    for name, more in (("spam.md", ()), ("spam.jsonl", ("--cases",))):
        stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        call_command("policy", "export", "spam", *more, stdout=stream)
        out[name] = stream.buffer.getvalue()
        (tmp_path / name).write_bytes(out[name])
    assert b"Made here" in out["spam.jsonl"] and b'"Edited"' in out["spam.md"]
    call_command("policy", "import", str(tmp_path / "spam.md"), "--publish", stdout=io.StringIO())
    (again,) = reads.published()
    assert (again.number, again.version_id) == (2, row.pk), (
        "what was exported changes nothing when it comes back"
    )


def test_only_policies_whose_dates_include_today_judge(cast: Cast) -> None:
    old = seed().replace("  countries: []\n", "  countries: []\n  dates: {until: 2020-01-01}\n")
    actions.import_policy(source=old, actor=OPERATOR, publish=True)
    actions.import_policy(source=seed("hate"), actor=OPERATOR, publish=True)
    assert [each.slug for each in reads.judging()] == ["hate"]
    assert [each.slug for each in reads.published()] == ["hate", "spam"]
