"""Leases, fenced commits, and what becomes of judgements without a verdict."""

from dataclasses import replace
from uuid import UUID

import pytest

from inference import Confidence, Label
from reviewapp.audit.models import Event
from reviewapp.intake import actions as intake
from reviewapp.intake.models import Item
from reviewapp.screening import actions, reads
from reviewapp.screening.actions import Claim, Committed, Outcome
from reviewapp.screening.models import CurrentVerdict, Judgement, Verdict
from tests import checker
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.screening.desk import (
    ABUSE,
    IDENTITY,
    arrive,
    claimed,
    engine,
    execute,
    failure,
    publish,
    score,
    state_of,
    verdict,
)


def commit(*outcomes: Outcome) -> Committed:
    """Commit without jitter."""
    return actions.commit_verdicts(outcomes=outcomes, engine=engine(), jitter=lambda: 0.0)


def only(claims: list[Claim]) -> Claim:
    """The one claim there is."""
    (claim,) = claims
    return claim


def asked(slug: str = "harassment") -> Claim:
    """One item under one policy, leased."""
    publish(slug)
    arrive(ABUSE, policies=[slug])
    score()
    return only(claimed())


def test_a_verdict_on_an_item_that_waits_for_people_has_them_take_note_of_it_anew(db: str) -> None:
    claim = asked()
    Item.objects.update(state="awaiting_review", admitted=True)
    commit(Outcome(claim, verdict(claim)))
    assert not Item.objects.get().admitted and Item.objects.get().state == "awaiting_review"


def test_a_verdict_sends_the_item_to_people_in_one_transaction(db: str) -> None:
    claim = asked()
    assert (claim.epoch, claim.policy.slug, claim.subject.text) == (1, "harassment", ABUSE)
    assert commit(Outcome(claim, verdict(claim))) == Committed(done=1)
    assert claim.item and state_of(claim.item) == "awaiting_review"
    row = Verdict.objects.get()
    assert (row.lease_epoch, row.policy_hash, row.effort) == (1, claim.policy.hash, "low")
    assert CurrentVerdict.objects.get().verdict_id == row.pk
    assert Event.objects.get(verb="verdict.committed").data["verdicts"] == [str(row.pk)]
    assert Event.objects.get(verb="item.awaiting_review").subjects == [claim.item]
    assert checker.problems([claim.item]) == []


def test_a_stale_epoch_writes_nothing(db: str) -> None:
    old = asked()
    execute("UPDATE screening_judgement SET lease_until = clock_timestamp() - interval '1 s'")
    assert actions.sweep().requeued == 1
    new = only(claimed())
    assert new.epoch == old.epoch + 1
    assert commit(Outcome(old, verdict(old))) == Committed(dropped=1)
    assert commit(Outcome(old, failure("refused"))) == Committed(dropped=1)
    assert not Verdict.objects.exists() and actions.renew_leases(claims=[old]) == set()
    assert commit(Outcome(new, verdict(new))) == Committed(done=1)
    assert commit(Outcome(new, verdict(new))) == Committed(dropped=1)
    assert Verdict.objects.count() == 1 and checker.problems() == []


def test_no_two_pumps_hold_one_judgement(db: str) -> None:
    publish("harassment")
    arrive(*[f"{ABUSE} {number}" for number in range(60)], policies=["harassment"])
    score()

    claims = [claim for found in at_once(3, lambda _: claimed(10) + claimed(10)) for claim in found]
    assert len(claims) == len({claim.judgement for claim in claims}) == 60


@pytest.mark.parametrize(
    ("kind", "tries"),
    [("transient", 5), ("timeout", 2), ("invalid", 2), ("cut_off", 2), ("refused", 1), ("too_long", 1)],
)
def test_a_failure_ends_after_its_tries_and_says_why(db: str, kind: str, tries: int) -> None:
    claim = asked()
    for number in range(1, tries + 1):
        assert claim.larger is (number > 1 and kind in {"invalid", "cut_off"})
        ended = commit(Outcome(claim, failure(kind)))
        assert ended == (Committed(failed=1) if number == tries else Committed(retried=1))
        execute("UPDATE screening_judgement SET not_before = NULL")
        if number < tries:
            claim = only(claimed())
    assert claim.item and state_of(claim.item) == "awaiting_review" and not claimed()
    assert Event.objects.get(verb="verdict.failed").data["kinds"] == {kind: 1}
    why = "it did not work" if kind == "too_long" else "the "
    assert reads.said_of(claim.item).why_not.startswith(f"Harassment: {why}")


@pytest.mark.parametrize("kind", ["busy", "unauthorised", "wrong_model"])
def test_what_is_not_the_items_fault_is_not_counted(db: str, kind: str) -> None:
    claim = asked()
    for _ in range(8):
        assert commit(Outcome(claim, failure(kind))) == Committed(released=1)
        execute("UPDATE screening_judgement SET not_before = NULL")
        claim = only(claimed())
    row = Judgement.objects.get()
    assert (row.transients, row.timeouts, row.invalids, row.crashes) == (0, 0, 0, 0)


