"""Claims: exclusive, leased, in queue order, and given back in every way they can end."""

import pytest
from django.db import connection

from reviewapp.audit.actions import SWEEPER
from reviewapp.review import actions
from reviewapp.review.models import Queue, Task
from reviewapp.ui.errors import Forbidden
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.review import stage


def test_admission_routes_by_the_lead_verdict_and_runs_once(cast: Cast) -> None:
    item = stage.wait_for_a_person()
    stage.say(item, stage.publish("fraud"))
    assert [actions.admit(), actions.admit()] == [1, 0]
    task = Task.objects.get(item=item)
    assert (task.queue.slug, task.policy, task.tier) == ("scams-spam", "fraud", 5)
    assert task.rank_at < task.due_at and task.terms["severity"] > 0


def test_an_item_without_a_verdict_lands_in_the_last_queue(cast: Cast) -> None:
    item = stage.line_up()[0]
    assert Task.objects.get(item=item).queue.slug == "everything-else"


def test_orders_and_threats_to_life_go_first(cast: Cast) -> None:
    ordered = stage.wait_for_a_person(flags=["authority_order"])
    threat = stage.wait_for_a_person()
    stage.say(threat, stage.publish("violence"), sections=["VI-1.1"])
    actions.admit()
    assert set(Task.objects.filter(tier=1).values_list("item", flat=True)) == {ordered, threat}


def test_default_queues_are_made_once(cast: Cast) -> None:
    assert len(actions.seed_queues(actor=SWEEPER)) == 5
    assert actions.seed_queues(actor=SWEEPER) == []
    assert Queue.objects.count() == 5


def test_claims_come_in_queue_order_and_a_person_holds_one(cast: Cast) -> None:
    first, second = stage.line_up(2)
    queue = stage.queue_of("everything-else")
    claim = actions.claim_next(queue=queue, person=cast.ana)
    assert claim is not None and claim.item == first
    again = actions.claim_next(queue=queue, person=cast.ana)
    assert again is not None and again.task == claim.task
    other = actions.claim_next(queue=queue, person=cast.mo)
    assert other is not None and other.item == second
    assert actions.claim_next(queue=queue, person=cast.sam) is None


def test_twenty_people_at_once_get_twenty_different_items(cast: Cast) -> None:
    stage.line_up(8)
    queue = stage.queue_of("everything-else")
    people = [cast.ana, cast.mo, cast.sam, cast.ad]
    claims = at_once(4, lambda number: actions.claim_next(queue=queue, person=people[number]))
    assert len({claim.item for claim in claims}) == 4


def test_one_person_pressing_start_many_times_holds_one_item(cast: Cast) -> None:
    stage.line_up(8)
    queue = stage.queue_of("everything-else")
    claims = at_once(8, lambda _: actions.claim_next(queue=queue, person=cast.ana))
    assert len({claim.item for claim in claims}) == 1


def test_who_does_not_work_queues_claims_nothing(cast: Cast) -> None:
    stage.line_up()
    for person in (cast.bo, cast.cy, cast.au):
        with pytest.raises(Forbidden):
            actions.claim_next(queue=stage.queue_of("everything-else"), person=person)


def test_a_skipped_item_is_logged_and_not_served_straight_back(cast: Cast) -> None:
    first, second = stage.line_up(2)
    queue = stage.queue_of("everything-else")
    claim = actions.claim_next(queue=queue, person=cast.ana)
    assert claim is not None
    following = actions.skip(task=claim.task, epoch=claim.epoch, person=cast.ana)
    assert following is not None and following.item == second
    assert actions.skip(task=following.task, epoch=following.epoch, person=cast.ana) is None
    assert "task.skipped" in stage.verbs(first)
    theirs = actions.claim_next(queue=queue, person=cast.mo)
    assert theirs is not None and theirs.item == first


