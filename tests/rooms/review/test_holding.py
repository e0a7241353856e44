"""Items put aside: held, handed over, taken over, drafted, returned; each works, is refused, is stale, is sent twice."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Notice, Person
from reviewapp.review import actions, reads_desk, reads_dialogs
from reviewapp.review.models import Decision, Draft, Note, QueueNote, Stay, Task
from reviewapp.ui.errors import Forbidden, Missing
from tests.cast import Cast
from tests.racing import at_once
from tests.robots import hidden_fields
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]


def soon(**more: int) -> datetime:
    return datetime.now(UTC) + timedelta(**(more or {"hours": 1}))


def claimed(person: Person, queue: str = "everything-else") -> actions.Claim:
    claim = actions.claim_next(queue=stage.queue_of(queue), person=person)
    assert claim is not None
    return claim


def put_aside(claim: actions.Claim, person: Person, **changes: object) -> actions.Claim | None:
    given: dict[str, object] = {"until": soon(), "waits_for": "answer", "note": "", "back_to_me": True}
    return actions.hold(task=claim.task, epoch=claim.epoch, person=person, **given | changes)


def lapse(task: UUID, column: str = "hold_until") -> None:
    stage.tell("review_task", f"{column} = now() - interval '1 second'", task)


def test_a_held_item_leaves_the_queue_with_its_note_and_returns_to_its_holder_first(cast: Cast) -> None:
    item = stage.line_up()[0]
    claim = claimed(cast.ana)
    assert put_aside(claim, cast.ana, note="Asked the seller.") is None
    task = Task.objects.get(pk=claim.task)
    assert (task.state, task.claimed_by_id, task.hold_reason) == ("held", cast.ana.pk, "answer")
    assert Note.objects.get(item=item).kind == "hold" and "task.held" in stage.verbs(item)
    assert actions.claim_next(queue=claim.queue, person=cast.mo) is None
    lapse(claim.task)
    assert actions.expire_claims() == 1
    assert Notice.objects.get(person=cast.ana).kind == "hold_ended"
    assert actions.claim_next(queue=claim.queue, person=cast.mo) is None
    again = claimed(cast.ana)
    assert again.item == item and again.epoch == claim.epoch + 1
    assert Task.objects.get().assigned_to is None


def test_what_comes_back_waits_for_its_holder_for_half_an_hour_only(cast: Cast) -> None:
    item = stage.line_up()[0]
    claim = claimed(cast.ana)
    put_aside(claim, cast.ana)
    lapse(claim.task)
    actions.expire_claims()
    lapse(claim.task, "assigned_until")
    assert claimed(cast.mo).item == item


def test_a_hold_gives_the_next_item_and_can_be_taken_up_again(cast: Cast) -> None:
    first, second = stage.line_up(2)
    claim = claimed(cast.ana)
    following = put_aside(claim, cast.ana)
    assert following is not None and following.item == second
    with pytest.raises(actions.HoldsAnother):
        actions.claim_item(item=first, person=cast.ana)
    actions.release(task=following.task, epoch=following.epoch, person=cast.ana)
    assert actions.claim_item(item=first, person=cast.ana).item == first


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"until": None}, "Choose when"),
        ({"until": datetime(2020, 1, 1, tzinfo=UTC)}, "Choose when"),
        ({"until": soon(days=9)}, "at most 7 days"),
        ({"waits_for": "nothing"}, "what it waits for"),
        ({"note": "x" * 2_001}, "longer than"),
    ],
)
def test_a_hold_that_cannot_be_changes_nothing(cast: Cast, changes: dict[str, object], message: str) -> None:
    stage.line_up()
    claim = claimed(cast.ana)
    with pytest.raises(actions.Unclear, match=message):
        put_aside(claim, cast.ana, **changes)
    assert Task.objects.get().state == "claimed" and not Note.objects.exists()


def test_one_person_holds_five_items_and_no_more(cast: Cast) -> None:
    stage.line_up(6)
    for _ in range(5):
        put_aside(claimed(cast.ana), cast.ana)
    with pytest.raises(actions.TooManyHolds):
        put_aside(claimed(cast.ana), cast.ana)


def test_a_stale_or_foreign_seat_moves_nothing(cast: Cast) -> None:
    stage.line_up()
    claim = claimed(cast.ana)
    for person, epoch in ((cast.mo, claim.epoch), (cast.ana, claim.epoch + 1)):
        with pytest.raises(actions.ClaimLost):
            actions.hold(task=claim.task, epoch=epoch, person=person, until=soon(), waits_for="other")
        with pytest.raises(actions.ClaimLost):
            actions.hand_over(task=claim.task, epoch=epoch, person=person, why="other")
    with pytest.raises(Forbidden):
        actions.hold(task=claim.task, epoch=claim.epoch, person=cast.au, until=soon(), waits_for="other")
    put_aside(claim, cast.ana)
    with pytest.raises(actions.ClaimLost):
        put_aside(claim, cast.ana)


def test_a_hand_over_names_nobody_and_no_reason_before_somebody_does(cast: Cast, client_for: SignIn) -> None:
    path = f"/review/{stage.line_up()[0]}"
    claimed(cast.ana)
    client = client_for(cast.ana)
    page = client.get(path).content.decode()
    for field in ("hand-person", "hand-queue", "hand-why"):
        options = page.split(f'id="{field}"')[1].split("</select>")[0]
        assert "selected" not in options and options.split("<option")[1].startswith(' value=""')
    seat = {name: hidden_fields(page)[name] for name in ("task", "epoch")} | {"to": "person"}
    for said, words in (({}, "Choose a person."), ({"person": str(cast.mo.pk)}, "Say why, from the list.")):
        answer = client.post(f"{path}/hand-over", seat | said)
        assert answer.status_code == 422 and words in answer.content.decode()


def test_handing_over_tells_the_person_and_takes_the_draft_along(cast: Cast) -> None:
    item = stage.line_up()[0]
    claim = claimed(cast.ana)
    actions.save_draft(task=claim.task, person=cast.ana, section="allowed", reason="Half a thought")
    actions.hand_over(
        task=claim.task, epoch=claim.epoch, person=cast.ana, why="language", to=cast.mo.pk, note="Arabic"
    )
    told = reads_notices.notices(cast.mo)
    assert [row.words for row in told] == ["<bdi>Ana</bdi> handed you an item"] and told[
        0
    ].path == f"/review/{item}"
    assert actions.claim_next(queue=claim.queue, person=cast.sam) is None
    assert claimed(cast.mo).item == item
    desk = reads_desk.desk(item, cast.mo)
    assert desk.draft["reason"] == "Half a thought" and [note.kind for note in desk.notes] == [
        "handed it over"
    ]
    assert "task.handed_over" in stage.verbs(item)


def test_too_heavy_is_stored_nowhere(cast: Cast) -> None:
    item = stage.line_up()[0]
    claim = claimed(cast.ana)
    actions.hand_over(task=claim.task, epoch=claim.epoch, person=cast.ana, why="heavy")
    assert stage.events(item, "task.handed_over")[0]["why"] == "other"
    assert actions.claim_next(queue=claim.queue, person=cast.ana) is None
    assert claimed(cast.mo).item == item


def test_handing_over_to_another_queue_moves_the_item(cast: Cast) -> None:
    stage.line_up()
    claim = claimed(cast.ana)
    other = stage.queue_of("sexual-content")
    actions.hand_over(task=claim.task, epoch=claim.epoch, person=cast.ana, why="expertise", queue=other)
    assert Task.objects.get().queue_id == other


def test_an_item_comes_to_who_is_on_call_by_being_escalated_only(cast: Cast) -> None:
    stage.line_up(2)
    first = claimed(cast.ana)
    actions.escalate(task=first.task, epoch=first.epoch, person=cast.ana, kind="legal")
    urgent = Task.objects.get(pk=first.task).queue
    claim = claimed(cast.ana)
    with pytest.raises(actions.Unclear, match="Escalate it instead"):
        actions.hand_over(
            task=claim.task, epoch=claim.epoch, person=cast.ana, why="expertise", queue=urgent.pk
        )
    offered = reads_dialogs.dialogs(cast.ana, now=timezone.localtime()).queues
    assert offered and urgent.pk not in {key for key, _ in offered}


def test_nobody_is_handed_what_they_cannot_take(cast: Cast) -> None:
    stage.line_up()
    claim = claimed(cast.ana)
    Person.objects.filter(pk=cast.mo.pk).update(is_active=False)
    for whom in (cast.au.pk, cast.mo.pk, cast.ana.pk, uuid4()):
        with pytest.raises(Missing):
            actions.hand_over(task=claim.task, epoch=claim.epoch, person=cast.ana, why="other", to=whom)
    with pytest.raises(Missing):
        actions.hand_over(task=claim.task, epoch=claim.epoch, person=cast.ana, why="other", queue=uuid4())
    assert Task.objects.get().state == "claimed"


def test_a_senior_takes_over_with_a_reason_and_the_other_keeps_their_words(
    cast: Cast, client_for: SignIn
) -> None:
    fraud = stage.publish("fraud")
    item = stage.line_up(1, version=fraud)[0]
    client = client_for(cast.ana)
    path = client.post("/queues/scams-spam/next").url
    fields = hidden_fields(client.get(path).content.decode())
    with pytest.raises(Forbidden):
        actions.take_over(item=item, person=cast.mo, why="urgent")
    with pytest.raises(actions.Unclear):
        actions.take_over(item=item, person=cast.sam, why="because")
    claim = actions.take_over(item=item, person=cast.sam, why="urgent")
    assert claim.item == item and stage.events(item, "task.taken_over")[0]["why"] == "urgent"
    answer = client.post(
        f"{path}/override", fields | {"section": "allowed", "reason": "mine", "reason_code": "context_missed"}
    )
    assert answer.status_code == 409 and "mine" in answer.content.decode() and not Decision.objects.exists()
    assert [row.words for row in reads_notices.notices(cast.ana)] == [
        "<bdi>Sam</bdi> took over an item from you"
    ]


def test_words_that_were_kept_can_be_read_where_somebody_else_decided(cast: Cast, client_for: SignIn) -> None:
    item = stage.line_up(1, version=stage.publish("fraud"))[0]
    client = client_for(cast.ana)
    path = client.post("/queues/scams-spam/next").url
    fields = hidden_fields(client.get(path).content.decode())
    client.post(f"{path}/draft", fields | {"section": "allowed", "reason": "Half a thought"})
    claim = actions.take_over(item=item, person=cast.sam, why="urgent")
    for act in ("confirm", "skip"):
        refused = client.post(f"{path}/{act}", fields)
        assert (
            refused.status_code == 409 and 'dir="auto">Half a thought</textarea>' in refused.content.decode()
        )
    assert 'readonly dir="auto">Half a thought</textarea>' in client.get(path).content.decode()
    own = {"label": "allowed", "reason_code": "context_missed"}
    actions.override(task=claim.task, epoch=claim.epoch, nonce=uuid4(), person=cast.sam, **own)
    assert 'readonly dir="auto">Half a thought</textarea>' in client.get(path).content.decode()
    assert "Half a thought" not in client_for(cast.mo).get(path).content.decode()


def test_held_and_handed_items_can_be_taken_over_too(cast: Cast) -> None:
    held, handed = stage.line_up(2)
    put_aside(claimed(cast.ana), cast.ana)
    claim = claimed(cast.ana)
    actions.hand_over(task=claim.task, epoch=claim.epoch, person=cast.ana, why="other", to=cast.mo.pk)
    first = actions.take_over(item=held, person=cast.sam, why="away")
    with pytest.raises(actions.HoldsAnother):
        actions.take_over(item=handed, person=cast.sam, why="away")
    actions.release(task=first.task, epoch=first.epoch, person=cast.sam)
    assert actions.take_over(item=handed, person=cast.sam, why="away").item == handed


def test_two_seniors_at_once_take_over_once(cast: Cast) -> None:
    item = stage.line_up()[0]
    claimed(cast.ana)
    people = [cast.sam, cast.ad]
    outcomes = at_once(2, lambda number: actions.take_over(item=item, person=people[number], why="urgent"))
    assert Task.objects.filter(state="claimed").count() == 1
    assert any(isinstance(each, actions.Claim) for each in outcomes)


def test_the_end_of_a_shift_gives_everything_back_with_its_notes(cast: Cast) -> None:
    stage.line_up(2)
    put_aside(claimed(cast.ana), cast.ana, note="Waits for the seller.")
    assert actions.end_shift(person=cast.ana) == 2 and actions.end_shift(person=cast.ana) == 0
    assert set(Task.objects.values_list("state", flat=True)) == {"waiting"}
    assert Note.objects.get().text == "Waits for the seller."


def test_a_break_gives_back_what_is_claimed_with_the_words_kept_and_leaves_what_is_held(cast: Cast) -> None:
    fraud = stage.publish("fraud")
    held, claim = stage.line_up(2, version=fraud)[0], claimed(cast.ana, "scams-spam")
    assert claim.item == held and put_aside(claim, cast.ana) is not None
    claim = claimed(cast.ana, "scams-spam")
    actions.save_draft(task=claim.task, person=cast.ana, section="allowed", reason="Half a sen")
    assert actions.take_break(person=cast.ana) == 1 and actions.take_break(person=cast.ana) == 0
    assert dict(Task.objects.values_list("item_id", "state")) == {held: "held", claim.item: "waiting"}
    assert stage.verbs(claim.item)[-1] == "task.released"
    again = claimed(cast.ana, "scams-spam")
    assert again.item == claim.item and reads_desk.desk(again.item, cast.ana).draft["reason"] == "Half a sen"
    with pytest.raises(Forbidden):
        actions.take_break(person=cast.au)


def test_a_break_in_the_moment_of_a_decision_loses_neither(cast: Cast) -> None:
    fraud = stage.publish("fraud")
    stage.line_up(1, version=fraud)
    claim = claimed(cast.ana, "scams-spam")
    acts = [
        lambda: actions.override(
            task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="allowed", person=cast.ana, reason="fine"
        ),
        lambda: actions.take_break(person=cast.ana),
    ]
    decided, given_back = at_once(2, lambda number: acts[number]())
    assert Decision.objects.count() == (0 if isinstance(decided, actions.ClaimLost) else 1)
    assert given_back == (1 if isinstance(decided, actions.ClaimLost) else 0)


def test_a_draft_is_kept_until_the_decision_and_erased_with_the_item(cast: Cast) -> None:
    fraud = stage.publish("fraud")
    _, second = stage.line_up(2, version=fraud)
    claim = claimed(cast.ana, "scams-spam")
    actions.save_draft(task=claim.task, person=cast.ana, section="allowed", reason="One")
    actions.save_draft(task=claim.task, person=cast.ana, section="allowed", reason="Two")
    assert Draft.objects.get().reason == "Two"
    actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="allowed", person=cast.ana, reason="Two"
    )
    assert not Draft.objects.exists()
    actions.save_draft(task=claim.task, person=cast.ana, section="allowed", reason="Late")
    assert not Draft.objects.exists()
    behind = claimed(cast.ana, "scams-spam")
    actions.save_draft(task=behind.task, person=cast.ana, section="allowed", reason="Three")
    actions.save_draft(task=behind.task, person=cast.ana)
    assert not Draft.objects.exists()
    actions.save_draft(task=behind.task, person=cast.ana, reason="Four")
    actions.erase_content(item_ids=[second])
    assert not Draft.objects.exists()


def test_words_that_are_handed_over_come_behind_the_receivers_own(cast: Cast) -> None:
    stage.line_up()
    claim = claimed(cast.ana)
    actions.save_draft(task=claim.task, person=cast.mo, section="allowed", reason="Mine first.")
    actions.save_draft(task=claim.task, person=cast.ana, section="allowed", reason="Then yours.")
    actions.hand_over(task=claim.task, epoch=claim.epoch, person=cast.ana, why="other", to=cast.mo.pk)
    assert Draft.objects.get().reason == "Mine first.\n\nThen yours."
    again = claimed(cast.mo)
    actions.save_draft(task=again.task, person=cast.ana, section="allowed", reason="x" * 3_990)
    actions.hand_over(task=again.task, epoch=again.epoch, person=cast.mo, why="other", to=cast.ana.pk)
    kept = dict(Draft.objects.values_list("person", "reason"))
    assert kept == {cast.mo.pk: "Mine first.\n\nThen yours.", cast.ana.pk: "x" * 3_990}, (
        "both stay: together too long"
    )


def test_a_reserved_item_that_goes_back_is_told_of(cast: Cast) -> None:
    fraud = stage.publish("fraud")
    item = stage.wait_for_a_person()
    stage.line_up(2, version=fraud)
    claim = claimed(cast.ana, "scams-spam")
    assert actions.reserve_next(queue=stage.queue_of("everything-else"), person=cast.ana)
    behind = actions.reserve_next(queue=claim.queue, person=cast.ana)
    assert behind is not None
    assert stage.events(item, "task.released") == [
        {"task": str(Task.objects.get(item=item).pk), "why": "given_back"}
    ]


def test_leaving_the_page_ends_the_claim_soon_and_coming_back_keeps_it(cast: Cast) -> None:
    stage.line_up()
    claim = claimed(cast.ana)
    actions.leave(task=claim.task, epoch=claim.epoch, person=cast.ana)
    left = Task.objects.get().lease_until
    assert left is not None and left < claim.lease_until
    actions.renew(task=claim.task, epoch=claim.epoch, person=cast.ana)
    kept = Task.objects.get().lease_until
    assert kept is not None and kept > left


def test_only_work_counts_as_active_time(cast: Cast) -> None:
    stage.line_up()
    claim = claimed(cast.ana)
    stage.tell("review_task", "claimed_at = now() - interval '60 seconds'", claim.task)
    actions.renew(task=claim.task, epoch=claim.epoch, person=cast.ana, active=12)
    actions.renew(task=claim.task, epoch=claim.epoch, person=cast.ana, active=3_000)
    assert 12 <= Stay.objects.get().active_seconds <= 15


def test_a_note_for_the_next_shift_stands_on_the_queue(cast: Cast, client_for: SignIn) -> None:
    stage.line_up()
    client = client_for(cast.ana)
    assert client.post("/queues/everything-else/note", {"text": " "}).status_code == 422
    client.post("/queues/everything-else/note", {"text": "Two wait for <translation>."})
    page = client_for(cast.mo).get("/queues/everything-else").content.decode()
    assert "Two wait for &lt;translation&gt;." in page and QueueNote.objects.count() == 1


def test_dialogs_work_without_scripts_and_say_what_is_wrong(cast: Cast, client_for: SignIn) -> None:
    stage.line_up(2)
    client = client_for(cast.ana)
    path = client.post("/queues/everything-else/next").url
    page = client.get(f"{path}?dialog=hold").content.decode()
    assert re.findall(r'name="until" value="(\w+)" data-digit="(\d)"', page) == [
        ("hour", "1"), ("tomorrow", "2"), ("answer", "3"), ("other", "4"),
    ]  # fmt: skip
    assert 'id="hold" aria-labelledby="ho-h" data-act="hold" open' in page
    seat = {name: hidden_fields(page)[name] for name in ("task", "epoch")}
    answer = client.post(f"{path}/hold", seat | {"until": "other", "waits_for": "other", "note": "<kept>"})
    assert answer.status_code == 422 and "&lt;kept&gt;" in answer.content.decode()
    fragment = client.post(f"{path}/hold", seat | {"until": "other"}, headers={"HX-Request": "true"})
    assert fragment.headers["HX-Retarget"] == "#problem-hold"
    assert client.post(f"{path}/hold", seat | {"until": "hour", "waits_for": "other"}).status_code == 302
    assert "You hold it" in client.get(path).content.decode()


def test_notices_are_read_one_by_one_and_all_at_once(cast: Cast, client_for: SignIn) -> None:
    stage.line_up(2)
    for _ in range(2):
        claim = claimed(cast.ana)
        actions.hand_over(task=claim.task, epoch=claim.epoch, person=cast.ana, why="other", to=cast.mo.pk)
    client = client_for(cast.mo)
    assert ", 2 new" in client.get("/settings/notices/chip").content.decode()
    first = Notice.objects.first()
    assert first and client.post(f"/settings/notices/{first.pk}").url == f"/review/{first.about}"
    assert ", 1 new" in client.get("/settings/notices/chip").content.decode()
    assert client_for(cast.ana).post(f"/settings/notices/{first.pk}").status_code == 404
    client.post("/settings/notices", {"tell": ["mentions"]})
    assert "new" not in client.get("/settings/notices/chip").content.decode()
    client.post("/settings/notices", {"tell": ["mentions", "handed"]})
    client.post("/settings/notices/read")
    assert "Mark all read" not in client.get("/settings/notices").content.decode()


def test_whose_own_claim_has_lapsed_can_take_over(cast: Cast) -> None:
    first, second = stage.line_up(2)
    lapse(claimed(cast.sam).task, "lease_until")
    claimed(cast.ana)
    assert actions.take_over(item=second, person=cast.sam, why="urgent").item == second
    assert stage.verbs(first)[-1] == "task.released"


def test_a_restricted_items_hold_cannot_be_taken_over(cast: Cast) -> None:
    item = stage.line_up()[0]
    put_aside(claimed(cast.ana), cast.ana)
    actions.restrict(item=item, reference="case 1", person=cast.ana)
    with pytest.raises(actions.ClaimLost):
        actions.take_over(item=item, person=cast.sam, why="urgent")
