"""Confirm, override and undo: once, by the holder, in one transaction with everything that must go with them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from reviewapp.audit.models import Event, Position
from reviewapp.intake.models import Item
from reviewapp.review import actions
from reviewapp.review.actions import Claim, Decided
from reviewapp.review.models import Decision, Draft, Task
from reviewapp.ui.errors import Forbidden, Missing, Stale
from reviewapp.webhooks.models import Delivery
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.review import stage


@pytest.fixture
def version(cast: Cast):  # type: ignore[no-untyped-def]
    return stage.publish("fraud")


def take(person, slug: str = "scams-spam") -> Claim:  # type: ignore[no-untyped-def]
    claim = actions.claim_next(queue=stage.queue_of(slug), person=person)
    assert claim is not None
    return claim


def confirm(claim: Claim, person, verdict: UUID, nonce: UUID | None = None) -> Decided:  # type: ignore[no-untyped-def]
    return actions.confirm(
        task=claim.task,
        epoch=claim.epoch,
        nonce=nonce or uuid4(),
        verdict=verdict,
        person=person,
        shown=[verdict],
    )


def lead_of(item: UUID) -> UUID:
    return Item.objects.get(pk=item).current_verdicts.get().verdict_id


def test_confirm_stores_what_it_was_based_on(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version)[0]
    claim = take(cast.ana)
    made = Decision.objects.get(pk=confirm(claim, cast.ana, lead_of(item)).decision)
    assert (made.label, made.kind, made.automation) == ("violates", "first", "partially")
    assert list(made.findings.values_list("version_id", "section")) == [
        (version.pk, version.sections.all()[0].code)
    ]
    assert [call.call for call in made.calls.all()] == ["agreed"]
    assert (
        made.shown["verdicts"][0]["policy_hash"] == version.hash
        and made.shown["verdicts"][0]["prompt_hash"] == "p" * 64
    )
    assert made.release_at - made.at == timedelta(seconds=10)
    assert Item.objects.get(pk=item).state == "decided" and Task.objects.get(pk=claim.task).state == "done"
    assert list(Delivery.objects.values_list("event", "state")) == [("decision.made", "held")]
    assert stage.verbs(item)[-1] == "decision.made"


def test_fifty_parallel_confirms_of_one_form_are_one_decision(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version)[0]
    claim, nonce, verdict = take(cast.ana), uuid4(), lead_of(item)
    answers = at_once(50, lambda _: confirm(claim, cast.ana, verdict, nonce))
    assert len({answer.decision for answer in answers}) == 1
    assert (
        Decision.objects.count()
        == Delivery.objects.count()
        == Event.objects.filter(verb="decision.made").count()
        == 1
    )


def test_of_two_people_the_later_one_gets_a_conflict(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version)[0]
    verdict, lost = lead_of(item), take(cast.ana)
    stage.tell("review_task", "lease_until = now() - interval '1 second'", lost.task)
    actions.expire_claims()
    with pytest.raises(actions.ClaimLost):
        confirm(lost, cast.ana, verdict)
    confirm(take(cast.mo), cast.mo, verdict)
    with pytest.raises(actions.AlreadyDecided) as told:
        confirm(lost, cast.ana, verdict)
    assert told.value.details["decision"] == str(Decision.objects.get().pk)


def test_a_lapsed_lease_cannot_decide_even_before_it_is_swept(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version)[0]
    claim = take(cast.ana)
    stage.tell("review_task", "lease_until = now() - interval '1 second'", claim.task)
    with pytest.raises(actions.ClaimLost):
        confirm(claim, cast.ana, lead_of(item))
    assert not Decision.objects.exists() and Item.objects.get(pk=item).state == "awaiting_review"


def test_a_late_verdict_that_leads_stops_the_confirm(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version, label="allowed")[0]
    seen, claim = lead_of(item), actions.claim_item(item=item, person=cast.ana)
    stage.say(item, stage.publish("spam"))
    with pytest.raises(actions.VerdictChanged):
        confirm(claim, cast.ana, seen)
    assert not Decision.objects.exists()


def test_unsure_cannot_be_confirmed_and_answering_it_is_no_override(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version, label="unsure")[0]
    claim = actions.claim_item(item=item, person=cast.ana)
    with pytest.raises(actions.Unclear):
        confirm(claim, cast.ana, lead_of(item))
    made = own_call(claim, cast.ana, "allowed", shown=[lead_of(item)])
    assert [call.call for call in made.calls.all()] == ["not_considered"] and made.lead is None


def own_call(claim: Claim, person, label: str, sections=(), **fields) -> Decision:  # type: ignore[no-untyped-def]
    done = actions.override(
        task=claim.task,
        epoch=claim.epoch,
        nonce=uuid4(),
        label=label,
        sections=sections,
        person=person,
        **fields,
    )
    return Decision.objects.get(pk=done.decision)


def test_an_override_needs_a_reason_and_says_what_it_overrode(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version)[0]
    claim = take(cast.ana)
    with pytest.raises(actions.Unclear, match="why"):
        own_call(claim, cast.ana, "allowed")
    made = own_call(
        claim,
        cast.ana,
        "allowed",
        reason_code="context_missed",
        reason=" Seen in the thread. ",
        shown=[lead_of(item)],
    )
    assert [call.call for call in made.calls.all()] == ["overridden"]
    assert (made.reason_code, made.reason, made.actions[0]["code"], made.automation) == (
        "context_missed", "Seen in the thread.", "none", "not",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("label", "section", "fields"),
    [
        ("violates", None, {}),
        ("maybe", None, {}),
        ("violates", "XX-9.9", {}),
        ("allowed", "first", {}),
        ("allowed", None, {"action": "explode"}),
        ("allowed", None, {"reason_code": "because"}),
        ("allowed", None, {"reason": "x" * 4001}),
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(cast: Cast, version, label, section, fields) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1)[0]
    claim = take(cast.ana, "everything-else")
    code = version.sections.all()[0].code if section == "first" else section
    with pytest.raises(actions.Unclear):
        own_call(claim, cast.ana, label, [(version.pk, code)] if code else [], **fields)
    assert not Decision.objects.exists() and Item.objects.get(pk=item).state == "awaiting_review"


def test_without_a_verdict_the_call_is_a_decision_by_a_person(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    stage.line_up(1)
    section = version.sections.all()[0]
    made = own_call(take(cast.ana, "everything-else"), cast.ana, "violates", [(version.pk, section.code)])
    assert (
        made.automation == "not"
        and not made.calls.exists()
        and made.actions[0]["code"] in {"remove", "limit"}
    )


def test_deciding_moves_on_to_the_reserved_item(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    first, second = stage.line_up(2, version=version)
    claim = take(cast.ana)
    actions.reserve_next(queue=claim.queue, person=cast.ana)
    following = confirm(claim, cast.ana, lead_of(first)).following
    assert following is not None and following.item == second and not following.reserved


def test_undo_takes_the_call_back_and_the_item_into_the_hand(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    first, second, third = stage.line_up(3, version=version)
    claim = take(cast.ana)
    actions.reserve_next(queue=claim.queue, person=cast.ana)
    done = confirm(claim, cast.ana, lead_of(first))
    actions.reserve_next(queue=claim.queue, person=cast.ana)
    undone = actions.undo(decision=done.decision, person=cast.ana)
    assert undone.claim.item == first and undone.claim.epoch == claim.epoch + 1
    assert Item.objects.get(pk=first).state == "awaiting_review" and Item.objects.get(pk=first).admitted
    assert list(Delivery.objects.values_list("state", flat=True)) == ["cancelled"]
    states = dict(Task.objects.values_list("item", "state"))
    assert (states[second], states[third]) == ("claimed", "waiting")
    assert Task.objects.get(item=second).reserved
    assert actions.undo(decision=done.decision, person=cast.ana).claim.task == claim.task
    assert Decision.objects.filter(kind="undone").count() == 1
    again = confirm(undone.claim, cast.ana, lead_of(first))
    assert Decision.objects.get(pk=again.decision).kind == "first" and again.following is not None


def test_undo_steps_back_through_all_calls_in_their_window(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    first, second = stage.line_up(2, version=version)
    one = confirm(take(cast.ana), cast.ana, lead_of(first))
    two = confirm(take(cast.ana), cast.ana, lead_of(second))
    assert actions.undo(decision=two.decision, person=cast.ana).claim.item == second
    assert actions.undo(decision=one.decision, person=cast.ana).claim.item == first


def test_undo_puts_the_written_words_back_into_the_form(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    first = stage.line_up(1, version=version)[0]
    claim = take(cast.ana)
    own = {"label": "allowed", "reason_code": "quoted_speech", "reason": "It quotes."}
    done = actions.override(task=claim.task, epoch=claim.epoch, nonce=uuid4(), person=cast.ana, **own)
    undone = actions.undo(decision=done.decision, person=cast.ana).claim
    draft = Draft.objects.get(task=undone.task, person=cast.ana)
    assert (draft.section, draft.reason_code, draft.reason) == ("allowed", "quoted_speech", "It quotes.")
    done = confirm(undone, cast.ana, lead_of(first))
    actions.undo(decision=done.decision, person=cast.ana)
    assert Draft.objects.get().reason == "It quotes.", "confirm sent no words, so none went with it"


def test_a_call_on_an_item_that_was_restricted_since_stands(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version)[0]
    done = confirm(take(cast.ana), cast.ana, lead_of(item))
    actions.restrict(item=item, reference="case 1", person=cast.ana)
    with pytest.raises(actions.TooLate, match="restricted"):
        actions.undo(decision=done.decision, person=cast.ana)
    assert Task.objects.get(item=item).state == "done"


def test_undo_is_refused_after_the_window_and_to_others(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version)[0]
    done = confirm(take(cast.ana), cast.ana, lead_of(item))
    with pytest.raises(Missing):
        actions.undo(decision=done.decision, person=cast.mo)
    stage.tell("review_decision", "release_at = now() - interval '1 second'", done.decision)
    with pytest.raises(actions.TooLate):
        actions.undo(decision=done.decision, person=cast.ana)
    assert Item.objects.get(pk=item).state == "decided"


def test_undo_is_refused_once_the_announcement_is_on_its_way(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version)[0]
    done = confirm(take(cast.ana), cast.ana, lead_of(item))
    Delivery.objects.update(state="sending")
    with pytest.raises(actions.TooLate):
        actions.undo(decision=done.decision, person=cast.ana)
    assert Delivery.objects.get().state == "sending"


def test_undo_against_release_has_one_winner(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version)[0]
    done = confirm(take(cast.ana), cast.ana, lead_of(item))
    Delivery.objects.update(release_at="2020-01-01T00:00Z")

    def act(number: int) -> object:
        return (
            actions.release_decisions() if number else actions.undo(decision=done.decision, person=cast.ana)
        )

    at_once(2, act)
    undone = Decision.objects.filter(kind="undone").exists()
    assert Delivery.objects.get().state == ("cancelled" if undone else "waiting")
    assert Item.objects.get(pk=item).state == ("awaiting_review" if undone else "decided")


def test_final_decisions_get_their_place_in_the_feed_once(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    items = stage.line_up(2, version=version)
    decisions = [confirm(take(cast.ana), cast.ana, lead_of(item)).decision for item in items]
    assert actions.release_decisions() == 0
    Delivery.objects.update(release_at="2020-01-01T00:00Z")
    assert actions.release_decisions() == 2 and actions.release_decisions() == 0
    placed = Position.objects.filter(feed="decisions").order_by("position").values_list("position", "subject")
    assert [position for position, _ in placed] == [1, 2] and {subject for _, subject in placed} == set(
        decisions
    )
    assert "decision.released" in stage.verbs(items[0])


def test_restricting_takes_a_reference_and_the_task_out_of_the_queue(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    item = stage.line_up(1, version=version)[0]
    claim = take(cast.ana)
    for nothing in ("", "  ", "x"):
        with pytest.raises(actions.Unclear):
            actions.restrict(item=item, reference=nothing, person=cast.ana)
    with pytest.raises(Forbidden):
        actions.restrict(item=item, reference="case 12/2026", person=cast.bo)
    actions.restrict(item=item, reference="case 12/2026", person=cast.ana)
    assert Item.objects.get(pk=item).restricted and Task.objects.get(pk=claim.task).state == "withdrawn"
    assert {"item.restricted", "task.withdrawn"} <= set(stage.verbs(item))
    with pytest.raises(Stale):
        confirm(claim, cast.ana, lead_of(item))
    actions.restrict(item=item, reference="case 12/2026", person=cast.ana)
    assert Delivery.objects.filter(event="item.limited").count() == 1
    assert stage.verbs(item).count("item.restricted") == 1


def test_erasing_forgets_the_words_and_closes_what_is_open(cast: Cast, version) -> None:  # type: ignore[no-untyped-def]
    decided, waiting = stage.line_up(2)
    own_call(
        actions.claim_item(item=decided, person=cast.ana), cast.ana, "allowed", reason="She is my neighbour."
    )
    actions.erase_content(item_ids=[decided, waiting])
    assert Decision.objects.get().reason == "" and Task.objects.get(item=waiting).state == "withdrawn"
