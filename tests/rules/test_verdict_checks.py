"""Badges: each fires on what is wrong and stays silent otherwise."""

import pytest

from reviewapp.review import rules_blind, rules_checks


@pytest.mark.parametrize(
    ("label", "rationale", "wrong"),
    [
        ("violates", "The post does not violate the policy.", True),
        ("violates", "It asks for a code, which violates FR-1.1.", False),
        ("violates", "One part is allowed, but the rest violates it.", False),
        ("allowed", "This violates FR-1.1.", True),
        ("allowed", "This does not violate anything.", False),
        ("allowed", "", False),
        ("unsure", "It violates the rule.", False),
    ],
)
def test_a_verdict_that_says_one_thing_and_argues_another(label: str, rationale: str, wrong: bool) -> None:
    assert rules_checks.contradicts(label, rationale) is wrong


@pytest.mark.parametrize(
    ("label", "quotes", "examples", "wrong"),
    [
        ("violates", ["pay at  the DOOR"], ["You may pay at the door."], True),
        ("violates", ["pay at the door", "send a code"], ["You may pay at the door."], False),
        ("violates", [], ["You may pay at the door."], False),
        ("allowed", ["pay at the door"], ["You may pay at the door."], False),
    ],
)
def test_a_violation_that_rests_on_an_allowed_example(
    label: str, quotes: list[str], examples: list[str], wrong: bool
) -> None:
    assert rules_checks.only_allowed_examples(label, quotes, examples) is wrong


def test_of_the_rank_only_what_no_verdict_gave_is_told_before_a_call() -> None:
    terms = {"severity": 45, "doubt": 20, "reports": 5, "urgent": ["legal_notice", "threat_to_life"]}
    assert rules_blind.terms_before(terms, ["legal_notice"]) == {"reports": 5, "urgent": ["legal_notice"]}
    assert rules_blind.terms_before(terms, ["user_report"]) == {"reports": 5}


def test_a_blind_call_needs_a_section_in_common() -> None:
    assert rules_blind.same_section("allowed", [], [("v", "A-1")])
    assert rules_blind.same_section("violates", [("v", "A-1")], [("v", "A-1"), ("v", "A-2")])
    assert not rules_blind.same_section("violates", [("w", "A-1")], [("v", "A-1")])
