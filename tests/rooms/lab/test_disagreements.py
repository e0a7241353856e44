"""The inbox: overrides grouped by section and reason, each dealt with once, and the figures on a section's page."""

from collections.abc import Callable

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event
from reviewapp.lab import actions, reads_disagreements
from reviewapp.lab.actions.handling import NothingChosen
from reviewapp.lab.models import Handling
from reviewapp.policies.models import Case, Version
from reviewapp.review.models import Decision
from reviewapp.ui.errors import Forbidden
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.lab import stage
from tests.rooms.review.stage import tell

Clients = Callable[[Person], Client]
V, A = "violates", "allowed"


@pytest.fixture
def spam(cast: Cast) -> Version:
    version: Version = stage.policy_stage.publish_seed("spam")
    for number in range(3):
        stage.decide(
            cast, version, f"allowed by people {number}", said=V, person=A, reason="exception_applies"
        )
    stage.decide(cast, version, "found by people", said=A, person=V, reason="context_missed")
    stage.decide(cast, version, "agreed", said=V, person=V)
    return version


def test_groups_are_section_and_reason_with_a_rate_over_answered_verdicts(
    cast: Cast, spam: Version, client_for: Clients
) -> None:
    first = spam.sections.all()[0].code
    page = reads_disagreements.inbox()
    assert [(line.section, line.reason, line.count, line.open) for line in page.groups] == [
        (first, "exception_applies", 3, 3), (first, "context_missed", 1, 1),
    ]  # fmt: skip
    assert page.groups[0].direction == "people allow, the model says violates"
    assert (page.groups[0].rate.hits, page.groups[0].rate.n) == (4, 5)
    assert page.weeks == (0, 0, 0, 0, 0, 0, 0, 3) and len(page.examples) == 3
    html = client_for(cast.sam).get("/disagreements/").content.decode()
    assert "Exception applies" in html and "allowed by people 0" in html and page.groups[0].rate.words in html
    assert cast.ana.name not in html and cast.ana.pseudonym in html
    chosen = client_for(cast.bo).get(
        "/disagreements/", {"policy": "spam", "section": first, "reason": "context_missed"}
    )
    assert "found by people" in chosen.content.decode()
    fragment = client_for(cast.ana).get(f"/lab/sections/spam/{first}/overrides").content.decode()
    assert page.groups[0].rate.words in fragment
    empty = client_for(cast.ana).get("/lab/sections/spam/ZZ-9/overrides").content.decode()
    assert "Nobody has answered" in empty


def test_make_cases_closes_a_group(cast: Cast, spam: Version, client_for: Clients) -> None:
    line = reads_disagreements.inbox().groups[0]
    keys = [str(each.decision) for each in reads_disagreements.inbox().examples]
    sent = {
        "policy": str(line.policy), "decision": keys, "outcome": "case", "at_policy": "spam", "at_section": line.section,
        "at_reason": line.reason,
    }  # fmt: skip
    answer = client_for(cast.bo).post("/disagreements/handle", sent)
    assert answer.status_code == 302 and "section=" in answer.headers["Location"]
    made = Case.objects.filter(origin_item__isnull=False)
    assert set(made.values_list("expect", "section")) == {(A, line.section)} and made.count() == 3
    assert set(Handling.objects.values_list("case", flat=True)) == set(made.values_list("pk", flat=True))
    page = reads_disagreements.inbox(policy="spam", section=line.section, reason=line.reason)
    assert page.chosen is not None and page.chosen.open == 0 and page.open == 1
    assert "Done" in client_for(cast.bo).get(answer.headers["Location"]).content.decode()
    client_for(cast.bo).post("/disagreements/handle", sent)
    assert made.count() == 3, "twice makes none twice"
    assert Event.objects.filter(verb="override.handled").count() == 1


def test_each_is_dealt_with_once_however_many_press_at_once(cast: Cast, spam: Version) -> None:
    decisions = list(Decision.objects.filter(reason_code="exception_applies").values_list("pk", flat=True))
    done = at_once(
        4,
        lambda n: actions.handle_overrides(
            decisions=decisions, policy=spam.policy_id, outcome="not_policy", person=cast.bo
        ),
    )
    assert sorted(done) == [0, 0, 0, 3]
    assert Handling.objects.count() == 3


@pytest.mark.parametrize(
    ("outcome", "words"), [("draft", "dealt with in the draft"), ("not_policy", "not a policy problem")]
)
def test_the_other_outcomes(cast: Cast, spam: Version, client_for: Clients, outcome: str, words: str) -> None:
    decision = Decision.objects.get(reason_code="context_missed")
    actions.handle_overrides(decisions=[decision.pk], policy=spam.policy_id, outcome=outcome, person=cast.bo)
    first = spam.sections.all()[0].code
    sent = {"policy": "spam", "section": first, "reason": "context_missed"}
    assert words in client_for(cast.au).get("/disagreements/", sent).content.decode().lower()


def test_what_was_undone_replaced_restricted_or_not_released_is_not_there(cast: Cast, spam: Version) -> None:
    one, two, three = Decision.objects.filter(reason_code="exception_applies").order_by("at")
    tell("review_decision", "kind = 'undone', label = NULL", one.pk)
    tell("review_decision", "release_at = now() + interval '1 hour'", two.pk)
    tell("intake_item", "restricted = true", three.item_id)
    assert [line.reason for line in reads_disagreements.inbox().groups] == ["context_missed"]


def test_refusals_keep_the_choice(cast: Cast, spam: Version, client_for: Clients) -> None:
    decision = Decision.objects.filter(reason_code="exception_applies")[0]
    with pytest.raises(Forbidden):
        actions.handle_overrides(
            decisions=[decision.pk], policy=spam.policy_id, outcome="case", person=cast.ana
        )
    with pytest.raises(NothingChosen, match="Choose make case"):
        actions.handle_overrides(
            decisions=[decision.pk], policy=spam.policy_id, outcome="burn", person=cast.bo
        )
    first = spam.sections.all()[0].code
    tell("intake_item", "restricted = true", decision.item_id)
    sent = {
        "policy": str(spam.policy_id), "decision": [str(decision.pk)], "outcome": "case", "at_policy": "spam", "at_section": first,
        "at_reason": "exception_applies",
    }  # fmt: skip
    answer = client_for(cast.bo).post("/disagreements/handle", sent)
    assert answer.status_code == 404 and "Leave it out" in answer.content.decode()
    assert client_for(cast.bo).post("/disagreements/handle", sent | {"policy": "x"}).status_code == 422
    none = client_for(cast.bo).post("/disagreements/handle", sent | {"decision": []})
    assert none.status_code == 422 and "Choose 1 to" in none.content.decode()
    assert not Handling.objects.exists() and not Case.objects.filter(origin_item=decision.item_id).exists()
