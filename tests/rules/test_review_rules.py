"""Where an item queues, what its rank is made of, and what a decision answers."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from reviewapp.review import rules
from reviewapp.review.keys import KEYS
from reviewapp.review.rules import Facts, Route, ShownVerdict

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONE, TWO, LAST = uuid4(), uuid4(), uuid4()
VERSION, OTHER = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("rule", "facts", "matches"),
    [
        (Route(ONE), Facts("forum"), True),
        (Route(ONE, policies=frozenset({"spam"})), Facts("forum", policies=frozenset({"spam"})), True),
        (Route(ONE, policies=frozenset({"spam"})), Facts("forum", policies=frozenset({"hate"})), False),
        (Route(ONE, sources=frozenset({"forum"})), Facts("forum"), True),
        (Route(ONE, sources=frozenset({"chat"})), Facts("forum"), False),
        (
            Route(ONE, flag_kinds=frozenset({"user_report"})),
            Facts("forum", flag_kinds=("user_report",)),
            True,
        ),
        (Route(ONE, flag_kinds=frozenset({"user_report"})), Facts("forum"), False),
        (Route(ONE, severity_from=3), Facts("forum", label="violates", severity=3), True),
        (Route(ONE, severity_from=3), Facts("forum", label="violates", severity=2), False),
        (Route(ONE, labels=frozenset({"unsure", "none"})), Facts("forum"), True),
        (Route(ONE, labels=frozenset({"unsure", "none"})), Facts("forum", label="unsure"), True),
        (Route(ONE, labels=frozenset({"unsure", "none"})), Facts("forum", label="allowed"), False),
    ],
)
def test_a_rule_matches_when_all_its_conditions_hold(rule: Route, facts: Facts, matches: bool) -> None:
    assert rules.route([rule], facts, LAST) == (ONE if matches else LAST)


def test_the_first_matching_rule_wins() -> None:
    assert rules.route([Route(ONE, severity_from=4), Route(TWO), Route(LAST)], Facts("forum"), LAST) == TWO


@pytest.mark.parametrize(
    ("facts", "minutes"),
    [
        (Facts("f", label="allowed", confidence="high"), 0),
        (Facts("f", label="violates", severity=1, confidence="high"), 0),
        (Facts("f", label="violates", severity=2, confidence="high"), 15),
        (Facts("f", label="violates", severity=3, confidence="high"), 45),
        (Facts("f", label="violates", severity=4, confidence="high"), 120),
        (Facts("f", label="allowed", confidence="low"), 20),
        (Facts("f", label="unsure", confidence="high"), 20),
        (Facts("f"), 20),
        (Facts("f", label="allowed", confidence="high", flag_kinds=("user_report",) * 2), 10),
        (Facts("f", label="allowed", confidence="high", flag_kinds=("user_report",) * 99), 60),
        (Facts("f", label="allowed", confidence="high", flag_kinds=("automated",) * 9), 0),
    ],
)
def test_rank_is_the_due_time_less_a_head_start(facts: Facts, minutes: int) -> None:
    place = rules.rank(facts, target_minutes=60, now=NOW)
    assert place.due_at == NOW + timedelta(minutes=60)
    assert place.due_at - place.rank_at == timedelta(minutes=minutes)
    assert place.tier == rules.USUAL_TIER


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts("f", flag_kinds=("authority_order",)), ["authority_order"]),
        (Facts("f", flag_kinds=("legal_notice", "user_report")), ["legal_notice"]),
        (Facts("f", responses=frozenset({"escalate:threat_to_life"})), ["threat_to_life"]),
        (Facts("f", responses=frozenset({"escalate:child_safety"})), ["child_safety"]),
        (Facts("f", responses=frozenset({"support"})), []),
        (Facts("f", flag_kinds=("trusted_flagger",)), []),
    ],
)
def test_urgent_items_are_a_tier_of_their_own(facts: Facts, words: list[str]) -> None:
    place = rules.rank(facts, target_minutes=60, now=NOW)
    assert place.terms.get("urgent", []) == words
    assert place.tier == (rules.URGENT_TIER if words else rules.USUAL_TIER)


def test_a_deadline_moves_the_due_time_only_forward() -> None:
    soon, late = NOW + timedelta(minutes=5), NOW + timedelta(days=5)
    assert rules.rank(Facts("f", deadline=soon), target_minutes=60, now=NOW).due_at == soon
    assert rules.rank(Facts("f", deadline=late), target_minutes=60, now=NOW).due_at == NOW + timedelta(
        minutes=60
    )


def test_why_here_lists_the_terms_in_words() -> None:
    terms = {"severity": 45, "doubt": 20, "reports": 10, "urgent": ["threat_to_life"]}
    assert rules.why_here(terms, severity=3, reports=2) == (
        "threat to life · due time · severity 3 · the machine is in doubt · reported by 2"
    )


def verdict(label: str, *sections: str, version: UUID = VERSION) -> ShownVerdict:
    return ShownVerdict(uuid4(), version, label, frozenset(sections))


@pytest.mark.parametrize(
    ("shown", "label", "findings", "call"),
    [
        (verdict("violates", "A-1"), "allowed", [], "overridden"),
        (verdict("violates", "A-1"), "violates", [(VERSION, "A-2")], "overridden"),
        (verdict("violates", "A-1"), "violates", [(VERSION, "A-1")], "agreed"),
        (verdict("allowed"), "violates", [(VERSION, "A-1")], "overridden"),
        (verdict("allowed"), "allowed", [], "agreed"),
        (verdict("unsure"), "violates", [(VERSION, "A-1")], "not_considered"),
    ],
)
def test_what_an_override_does_with_the_lead(
    shown: ShownVerdict, label: str, findings: list[tuple[UUID, str]], call: str
) -> None:
    assert rules.calls_of_override([shown], shown.id, label, frozenset(findings)) == {shown.id: call}


@pytest.mark.parametrize(
    ("other", "call"),
    [
        (verdict("violates", "B-1", version=OTHER), "agreed"),
        (verdict("violates", "B-2", version=OTHER), "overridden"),
        (verdict("allowed", version=OTHER), "overridden"),
        (verdict("unsure", version=OTHER), "not_considered"),
        (verdict("violates", "C-1", version=uuid4()), "not_considered"),
    ],
)
def test_another_verdict_counts_only_where_a_finding_names_its_version(
    other: ShownVerdict, call: str
) -> None:
    lead = verdict("allowed")
    calls = rules.calls_of_override([lead, other], lead.id, "violates", frozenset({(OTHER, "B-1")}))
    assert calls[other.id] == call


def test_confirm_agrees_with_the_lead_alone() -> None:
    lead, other = verdict("violates", "A-1"), verdict("violates", "B-1", version=OTHER)
    assert rules.calls_of_confirm([lead, other], lead.id) == {lead.id: "agreed", other.id: "not_considered"}


@pytest.mark.parametrize(
    ("label", "can"), [("violates", True), ("allowed", True), ("unsure", False), ("", False), (None, False)]
)
def test_only_a_plain_verdict_can_be_confirmed(label: str | None, can: bool) -> None:
    assert rules.can_confirm(label) is can


@pytest.mark.parametrize(
    ("flags", "found"),
    [([], "own_initiative"), (["automated"], "own_initiative"), (["user_report"], "user_report"),
     (["user_report", "authority_order"], "authority_order")],
)  # fmt: skip
def test_detection_names_the_weightiest_flag(flags: list[str], found: str) -> None:
    assert rules.detection(flags) == found


def test_every_key_is_given_once_and_explained() -> None:
    assert len({each.key for each in KEYS}) == len({each.name for each in KEYS}) == len(KEYS)
    assert all(each.label and each.explains.endswith(".") for each in KEYS)
