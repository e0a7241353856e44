"""Stored reasons in the language of the reader: every sentence that inference can give is on the list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import translation

from inference import reasoner
from reviewapp.screening.reasons import reason_words
from tests import pseudo

INFERENCE = Path(reasoner.__file__).parent
GIVERS = {"Failure": 1, "_Unreadable": 1, "_invalid": 0, "_object": 1}
"""Calls that take a reason, and at which place."""


@pytest.fixture
def pseudo_language(settings: LazySettings, pseudo_folder: Path) -> str:
    """The made-up language, known to this process."""
    settings.LOCALE_PATHS = [pseudo_folder]
    return pseudo.CODE


def reasons_in(path: Path) -> Iterator[str]:
    """Every reason written in a module, with `x` for what is put in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GIVERS:
            yield from _texts(node.args[GIVERS[node.func.id]])
        elif isinstance(node, ast.Assign) and any(
            _names(each) & {"reason", "advice", "_CHECK", "_NO_ENGINE"} for each in node.targets
        ):
            yield from _texts(node.value)


def _names(target: ast.expr) -> set[str]:
    return {target.id} if isinstance(target, ast.Name) else set()


def _texts(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        text = "".join(str(each.value) if isinstance(each, ast.Constant) else "x" for each in value.values)
        yield re.sub("x+", "x", text).removesuffix(" x").removeprefix("x ")
    elif isinstance(value, ast.IfExp):
        yield from _texts(value.body)
        yield from _texts(value.orelse)


@pytest.mark.parametrize("name", ["reasoner", "replies", "verdict", "windows"])
def test_every_reason_of_inference_is_translated(name: str, pseudo_language: str) -> None:
    found = set(reasons_in(INFERENCE / f"{name}.py"))
    with translation.override(pseudo_language):
        said = {each: reason_words(each) for each in found}
    assert found and [each for each, words in said.items() if re.search("[A-Za-z]{2}", words)] == []


def test_sentences_are_translated_one_by_one_with_their_figures(pseudo_language: str) -> None:
    stored = "The engine failed (HTTP 503); it may be restarting. (part 2 of 3)"
    with translation.override(pseudo_language):
        said = reason_words(stored)
    assert "503" in said and "2" in said and "engine" not in said and "part" not in said
    assert reason_words(stored) == stored


def test_what_is_not_listed_stays_as_it_is(pseudo_language: str) -> None:
    with translation.override(pseudo_language):
        assert reason_words("Somebody wrote this.") == "Somebody wrote this."
        assert reason_words("") == ""
