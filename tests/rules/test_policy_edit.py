"""Moving, splitting and adding sections: ids stay with their text, cases stay at the end."""

import pytest

from reviewapp.policies import rules
from reviewapp.policies.rules_edit import add_section, move_section, next_code, split_section
from reviewapp.policies.rules_front import PolicyFileError
from tests.rooms.policies.test_import import seed
from tests.rules.test_policy_file import FILE

SPAM = seed()


def codes(text: str) -> list[str]:
    return [section.code for section in rules.parse(text).sections]


def whole(text: str) -> dict[str, tuple[object, ...]]:
    """Each section without its line."""
    return {
        each.code: (each.title, each.severity, each.model_text, each.guidance, each.public, each.violating, each.allowed)
        for each in rules.parse(text).sections
    }  # fmt: skip


def test_a_section_moves_with_everything_in_it() -> None:
    moved = move_section(SPAM, "SP-2.1", up=True)
    assert codes(moved) == ["SP-1.1", "SP-2.1", "SP-1.2", "SP-3.1", "SP-4.1"] and whole(moved) == whole(SPAM)
    assert rules.parse(moved).cases[0].text == rules.parse(SPAM).cases[0].text
    assert rules.model_text(rules.parse(move_section(moved, "SP-2.1", up=False))) == rules.model_text(
        rules.parse(SPAM)
    )


@pytest.mark.parametrize(("code", "up"), [("SP-1.1", True), ("SP-4.1", False), ("SP-9", True)])
def test_at_the_end_of_its_way_nothing_moves(code: str, up: bool) -> None:
    assert move_section(SPAM, code, up=up) == SPAM


def test_a_split_gives_the_second_half_a_new_id_and_the_same_severity() -> None:
    source = FILE.replace("The rule.\n", "The rule.\n\nThe other rule.\n")
    line = source[: source.index("The other")].count("\n") + 1
    cut = split_section(source, line, frozenset({"SP-1.2"}))
    first, second, last = rules.parse(cut).sections
    assert (first.code, first.model_text, second.code, second.severity) == (
        "SP-1.1",
        "The rule.",
        "SP-1.3",
        2,
    )
    assert (
        second.model_text == "The other rule." and second.guidance == "For reviewers." and last.code == "SP-2"
    )


@pytest.mark.parametrize("line", [0, 1, 6, 8, 9, 22, 9_999])
def test_a_cut_outside_a_rule_is_refused(line: int) -> None:
    with pytest.raises(PolicyFileError, match="caret"):
        split_section(FILE, line)


def test_a_new_section_stands_last_and_reads() -> None:
    more = add_section(FILE, frozenset({"SP-3"}))
    assert codes(more) == ["SP-1.1", "SP-2", "SP-4"] and rules.parse(more).cases == tuple(
        rules.CaseText(each.code, each.section, each.text, each.expect, each.note, each.line + 8)
        for each in rules.parse(FILE).cases
    )


@pytest.mark.parametrize(
    ("code", "used", "wanted"),
    [("SP-1.1", "", "SP-1.2"), ("SP-2", "SP-3", "SP-4"), ("XX-7", "", "XX-7"), ("x", "", "x-0")],
)
def test_the_next_id_is_one_that_nothing_ever_had(code: str, used: str, wanted: str) -> None:
    assert next_code(FILE, code, frozenset({used})) == wanted