def test_a_backoff_is_waited_for(db: str) -> None:
    claim = asked()
    commit(Outcome(claim, failure("transient")))
    assert claimed() == []


def test_three_lapsed_leases_end_a_judgement(db: str) -> None:
    claim = asked()
    for number in range(3):
        execute("UPDATE screening_judgement SET lease_until = clock_timestamp() - interval '1 s'")
        swept = actions.sweep()
        assert (swept.requeued, swept.crashed) == ((0, 1) if number == 2 else (1, 0))
        claimed()
    assert claim.item and state_of(claim.item) == "awaiting_review"
    assert reads.said_of(claim.item).why_not == "Harassment: judging it ended in a crash three times"


def test_judgements_that_were_in_crashes_are_lent_in_ever_smaller_groups(db: str) -> None:
    publish("harassment")
    arrive(*[f"{ABUSE} number {number}" for number in range(40)], policies=["harassment"])
    while score():
        pass
    for crashes, together in ((1, 32), (2, 1)):
        execute("UPDATE screening_judgement SET crashes = %s", crashes)
        claims = claimed()
        assert len(claims) == together
        assert not actions.claim_judgements(endpoint=0, limit=100, suspects=[crashes] * together)
        (last, *rest) = claims
        actions.release(claims=[last])
        assert claimed_beside(rest) == [last.judgement]
        execute("UPDATE screening_judgement SET state = 'pending'")


def claimed_beside(suspects: list[Claim]) -> list[UUID]:
    more = actions.claim_judgements(endpoint=0, limit=100, suspects=[claim.crashes for claim in suspects])
    return [claim.judgement for claim in more]


def test_the_worst_suspect_is_lent_first_and_alone(db: str) -> None:
    publish("harassment")
    arrive(*[f"{ABUSE} number {number}" for number in range(3)], policies=["harassment"])
    score()
    worst, other = list(Judgement.objects.order_by("rank_at").values_list("pk", flat=True))[1:]
    execute("UPDATE screening_judgement SET crashes = 2 WHERE id = %s", worst)
    execute("UPDATE screening_judgement SET crashes = 1 WHERE id = %s", other)
    claims = claimed()
    assert {claim.judgement for claim in claims if claim.is_suspect} == {worst}
    assert len(claims) == 2, "what was in no crash goes along"


def test_a_suspect_is_lent_to_the_engine_that_its_run_is_for_alone(db: str) -> None:
    asked()
    wanted = actions.note_engine(endpoint=1, identity=replace(IDENTITY, signature="another"))
    actions.note_engine(endpoint=0, identity=IDENTITY)
    execute("UPDATE screening_judgement SET state = 'pending', crashes = 1")
    execute("UPDATE screening_run SET kind = 'canary', engine_id = %s", wanted)
    assert claimed() == []
    assert only(actions.claim_judgements(endpoint=1, limit=100)).is_suspect


def test_the_next_pump_takes_back_what_a_dead_one_held_and_nothing_else(db: str) -> None:
    publish("harassment")
    arrive(*[f"{ABUSE} number {number}" for number in range(3)], policies=["harassment"])
    score()
    for place in (0, 100, None):
        only(actions.claim_judgements(endpoint=0, limit=1, place=place))
    assert actions.take_back(place=100) == (1, 0)
    assert sorted(Judgement.objects.values_list("state", "held_by", "crashes"), key=str) == [
        ("leased", 0, 0), ("leased", None, 0), ("pending", 100, 1),
    ]  # fmt: skip
    assert Event.objects.get(verb="judgement.requeued").data == {"why": "holder_died", "count": 1}


def test_an_item_waits_for_all_its_judgements(db: str) -> None:
    publish("harassment", "hate")
    (item,) = arrive(ABUSE, policies=["harassment", "hate"])
    score()
    first, second = claimed()
    commit(Outcome(first, verdict(first)))
    assert state_of(item) == "awaiting_verdict"
    commit(Outcome(second, failure("refused")))
    assert state_of(item) == "awaiting_review"


def test_the_last_two_judgements_may_end_at_once(db: str) -> None:
    publish("harassment", "hate")
    items = arrive(*[f"{ABUSE} {number}" for number in range(20)], policies=["harassment", "hate"])
    score()
    who = engine()
    claims = sorted(claimed(), key=lambda claim: claim.policy.slug)

    def work(half: int) -> None:
        for claim in claims[20 * half : 20 * half + 20]:
            actions.commit_verdicts(outcomes=[Outcome(claim, verdict(claim))], engine=who)

    assert at_once(2, work) == [None, None]
    assert {state_of(item) for item in items} == {"awaiting_review"}


