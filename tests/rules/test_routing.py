"""Where a scored item goes, and which policies judge it: every row of the tables."""

from typing import Any
from uuid import UUID

import pytest

from reviewapp.screening.rules import (
    Candidate,
    Facts,
    Route,
    Why,
    is_latin,
    policies_for,
    priority,
    route,
    way,
)

SPAM, HATE, FRAUD, LOCAL = (UUID(int=number) for number in range(1, 5))
PUBLISHED = (
    Candidate(SPAM, "spam", "spam"),
    Candidate(HATE, "hate", "hate"),
    Candidate(FRAUD, "fraud", None),
    Candidate(LOCAL, "local", "spam", frozenset({"shop"}), frozenset({"DE"})),
)
REPORT = ((True, "other"),)
ALARM = ((False, "other"),)
HEADS = {"spam": 0.2, "hate": 0.4}

ROUTES = [
    ({"has_text": False, "attachments": 1}, {"risky": True}, Route.PEOPLE, Why.NOTHING_TO_READ),
    ({}, {"risky": True}, Route.REASON, Why.OVER_THRESHOLD),
    ({"flags": REPORT}, {}, Route.REASON, Why.FLAGGED),
    ({"flags": ALARM}, {}, Route.PASS, Why.BELOW_THRESHOLD),
    ({"attachments": 1}, {}, Route.REASON, Why.ATTACHMENTS),
    ({"language": "de"}, {}, Route.REASON, Why.LANGUAGE),
    ({"language": "en-GB"}, {}, Route.PASS, Why.BELOW_THRESHOLD),
    ({"language": "und"}, {}, Route.PASS, Why.BELOW_THRESHOLD),
    ({"detected": "de", "leaning": "de"}, {}, Route.REASON, Why.LANGUAGE),
    ({"leaning": "de"}, {}, Route.REASON, Why.UNSURE_LANGUAGE),
    ({"leaning": "en"}, {}, Route.PASS, Why.BELOW_THRESHOLD),
    ({"language": "en", "latin": False}, {}, Route.REASON, Why.LANGUAGE),
    ({}, {"headless": True}, Route.REASON, Why.HEADLESS_POLICY),
    ({}, {"everything": True}, Route.REASON, Why.EVERYTHING),
    ({}, {"draw": 0.019}, Route.REASON, Why.SAMPLE),
    ({}, {"draw": 0.02}, Route.PASS, Why.BELOW_THRESHOLD),
    ({}, {"draw": 0.0, "sample_share": 0.0}, Route.PASS, Why.BELOW_THRESHOLD),
]


@pytest.mark.parametrize(("facts", "given", "to", "why"), ROUTES)
def test_the_first_row_that_holds_routes_an_item(
    facts: dict[str, Any], given: dict[str, Any], to: Route, why: Why
) -> None:
    defaults: dict[str, Any] = {
        "risky": False, "headless": False, "everything": False, "sample_share": 0.02, "draw": 0.5,
    }  # fmt: skip
    assert route(facts=Facts("forum", **facts), **(defaults | given)) == (to, why)


CHOICES = [
    ({}, {"spam"}, (SPAM,)),
    ({}, {"spam", "hate"}, (HATE, SPAM)),
    ({}, set(), (HATE,)),
    ({"policies": frozenset({"spam"})}, set(), (SPAM,)),
    ({"policies": frozenset({"spam"})}, {"hate"}, (SPAM,)),
    ({"policies": frozenset({"fraud"})}, set(), (FRAUD,)),
    ({"source_policies": frozenset({"spam", "hate"})}, {"hate"}, (HATE,)),
    ({"source_policies": frozenset({"spam", "fraud"})}, set(), (FRAUD,)),
    ({"source_policies": frozenset({"spam"}), "policies": frozenset({"hate"})}, {"spam"}, (HATE,)),
    ({"flags": ((True, "spam"),)}, set(), (FRAUD, SPAM)),
    ({"flags": ALARM}, {"hate"}, (FRAUD, HATE)),
    ({"flags": ((True, "spam"),), "source_policies": frozenset({"hate"})}, set(), (HATE,)),
]


