"""The steps that a version in the making shows: what is done, and which one comes next."""

from typing import Any

import pytest

from reviewapp.policies.rules_path import Stage, path_of


def path(state: str = "draft", **changes: Any) -> tuple[Stage, ...]:
    told: dict[str, Any] = {
        "changed": True,
        "readable": True,
        "gate": "The gate passed.",
        "opens": True,
        "others": ["Cy"],
    }
    return path_of(state=state, **told | changes)


def following(stages: tuple[Stage, ...]) -> list[str]:
    return [each.word for each in stages if each.now]


@pytest.mark.parametrize(
    ("state", "changes", "word"),
    [
        ("draft", {"changed": False}, "Write"), ("draft", {"readable": False}, "Write"),
        ("draft", {"opens": False}, "Run the gate"), ("draft", {}, "Propose"),
        ("proposed", {"opens": False}, "Run the gate"), ("proposed", {}, "Second person"),
        ("approved", {}, "Second person"),
    ],
)  # fmt: skip
def test_one_step_is_next(state: str, changes: dict[str, bool], word: str) -> None:
    assert following(path(state, **changes)) == [word]


def test_the_last_step_names_who_may_do_it() -> None:
    assert path(others=["Ann", "Bea", "Cy", "Dee", "Eve"])[-1].hint.endswith("Ann, Bea, Cy and 2 more.")
    assert path("approved", others=["Cy"])[-1].hint == "Somebody who did not write it publishes it: Cy."
    assert path(others=[])[-1].hint.startswith("Nobody but its writers")


def test_links_lead_only_where_something_stands() -> None:
    drafting, frozen = path(rerun="/lab"), path("proposed", rerun="/lab")
    assert [each.href for each in drafting] == ["#source", "/lab", "#draft-gate", "#note", ""]
    assert [each.href for each in frozen] == ["", "/lab", "#draft-gate", "", "#gate"]
    assert path()[1].href == "#try", "without a version in force there is nothing to compare with"
