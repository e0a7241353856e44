"""The second person's task: whose it is, what ends it, and what becomes of the decision that waited for it."""

from uuid import UUID, uuid4

import pytest
from django.db import transaction

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import SWEEPER, record
from reviewapp.insights.actions import erase
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review import actions, reads_seat
from reviewapp.review.models import Decision, Task
from reviewapp.review.reads_calls import last_calls
from reviewapp.webhooks.models import Delivery
from tests import checker
from tests.cast import Cast
from tests.rooms.review import stage


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def claimed(person: Person) -> actions.Claim:
    claim = actions.claim_next(queue=stage.queue_of(), person=person)
    assert claim is not None
    return claim


def severe(version: Version, person: Person) -> Decision:
    """What a person confirmed of an item of severity 4: it waits for a second person."""
    item = stage.wait_for_a_person()
    stage.say(item, version, sections=[version.sections.filter(severity=4)[0].code])
    actions.admit()
    return Decision.objects.get(pk=confirm(claimed(person), person).decision)


def confirm(claim: actions.Claim, person: Person) -> actions.Decided:
    verdict = Item.objects.get(pk=claim.item).verdicts.get().pk
    return actions.confirm(task=claim.task, epoch=claim.epoch, nonce=uuid4(), verdict=verdict, person=person)


def override(claim: actions.Claim, person: Person, label: str = "allowed", **more: object) -> actions.Decided:
    given: dict[str, object] = {"reason_code": "context_missed", "sections": ()} | more
    return actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label=label, person=person, **given
    )


def come_back(item: UUID) -> None:
    """The item waits for a person again, as after an order of an authority."""
    stage.tell("intake_item", "state = 'awaiting_review', admitted = false", item)
    actions.admit()


def told(item: UUID) -> list[tuple[str, str]]:
    """What left, or will, of decisions on an item."""
    rows = Delivery.objects.filter(item=item, decision__isnull=False).order_by("created_at", "id")
    return list(rows.values_list("event", "state"))


def unsound() -> list[str]:
    """What the checker says of decisions; the stage's items never came in by the door, which it would say too."""
    return [each for each in checker.problems() if "decision" in each]


def test_a_decision_after_the_item_came_back_calls_the_second_person_off(cast: Cast, fraud: Version) -> None:
    first = severe(fraud, cast.ana)
    second = claimed(cast.mo)
    come_back(first.item_id)
    made = override(claimed(cast.sam), cast.sam)
    assert Task.objects.get(pk=second.task).state == "withdrawn"
    assert told(first.item_id) == [("decision.made", "cancelled"), ("decision.made", "held")]
    with pytest.raises(actions.ClaimLost):
        actions.confirm_first(task=second.task, epoch=second.epoch, nonce=uuid4(), person=cast.mo)
    assert Decision.objects.get(replaces=first).pk == made.decision


def test_a_severe_decision_after_the_item_came_back_waits_for_a_second_person_of_its_own(
    cast: Cast, fraud: Version
) -> None:
    first = severe(fraud, cast.ana)
    come_back(first.item_id)
    task = Task.objects.get(item=first.item_id, kind="first", state="waiting")
    claim = actions.claim_item(item=first.item_id, person=cast.ana)
    assert claim.task == task.pk
    made = confirm(claim, cast.ana)
    asked = Task.objects.get(kind="second", state="waiting")
    assert asked.answers_id == made.decision
    assert told(first.item_id) == [("decision.made", "cancelled"), ("decision.made", "held")]


def test_a_decision_in_the_place_of_one_that_left_leaves_as_replaced(cast: Cast, fraud: Version) -> None:
    item = stage.line_up(1, version=fraud)[0]
    confirm(claimed(cast.ana), cast.ana)
    come_back(item)
    override(claimed(cast.mo), cast.mo)
    assert [event for event, _ in told(item)] == ["decision.made", "decision.replaced"]


