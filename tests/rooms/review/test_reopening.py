"""A senior brings back what is decided: it works, is refused, is stale, comes twice and at once."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.test import Client

from reviewapp.accounts.models import Notice, Person
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Decision, Note, Strike, Task
from reviewapp.ui.errors import Forbidden, Missing
from reviewapp.webhooks.models import Delivery
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
WHY = "The seller sent the receipt."


@pytest.fixture
def decided(cast: Cast) -> Decision:
    """Ana's decision on an item, sent."""
    fraud = stage.publish("fraud")
    stage.line_up(1, version=fraud)
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ana)
    assert claim is not None
    made = actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="allowed", reason="A joke.", person=cast.ana
    ).decision
    stage.tell(
        "review_decision",
        "release_at = now() - interval '1 minute', undo_until = now() - interval '1 minute'",
        made,
    )
    stage.tell("webhooks_delivery", "release_at = now()", _delivery(made))
    actions.release_decisions()
    return Decision.objects.get(pk=made)


def _delivery(decision: UUID) -> UUID:
    return Delivery.objects.get(decision=decision).pk


def test_it_comes_back_to_its_queue_with_the_reason_and_who_decided_it_is_told(
    cast: Cast, decided: Decision
) -> None:
    actions.reopen(item=decided.item_id, reason=WHY, person=cast.sam)
    assert actions.admit() == 1
    assert Task.objects.get(item=decided.item_id, state="waiting").kind == "first"
    assert (Note.objects.get().text, Note.objects.get().person_id) == (WHY, cast.sam.pk)
    assert stage.events(decided.item_id, "item.reopened")[-1] == {"why": "senior", "states": ["decided"]}
    told = Notice.objects.get(kind="decision_reopened")
    assert (told.person_id, told.about) == (cast.ana.pk, decided.pk)
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.mo)
    assert claim is not None
    version = Version.objects.get(policy__slug="fraud")
    actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="violates", person=cast.mo,
        sections=[(version.pk, version.sections.all()[0].code)], reason_code="context_missed",
    )  # fmt: skip
    assert Decision.objects.get(replaces=decided).person_id == cast.mo.pk
    assert Strike.objects.filter(withdrawn_at=None).count() <= 1


def test_it_needs_a_senior_a_reason_and_an_item_that_is_decided(cast: Cast, decided: Decision) -> None:
    for person in (cast.ana, cast.bo, cast.au):
        with pytest.raises(Forbidden):
            actions.reopen(item=decided.item_id, reason=WHY, person=person)
    for words in (" ", "x" * 2_001):
        with pytest.raises(actions.Unclear):
            actions.reopen(item=decided.item_id, reason=words, person=cast.sam)
    with pytest.raises(Missing):
        actions.reopen(item=uuid4(), reason=WHY, person=cast.sam)
    actions.reopen(item=decided.item_id, reason=WHY, person=cast.sam)
    with pytest.raises(actions.NotDecided):
        actions.reopen(item=decided.item_id, reason=WHY, person=cast.sam)
    assert Note.objects.count() == 1


def test_what_is_restricted_is_not_brought_back(cast: Cast, decided: Decision) -> None:
    actions.restrict(item=decided.item_id, reference="case 7", person=cast.sam)
    with pytest.raises(Missing):
        actions.reopen(item=decided.item_id, reason=WHY, person=cast.sam)


def test_two_seniors_at_once_bring_it_back_once(cast: Cast, decided: Decision) -> None:
    people = [cast.sam, cast.ad]
    at_once(2, lambda number: actions.reopen(item=decided.item_id, reason=WHY, person=people[number]))
    actions.admit()
    assert Note.objects.count() == 1 and Task.objects.filter(state="waiting").count() == 1


def test_the_decision_record_offers_it_to_seniors_and_keeps_what_was_typed(
    cast: Cast, decided: Decision, client_for: SignIn
) -> None:
    path = f"/decisions/{decided.pk}"
    assert "Reopen…" not in client_for(cast.ana).get(path).content.decode()
    assert client_for(cast.ana).post(f"{path}/reopen", {"why": WHY}).status_code == 403
    client = client_for(cast.sam)
    assert "Reopen…" in client.get(path).content.decode()
    refused = client.post(f"{path}/reopen", {"why": "x" * 2_001})
    assert refused.status_code == 422 and "x" * 2_001 in refused.content.decode()
    answer = client.post(f"{path}/reopen", {"why": WHY})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/review/{decided.item_id}")
    assert WHY in client.get(f"/review/{decided.item_id}").content.decode()
    assert "Reopen…" not in client.get(path).content.decode()
