"""The engine's command: right for the card, the same in the command and in compose.yaml, clear where there is no card."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from inference import launch as launching
from inference.launch import (
    COMMON,
    ENVIRONMENT,
    MODELS,
    SIZES,
    CannotServe,
    Card,
    chosen_card,
    launch,
    read_cards,
)
from reviewapp.settings import RQ_QUEUES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
REQUIRED = {
    "--enable-prefix-caching": "", "--enable-prompt-tokens-details": "", "--scheduling-policy": "priority",
    "--max-num-queued-reqs": "512", "--shutdown-timeout": "30", "--disable-uvicorn-access-log": "",
    "--host": "127.0.0.1", "--port": "8000", "--api-key": '"$REASONER_API_KEY"',
}  # fmt: skip
"""What the app relies on, said a second time: a flag that is dropped from the one list is missed here."""
SMI = "0, NVIDIA L4, 23034\n1, NVIDIA H100 80GB HBM3, 81559\n2, NVIDIA T4, [N/A]\nnonsense\n"


def flags(words: list[str]) -> dict[str, str]:
    """Flags of a command with their values, however they are written."""
    found: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name.startswith("--"):
            found[name] = value
        elif found and not found[last := list(found)[-1]]:
            found[last] = word
    return found


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    call_command("reasoner", "serve", "--print", *options)
    return capsys.readouterr().out


@pytest.mark.parametrize(("model", "card"), SIZES)
def test_the_printed_command_holds_every_flag_once(
    model: str, card: int, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(capsys, "--model", model, "--card", str(card))
    words = text.replace("\\\n", " ").split()
    given = flags(words)
    assert words[: len(ENVIRONMENT)] == [f"{name}={value}" for name, value in ENVIRONMENT.items()]
    assert words[len(ENVIRONMENT) : len(ENVIRONMENT) + 3] == ["vllm", "serve", MODELS[model]]
    assert REQUIRED.items() <= given.items()
    assert {flag.split()[0] for flag in SIZES[model, card]} <= given.keys()
    assert len([word for word in words if word.startswith("--")]) == len(given)
    assert given["--served-model-name"] == f"gpt-oss-safeguard-{model}"


def test_the_figures_are_those_for_the_card(capsys: pytest.CaptureFixture[str]) -> None:
    small = flags(printed(capsys, "--model", "20b", "--card", "16").split())
    large = flags(printed(capsys, "--model", "20b", "--card", "80").split())
    assert (small["--max-num-seqs"], large["--max-num-seqs"]) == ("8", "256")
    assert (small["--max-model-len"], large["--max-model-len"]) == ("8192", "16384")


def test_compose_starts_the_engine_with_the_same_flags() -> None:
    service = COMPOSE["services"]["vllm"]
    plain = [re.sub(r"\$\{\w+:-([^}]+)\}", r"\1", word) for word in service["command"]]
    wanted = launch("20b", Card(0, "", 24.0), host="0.0.0.0")
    assert plain[0] == wanted.model
    assert flags(plain) == flags(wanted.words())
    environment = dict(service["environment"])
    assert environment.pop("VLLM_API_KEY").startswith("${REASONER_API_KEY")
    assert environment.pop("HF_HOME") in str(service["volumes"])
    assert environment == dict(ENVIRONMENT)
    assert service["profiles"] == ["gpu"] and "ports" not in service


def test_compose_runs_every_part_of_the_product() -> None:
    services = COMPOSE["services"]
    assert {"postgres", "valkey", "web", *RQ_QUEUES, "sweeper", "vllm"} <= services.keys()
    for queue in RQ_QUEUES:
        assert services[queue]["command"] == ["python", "-m", "reviewapp.worker", queue]
    for name, service in services.items():
        for word in service.get("command", []):
            if str(word).startswith(("reviewapp.", "inference.")) and ":" not in str(word):
                assert (ROOT / f"{str(word).replace('.', '/')}.py").exists(), f"{name} runs {word}"
    for name in ("practice", "vllm"):
        assert services[name]["networks"]["default"]["aliases"] == ["reasoner"]
    settings = services["web"]["environment"]
    assert settings["REASONER_URL"] == "http://reasoner:8000/v1"
    assert all(":?" in settings[name] for name in ("SECRET_KEY", "DATABASE_URL", "REASONER_API_KEY"))


def test_compose_names_no_flag_that_the_list_does_not_have() -> None:
    known = {flag.split()[0] for flag in (*COMMON, *SIZES["20b", 24])} | {
        "--served-model-name",
        "--host",
        "--port",
    }
    assert flags(COMPOSE["services"]["vllm"]["command"]).keys() == known


def test_cards_are_read_and_the_largest_is_taken() -> None:
    cards = read_cards(SMI)
    assert [(card.number, card.size) for card in cards] == [(0, 24), (1, 80)]
    assert chosen_card(cards, None).number == 1
    assert chosen_card(cards, 0).name == "NVIDIA L4"
    with pytest.raises(CannotServe, match=r"There is no card 5 here\. Choose one of: 0, 1"):
        chosen_card(cards, 5)


@pytest.mark.parametrize(
    ("gib", "size"), [(11.0, 0), (14.6, 16), (15.9, 16), (22.0, 24), (44.4, 24), (79.6, 80), (140.0, 80)]
)
def test_a_card_counts_by_the_memory_that_its_driver_tells(gib: float, size: int) -> None:
    assert Card(0, "x", gib).size == size


@pytest.mark.parametrize(("model", "gib"), [("20b", 11.0), ("120b", 22.0), ("120b", 44.0)])
def test_a_model_that_does_not_fit_says_what_it_needs(model: str, gib: float) -> None:
    with pytest.raises(CannotServe, match=f"needs a card of at least {16 if model == '20b' else 80} GB"):
        launch(model, Card(0, "NVIDIA X", gib))


def test_without_a_card_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching.shutil, "which", lambda _: None)
    with pytest.raises(
        CommandError, match=r"No NVIDIA card was found here.*practice reasoner.*--print --card 16"
    ):
        call_command("reasoner", "serve", "--model", "20b")


@pytest.mark.parametrize(("model", "seats"), [("20b", "64"), ("120b", "64")])
def test_without_a_card_the_command_is_still_shown_and_says_for_which(
    model: str, seats: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launching.shutil, "which", lambda _: None)
    call_command("reasoner", "serve", "--model", model, "--print")
    shown = capsys.readouterr()
    assert flags(shown.out.split())["--max-num-seqs"] == seats
    assert (
        f"a card of {'24' if model == '20b' else '80'} GB; none is here, and --card names another"
        in shown.err
    )


def test_without_the_engine_or_a_key_it_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
) -> None:
    settings.REASONER_API_KEY = ""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"vLLM is not installed here.*vllm>=0\.32"):
        call_command("reasoner", "serve", "--model", "20b", "--card", "24")
    (tmp_path / "vllm").write_text("#!/bin/sh\n")
    (tmp_path / "vllm").chmod(0o755)
    with pytest.raises(CommandError, match="REASONER_API_KEY is not set"):
        call_command("reasoner", "serve", "--model", "20b", "--card", "24")


def test_it_becomes_the_engine_and_no_process_list_shows_the_key(tmp_path: Path) -> None:
    fakes = {
        "vllm": 'echo "$@"; echo "$VLLM_API_KEY $CUDA_VISIBLE_DEVICES $VLLM_SYSTEM_START_DATE"; exit 7',
        "nvidia-smi": f"printf '{SMI!s}'".replace("\n", "\\n"),
    }
    for name, script in fakes.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    given = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "REASONER_API_KEY": "k-secret",
        "REVIEW_FRONT_DOOR": "passed",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "reasoner", "serve", "--model", "120b", "--port", "8123"],
        cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    command, told = done.stdout.splitlines()
    assert done.returncode == 7
    assert command.split() == launch("120b", Card(1, "", 80.0), port=8123).words()[1:]
    assert "k-secret" not in command
    assert told == "k-secret 1 2025-10-29"
    assert "NVIDIA H100" in done.stderr