def test_who_holds_the_second_task_keeps_their_seat_when_a_newer_task_waits(
    cast: Cast, fraud: Version
) -> None:
    first = severe(fraud, cast.ana)
    second = claimed(cast.mo)
    come_back(first.item_id)
    seat = reads_seat.place_of(first.item_id, cast.mo).seat
    assert seat is not None and seat.task == second.task
    place = reads_seat.place_of(first.item_id, cast.sam)
    assert (place.standing, place.task and place.task.kind) == ("waiting", "first")


def test_nobody_hands_a_second_task_to_who_decided_or_takes_it_over_from_the_second_person(
    cast: Cast, fraud: Version
) -> None:
    first = severe(fraud, cast.sam)
    second = claimed(cast.mo)
    with pytest.raises(actions.Unclear, match="Sam made the decision"):
        actions.hand_over(
            task=second.task, epoch=second.epoch, person=cast.mo, why="expertise", to=cast.sam.pk
        )
    with pytest.raises(actions.Unclear, match="somebody else"):
        actions.take_over(item=first.item_id, person=cast.sam, why="urgent")
    assert Task.objects.get(pk=second.task).claimed_by_id == cast.mo.pk


def test_who_decided_confirms_nothing_of_their_own_however_they_came_to_the_task(
    cast: Cast, fraud: Version
) -> None:
    first = severe(fraud, cast.ana)
    second = claimed(cast.mo)
    stage.tell("review_task", f"claimed_by_id = '{cast.ana.pk}'", second.task)
    with pytest.raises(actions.Unclear, match="somebody else"):
        actions.confirm_first(task=second.task, epoch=second.epoch, nonce=uuid4(), person=cast.ana)
    with pytest.raises(actions.Unclear, match="somebody else"):
        override(second, cast.ana)
    waits = "state = 'waiting', claimed_by_id = NULL, lease_until = NULL, assigned_until = now() + interval '1 hour'"
    stage.tell("review_task", f"{waits}, assigned_to_id = '{cast.ana.pk}'", second.task)
    assert actions.claim_next(queue=second.queue, person=cast.ana) is None
    assert not Decision.objects.filter(replaces=first).exists()


def test_the_second_person_alone_suspends_nobody(cast: Cast, fraud: Version) -> None:
    first = severe(fraud, cast.ana)
    second = claimed(cast.mo)
    suspended: dict[str, object] = {
        "sections": list(first.findings.values_list("version_id", "section")),
        "action": "suspend_author",
        "reason": "Again and again.",
    }
    with pytest.raises(actions.Unclear, match="takes two people"):
        override(second, cast.mo, "violates", **suspended)
    made = override(second, cast.mo, "violates", **suspended | {"action": "remove"})
    new = actions.replace_own(decision=made.decision, label="violates", person=cast.mo, **suspended)
    assert Decision.objects.get(pk=new).awaits_second
    third = claimed(cast.sam)
    override(third, cast.sam, "violates", **suspended)
    assert told(first.item_id)[-1] == ("decision.made", "held")
    assert Decision.objects.get(replaces=new).actions[0]["code"] == "suspend_author"


def test_a_decision_is_final_when_its_item_is_restricted_before_the_second_person_came(
    cast: Cast, fraud: Version
) -> None:
    first = severe(fraud, cast.ana)
    actions.restrict(item=first.item_id, reference="case 12", person=cast.sam)
    assert actions.release_decisions() == 1
    assert told(first.item_id) == [("decision.made", "waiting")]
    assert last_calls(cast.ana)[0].state == "sent" and unsound() == []


def test_a_decision_is_final_when_its_item_is_replaced_and_never_sent_when_it_is_erased(
    cast: Cast, fraud: Version
) -> None:
    left, gone = severe(fraud, cast.ana), severe(fraud, cast.ana)
    stage.tell("intake_item", "state = 'superseded'", left.item_id)
    with transaction.atomic():
        record(verb="item.superseded", actor=SWEEPER, subjects=[left.item_id], data={"by": []})
    actions.expire_claims()
    erase(items=[gone.item_id], actor=SWEEPER)
    assert actions.release_decisions() == 1
    assert told(left.item_id) == [("decision.made", "waiting")]
    assert told(gone.item_id) == [("decision.made", "cancelled")]
    assert not Task.objects.filter(state="waiting").exists() and unsound() == []