@pytest.mark.parametrize(("facts", "over", "expected"), CHOICES)
def test_the_policies_that_judge(facts: dict[str, Any], over: set[str], expected: tuple[UUID, ...]) -> None:
    chosen = policies_for(
        facts=Facts("forum", **facts), heads=HEADS, over=over, published=PUBLISHED, best=True
    )
    assert chosen == expected


@pytest.mark.parametrize(
    ("source", "country", "judged"),
    [("shop", "DE", True), ("shop", "", True), ("shop", "FR", False), ("forum", "DE", False)],
)
def test_a_policy_judges_only_where_it_applies(source: str, country: str, judged: bool) -> None:
    facts = Facts(source, country=country)
    chosen = policies_for(facts=facts, heads=HEADS, over={"spam"}, published=PUBLISHED, best=False)
    assert (LOCAL in chosen) is judged


def find(facts: Facts, over: set[str], **given: Any) -> Any:
    defaults: dict[str, Any] = {
        "published": PUBLISHED,
        "everything": False,
        "sample_share": 0.02,
        "draw": 0.5,
    }
    return way(facts=facts, heads=HEADS, over=over, **(defaults | given))


def test_what_no_policy_judges_goes_to_people() -> None:
    nothing = find(Facts("forum", source_policies=frozenset({"spam"})), {"hate"})
    assert (nothing.route, nothing.why, nothing.versions) == (Route.PEOPLE, Why.NO_POLICY, ())
    assert find(Facts("forum"), {"hate"}, published=()).why is Why.NO_POLICY
    unread = find(Facts("forum", language="de"), set())
    assert (unread.route, unread.why, unread.versions) == (Route.PEOPLE, Why.LANGUAGE, ())


def test_a_reported_or_sampled_item_is_judged_by_its_best_scoring_policy() -> None:
    reported = find(Facts("forum", flags=REPORT), set(), published=PUBLISHED[:2])
    assert reported.versions == (HATE,)
    assert find(Facts("forum"), set(), draw=0.0).versions == (HATE,)


def test_what_may_be_in_an_unmeasured_language_is_judged_by_its_best_scoring_policy() -> None:
    unsure = find(Facts("forum", leaning="de"), set())
    assert (unsure.route, unsure.versions) == (Route.REASON, (HATE,))


@pytest.mark.parametrize(
    ("text", "latin"),
    [("", True), ("!!! 123 🔪", True), ("Kill him", True), ("Straße, öl artık", True), ("kіll yоurself", True),
     ("убей себя", False), ("死ね", False), ("OK 你去死吧", False), ("أقتل نفسك", False), ("𝓴𝓲𝓵𝓵", False)],
)  # fmt: skip
def test_a_text_is_latin_where_most_of_its_letters_are(text: str, latin: bool) -> None:
    assert is_latin(text) is latin


def test_a_passed_item_is_judged_by_nobody() -> None:
    passed = find(Facts("forum"), set())
    assert (passed.route, passed.versions) == (Route.PASS, ())


@pytest.mark.parametrize(
    ("kinds", "why", "place"),
    [
        ({"authority_order", "user_report"}, Why.FLAGGED, 10),
        ({"trusted_flagger"}, Why.FLAGGED, 10),
        ({"user_report"}, Why.OVER_THRESHOLD, 50),
        ({"automated"}, Why.OVER_THRESHOLD, 100),
        (set(), Why.SAMPLE, 150),
    ],
)
def test_who_points_decides_the_place_in_the_line(kinds: set[str], why: Why, place: int) -> None:
    assert priority(flag_kinds=kinds, why=why) == place


@pytest.mark.parametrize(
    ("language", "judged"),
    [("de", True), ("de-AT", True), ("pt-BR", True), ("pt", False), ("en", False), ("und", True)],
)
def test_a_policy_for_some_languages_judges_those_and_the_unknown(language: str, judged: bool) -> None:
    german = Candidate(HATE, "hate", "hate", languages=frozenset({"de", "pt-BR"}))
    chosen = policies_for(
        facts=Facts(source="forum", language=language),
        heads=HEADS,
        over={"hate"},
        published=[german],
        best=False,
    )
    assert chosen == ((HATE,) if judged else ())