def test_a_row_that_cannot_be_stored_sinks_alone(db: str) -> None:
    publish("harassment")
    arrive(*[f"{ABUSE} {number}" for number in range(3)], policies=["harassment"])
    score()
    claims = claimed()
    outcomes = [Outcome(claim, verdict(claim)) for claim in claims]
    outcomes[1] = Outcome(claims[1], verdict(claims[1], rationale="a\x00b"))
    assert commit(*outcomes) == Committed(done=2, failed=1)
    assert Judgement.objects.filter(state="failed").get().failure_reason == "The answer could not be stored."


def test_a_late_verdict_is_stored_and_changes_no_state(db: str) -> None:
    claim = asked()
    assert claim.item
    execute("UPDATE intake_item SET changed_at = changed_at - interval '1 hour'")
    assert actions.sweep().overdue == 1
    assert state_of(claim.item) == "awaiting_review"
    assert reads.said_of(claim.item).why_not == "Harassment: verdict still pending"
    assert commit(Outcome(claim, verdict(claim))).done == 1
    assert state_of(claim.item) == "awaiting_review" and reads.said_of(claim.item).why_not == ""


def test_unscored_items_go_to_people(db: str) -> None:
    publish()
    (item,) = arrive(ABUSE)
    assert actions.sweep().unscored == 0
    execute("UPDATE intake_item SET received_at = received_at - interval '61 s'")
    assert actions.sweep().unscored == 1
    assert state_of(item) == "awaiting_review"
    assert reads.said_of(item).why_not == "the prefilter did not score it in time"


def test_restricted_items_are_never_sent(cast: Cast) -> None:
    publish("harassment")
    (item,) = arrive(ABUSE, policies=["harassment"])
    score()
    intake.restrict(item=item, reference="R-1", person=cast.sam)
    assert claimed() == []
    assert state_of(item) == "awaiting_review"
    assert Judgement.objects.get().failure_kind == "withdrawn"


def test_erasure_takes_the_words_and_shuts_out_calls_in_flight(db: str) -> None:
    done = asked()
    commit(Outcome(done, verdict(done)))
    arrive(ABUSE + " more", policies=["harassment"])
    score()
    flying = only(claimed())
    assert done.item and flying.item
    actions.erase_content(item_ids=[done.item, flying.item])
    assert commit(Outcome(flying, verdict(flying))) == Committed(dropped=1)
    row = Verdict.objects.get()
    assert (row.evidence_for, row.rationale, row.reasoning, row.raw, row.label) == (
        [],
        "",
        "",
        "",
        "violates",
    )


def test_the_panel_puts_the_lead_first(db: str) -> None:
    publish("harassment", "hate", "spam")
    (item,) = arrive(ABUSE, policies=["harassment", "hate", "spam"])
    score()
    claims = {claim.policy.slug: claim for claim in claimed()}
    commit(
        Outcome(claims["spam"], verdict(claims["spam"], label=Label.ALLOWED, sections=())),
        Outcome(claims["hate"], verdict(claims["hate"], confidence=Confidence.LOW)),
        Outcome(claims["harassment"], failure("refused")),
    )
    panel = reads.verdict_panel(item)
    assert [each.slug for each in panel] == ["hate", "spam"]
    lead = panel[0]
    assert [section.code for section in lead.sections if section.cited] == [lead.cited[0].code]
    assert lead.practice and lead.notice.startswith("Practice reasoner: ")
    facts = reads.lead_facts([item])[item]
    assert (facts.policy, facts.label, facts.severity) == ("hate", "violates", lead.severity)
    assert reads.said_of(item).why_not == "Harassment: the reasoner refused the request"


def test_a_newer_version_keeps_its_place_as_current(db: str) -> None:
    old = asked()
    assert old.item
    execute("UPDATE policies_version SET state = 'retired'")
    execute(
        "INSERT INTO policies_version SELECT (jsonb_populate_record(v, jsonb_build_object("
        "'id', gen_random_uuid(), 'number', 2, 'state', 'published'))).* FROM policies_version v"
    )
    execute(
        "INSERT INTO screening_judgement SELECT (jsonb_populate_record(j, jsonb_build_object('id', gen_random_uuid(),"
        " 'state', 'pending', 'version_id', (SELECT id FROM policies_version WHERE number = 2)))).*"
        " FROM screening_judgement j"
    )
    new = only(claimed())
    commit(Outcome(new, verdict(new)))
    commit(Outcome(old, verdict(old)))
    assert CurrentVerdict.objects.get().verdict.version_id == new.version
    assert Verdict.objects.count() == 2


def test_the_place_of_a_finding_in_a_long_item_is_kept(db: str, store: str) -> None:
    publish("harassment")
    (item,) = arrive(ABUSE, policies=["harassment"])
    score()
    (claim,) = claimed()
    answer = verdict(claim, parts=3, place=(10, 40))
    actions.commit_verdicts(outcomes=[Outcome(claim, answer)], engine=engine())
    panel = reads.verdict_panel(item)[0]
    assert (panel.parts, panel.place) == (3, (10, 40))
