"""`manage.py reasoner check` and `prompt`."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from reviewapp.screening.management.commands import reasoner
from tests.rooms.screening.desk import ABUSE, publish, standin


def run(*arguments: str) -> tuple[str, str]:
    """What the command prints: output and errors."""
    out, err = StringIO(), StringIO()
    call_command("reasoner", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_check_says_who_answers_and_what_the_cases_get(db: str) -> None:
    publish("spam")
    with standin() as url:
        out, _ = run("check", url)
    assert (
        "practice-" in out
        and "Practice reasoner: compares" in out
        and "of 4 cases as expected, 0 without" in out
    )


def test_check_names_the_cases_that_get_another_label(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish("spam")
    asked = reasoner._canaries()
    monkeypatch.setattr(
        reasoner, "_canaries", lambda: [(policy, item, "neither") for policy, item, _ in asked]
    )
    with standin() as url:
        out, _ = run("check", url)
    assert "0 of 4 cases as expected" in out and out.count(", expected neither") == 4
    assert all(f"  {item.id}: " in out for _, item, _ in asked)


def test_check_refuses_an_engine_that_is_away(db: str) -> None:
    with pytest.raises(CommandError, match="not fit for use"):
        run("check", "http://127.0.0.1:9/v1")


def test_prompt_prints_the_exact_request_and_its_tokens(db: str, tmp_path: Path) -> None:
    publish("harassment")
    path = tmp_path / "item.json"
    path.write_text(json.dumps({"external_id": "1", "source": "forum", "content": {"text": ABUSE}}))
    out, err = run("prompt", "harassment@1", "--item", str(path))
    body = json.loads(out)
    assert [message["role"] for message in body["messages"]] == ["developer", "user"]
    assert ABUSE in body["messages"][1]["content"] and "prompt with frame" in err
    with pytest.raises(CommandError, match="There is no version 9"):
        run("prompt", "harassment@9", "--item", str(path))
    path.write_text("[]")
    with pytest.raises(CommandError, match="is not one API item"):
        run("prompt", "harassment", "--item", str(path))


def test_standin_says_what_is_wrong_with_its_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "faults.jsonl"
    script.write_text('{"do": "garbage"}\n{"do": "explode"}\n')
    with pytest.raises(CommandError, match="did not run"):
        call_command("reasoner", "standin", "--port", "0", "--script", str(script))
    assert f'{script} line 2: "do" must be one of' in capsys.readouterr().err
