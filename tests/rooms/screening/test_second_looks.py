"""Second looks: who gets one, what they come to, what people see; and a second model for doubtful items."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from inference import Confidence, Label
from reviewapp.audit.models import Event
from reviewapp.policies.models import Section
from reviewapp.screening import actions, reads, reads_trust
from reviewapp.screening.actions import Claim, Outcome, ReasonerSettings
from reviewapp.screening.models import CurrentVerdict, Judgement, Stability, Verdict
from reviewapp.screening.rules_line import Lane
from tests.cast import Cast
from tests.rooms.screening.desk import (
    ABUSE,
    IDENTITY,
    arrive,
    claimed,
    execute,
    failure,
    publish,
    score,
    state_of,
    verdict,
)


@pytest.fixture
def item(cast: Cast, store: str) -> UUID:
    """An item that waits for its first verdict under a policy with severity 4."""
    publish("violence")
    (found,) = arrive(ABUSE, policies=["violence"])
    score()
    return found


def engine() -> UUID:
    """A language model at the first endpoint."""
    return actions.note_engine(
        endpoint=0, identity=replace(IDENTITY, model="small", signature="small", practice=False)
    )


def grave() -> tuple[str, ...]:
    """A section of severity 4."""
    return (Section.objects.filter(severity=4).order_by("ordinal").values_list("code", flat=True)[0],)


def answer(claims: list[Claim], *labels: str, by: UUID | None = None, **fields: Any) -> None:
    outcomes = [
        Outcome(claim, verdict(claim, label=Label(label), **({"sections": grave()} | fields)))
        for claim, label in zip(claims, labels, strict=True)
    ]
    actions.commit_verdicts(outcomes=outcomes, engine=by or engine())


def test_a_severe_verdict_is_looked_at_twice_more(item: UUID) -> None:
    answer(claimed(), "violates")
    assert state_of(item) == "awaiting_review", "people do not wait for it"
    assert reads.verdict_panel(item)[0].stability == "being judged again"
    again = claimed()
    assert [(claim.item, claim.kind, claim.lane) for claim in again] == [
        (item, "second_look", Lane.SECOND_LOOK)
    ] * 2
    answer(again, "violates", "violates")
    panel = reads.verdict_panel(item)[0]
    assert (panel.stability, panel.unstable, len(panel.others)) == ("stable (3 of 3)", False, 2)
    assert Event.objects.get(verb="look.asked").data == {"count": 2, "why": {"severe": 1}}
    assert claimed() == [] and Stability.objects.count() == 1


@pytest.mark.parametrize(
    ("labels", "words", "lead"),
    [
        (("violates", "allowed"), "unstable (2 of 3)", "violates"),
        (("allowed", "allowed"), "unstable (2 of 3)", "allowed"),
        (("allowed", "unsure"), "unstable (1 of 3)", "violates"),
    ],
)
def test_disagreement_makes_the_item_unstable(
    item: UUID, labels: tuple[str, str], words: str, lead: str
) -> None:
    answer(claimed(), "violates")
    for claim, label in zip(claimed(), labels, strict=True):
        answer([claim], label)
    panel = reads.verdict_panel(item)[0]
    assert (panel.stability, panel.label) == (words, lead)
    assert reads.lead_facts([item])[item].unstable
    (row,) = reads_trust.instability_by_section()
    assert (row.section, row.n, row.unstable) == (*grave(), 1, 1) and row.low < 0.03 and row.high == 1.0


def test_no_machine_may_close_an_unstable_item(item: UUID) -> None:
    answer(claimed(), "allowed", sections=(), confidence=Confidence.HIGH)
    execute("UPDATE screening_circuit SET engine_id = NULL")
    assert reads_trust.why_people_decide([item]) == {item: ""}
    Verdict.objects.update(dropped_quotes=1)
    assert "quotes words" in reads_trust.why_people_decide([item])[item]
    Verdict.objects.update(dropped_quotes=0)
    row = Verdict.objects.get()
    Stability.objects.create(item_id=item, version_id=row.version_id, looks=3, agree=2, unstable=True)
    assert reads_trust.why_people_decide([item])[item] == "second looks disagreed"
    Verdict.objects.update(confidence="medium")
    assert "confident" in reads_trust.why_people_decide([item])[item]
    Verdict.objects.update(injection_suspected=True)
    assert "steer" in reads_trust.why_people_decide([item])[item]


def test_no_machine_may_close_what_one_of_its_policies_does_not_allow(db: str) -> None:
    publish("harassment", "hate")
    (item,) = arrive(ABUSE, policies=["harassment", "hate"])
    score()
    first, second = claimed()
    answer([first], "allowed", sections=())
    execute("UPDATE screening_circuit SET engine_id = NULL")
    assert "a policy that was asked has no verdict" in reads_trust.why_people_decide([item])[item]
    answer([second], "violates", sections=())
    execute("UPDATE screening_circuit SET engine_id = NULL")
    assert "not a confident allowed" in reads_trust.why_people_decide([item])[item]


@pytest.mark.parametrize(
    ("label", "fields", "looks"),
    [
        ("violates", {"sections": ()}, 0),
        ("allowed", {"sections": ()}, 0),
        ("unsure", {"sections": ()}, 2),
        ("allowed", {"sections": (), "confidence": Confidence.LOW}, 2),
    ],
)
def test_who_is_looked_at_again(item: UUID, label: str, fields: dict[str, Any], looks: int) -> None:
    answer(claimed(), label, **fields)
    assert Judgement.objects.filter(run__kind="second_look").count() == looks


def test_a_practice_reasoners_doubts_are_not_looked_at(item: UUID) -> None:
    practice = actions.note_engine(endpoint=0, identity=IDENTITY)
    answer(claimed(), "unsure", by=practice, sections=())
    assert claimed() == []


def test_it_can_be_switched_off(item: UUID, cast: Cast) -> None:
    actions.set_reasoner(wanted=ReasonerSettings(second_look_on=False), person=cast.ad)
    answer(claimed(), "violates")
    assert claimed() == []


def test_looks_that_fail_leave_what_there_is(item: UUID) -> None:
    answer(claimed(), "violates")
    first, second = claimed()
    answer([first], "allowed")
    assert not Stability.objects.exists()
    actions.commit_verdicts(outcomes=[Outcome(second, failure("refused"))], engine=engine())
    panel = reads.verdict_panel(item)[0]
    assert panel.stability == "unstable (1 of 2)" and reads.said_of(item).why_not == ""


def test_a_decided_item_is_not_looked_at_any_more(item: UUID) -> None:
    answer(claimed(), "violates")
    flying = claimed(1)
    execute("UPDATE intake_item SET state = 'decided' WHERE id = %s", item)
    assert actions.sweep().withdrawn == 1
    before = CurrentVerdict.objects.get().verdict_id
    answer(flying, "allowed")
    assert CurrentVerdict.objects.get().verdict_id == before, "what was decided on stays on the screen"
    assert reads.verdict_panel(item)[0].stability == "unstable (1 of 2)"


class TestSecondModel:
    """Two endpoints with two models."""

    @pytest.fixture(autouse=True)
    def _two(self, settings: Any) -> None:
        settings.REASONER_URLS = ["http://127.0.0.1:9/v1", "http://127.0.0.1:10/v1"]

    @staticmethod
    def large() -> UUID:
        identity = replace(IDENTITY, model="large", signature="large", practice=False)
        return actions.note_engine(endpoint=1, identity=identity)

    def test_a_doubtful_verdict_goes_to_the_second_model(self, item: UUID) -> None:
        small, large = engine(), self.large()
        assert actions.claim_judgements(endpoint=1, limit=5) == [], "it is kept for doubtful items"
        answer(claimed(), "unsure", by=small, sections=())
        assert actions.claim_judgements(endpoint=0, limit=5) == []
        (claim,) = actions.claim_judgements(endpoint=1, limit=5)
        answer([claim], "allowed", by=large, sections=())
        panel = reads.verdict_panel(item)[0]
        assert (panel.label, panel.unstable, panel.stability) == ("allowed", False, "")
        assert [(other.label, other.escalated) for other in panel.others] == [("unsure", False)]

    def test_two_models_that_differ_are_unstable(self, item: UUID) -> None:
        small, large = engine(), self.large()
        answer(claimed(), "allowed", by=small, sections=(), confidence=Confidence.LOW)
        answer(actions.claim_judgements(endpoint=1, limit=5), "violates", by=large)
        panel = reads.verdict_panel(item)[0]
        assert (panel.label, panel.stability) == ("violates", "unstable (1 of 2)")

    def test_the_second_model_helps_out_when_the_first_is_away(self, item: UUID, cast: Cast) -> None:
        engine()
        self.large()
        actions.open_circuit(endpoint=0, reason="Away.", failures=20)
        assert len(actions.claim_judgements(endpoint=1, limit=5)) == 1