def test_a_person_who_skipped_a_whole_window_gets_the_item_behind_it(cast: Cast) -> None:
    items = stage.line_up(66)
    queue = stage.queue_of("everything-else")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO review_skip (id, task_id, person_id, at) SELECT gen_random_uuid(), id, %s, now() FROM review_task"
            " WHERE item_id = ANY(%s)",
            [cast.ana.pk, items[:65]],
        )
    claim = actions.claim_next(queue=queue, person=cast.ana)
    assert claim is not None and claim.item == items[65]


def test_what_left_is_withdrawn_and_never_served(cast: Cast) -> None:
    gone, restricted, here = stage.line_up(3)
    stage.tell("intake_item", "state = 'superseded'", gone)
    stage.tell("intake_item", "restricted = true", restricted)
    claim = actions.claim_next(queue=stage.queue_of("everything-else"), person=cast.ana)
    assert claim is not None and claim.item == here
    assert set(Task.objects.filter(state="withdrawn").values_list("item", flat=True)) == {gone, restricted}
    assert "task.withdrawn" in stage.verbs(gone)


def test_a_lapsed_lease_goes_back_and_its_old_epoch_is_worth_nothing(cast: Cast) -> None:
    item = stage.line_up()[0]
    queue = stage.queue_of("everything-else")
    old = actions.claim_next(queue=queue, person=cast.ana)
    assert old is not None
    stage.tell("review_task", "lease_until = now() - interval '1 second'", old.task)
    with pytest.raises(actions.ClaimLost):
        actions.renew(task=old.task, epoch=old.epoch, person=cast.ana)
    assert actions.expire_claims() == 1 and actions.expire_claims() == 0
    assert "task.released" in stage.verbs(item)
    new = actions.claim_next(queue=queue, person=cast.mo)
    assert new is not None and new.epoch == old.epoch + 1
    with pytest.raises(actions.ClaimLost):
        actions.release(task=old.task, epoch=old.epoch, person=cast.ana)


def test_renewing_moves_the_end_and_keeps_the_reserved_one_alive(cast: Cast) -> None:
    stage.line_up(2)
    queue = stage.queue_of("everything-else")
    claim = actions.claim_next(queue=queue, person=cast.ana)
    behind = actions.reserve_next(queue=queue, person=cast.ana)
    assert claim and behind and behind.reserved
    stage.tell("review_task", "lease_until = now() + interval '5 seconds'", claim.task)
    stage.tell("review_task", "lease_until = now() + interval '5 seconds'", behind.task)
    assert actions.renew(task=claim.task, epoch=claim.epoch, person=cast.ana) > claim.lease_until
    later = Task.objects.get(pk=behind.task).lease_until
    assert later is not None and later > behind.lease_until


def test_a_reserved_item_is_nobody_elses_and_asked_twice_the_same(cast: Cast) -> None:
    stage.line_up(2)
    queue = stage.queue_of("everything-else")
    actions.claim_next(queue=queue, person=cast.ana)
    once, twice = (actions.reserve_next(queue=queue, person=cast.ana) for _ in range(2))
    assert once and twice and once.task == twice.task
    assert actions.claim_next(queue=queue, person=cast.mo) is None


def test_nothing_is_reserved_for_who_works_on_nothing_any_more(cast: Cast) -> None:
    stage.line_up(2)
    queue = stage.queue_of("everything-else")
    claim = actions.claim_next(queue=queue, person=cast.ana)
    assert claim is not None
    actions.take_break(person=cast.ana)
    assert actions.reserve_next(queue=queue, person=cast.ana) is None
    assert not Task.objects.filter(state="claimed").exists()


def test_one_item_can_be_claimed_again_but_not_beside_another(cast: Cast) -> None:
    first, second = stage.line_up(2)
    claim = actions.claim_item(item=second, person=cast.ana)
    assert actions.claim_item(item=second, person=cast.ana).task == claim.task
    with pytest.raises(actions.HoldsAnother):
        actions.claim_item(item=first, person=cast.ana)
    with pytest.raises(actions.ClaimLost):
        actions.claim_item(item=second, person=cast.mo)
