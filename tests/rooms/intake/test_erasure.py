"""Restriction, holds and erasure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from reviewapp.ids import new_id
from reviewapp.intake import actions, reads
from reviewapp.intake.models import Author, Erasure, Flag, Hold, Item, ItemContent
from reviewapp.ui.errors import Missing, Stale
from tests.rooms.intake.post import flag, sent, take

pytestmark = pytest.mark.usefixtures("store")


def erase(item: Any) -> None:
    """All steps of an erasure, as far as this room goes."""
    items = [erasure.item_id for erasure in actions.ask_erasure(items=[item], actor=OPERATOR)]
    actions.erase_content(item_ids=items)
    actions.finish_erasure(items=items, rooms=actions.ROOMS_THAT_ERASE, actor=OPERATOR)


def test_erasure_takes_the_words_of_all_revisions_and_leaves_ids_and_times(db: str) -> None:
    take(sent(text="A", author={"id": "u1", "name": "Ada"}, flags=[flag(reason="she lied")]))
    [now] = take(sent(text="B", author={"id": "u1"}))
    erase(now.id)
    assert not ItemContent.objects.exists()
    assert (Flag.objects.get().reason, Author.objects.get().name) == ("", "")
    assert {(row.state, bytes(row.content_hash)) for row in Item.objects.all()} == {("erased", b"")}
    assert {(row.likeness, row.thread) for row in Item.objects.all()} == {(None, None)}
    assert reads.contents([now.id], include_restricted=True) == {}
    told = Event.objects.filter(verb="item.erased")
    assert {event.subjects[0] for event in told} == set(Item.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("text", ["A", "something else"])
def test_an_erased_item_sent_again_stays_erased_and_stores_nothing(db: str, text: str) -> None:
    [first] = take(sent(text="A"))
    erase(first.id)
    [again] = take(sent(text=text, flags=[flag()]))
    assert (again.id, again.created, again.state) == (first.id, False, "erased")
    assert (Item.objects.count(), ItemContent.objects.count(), Flag.objects.count()) == (1, 0, 0)


def test_an_item_that_is_being_erased_takes_nothing_new(db: str) -> None:
    [first] = take(sent(text="A"))
    actions.ask_erasure(items=[first.id], actor=OPERATOR)
    [again] = take(sent(text="B"))
    assert (again.id, again.state) == (first.id, "erased")
    assert Item.objects.count() == 1


def test_asking_twice_is_one_erasure(db: str) -> None:
    [got] = take(sent())
    first = actions.ask_erasure(items=[got.id], actor=OPERATOR)
    second = actions.ask_erasure(items=[got.id], actor=OPERATOR)
    assert [each.pk for each in first] == [each.pk for each in second]
    assert Event.objects.filter(verb="item.erasure_asked").count() == 1


def test_the_name_stays_while_something_else_of_theirs_does(db: str) -> None:
    [one, _] = take(
        sent("a", author={"id": "u1", "name": "Ada"}), sent("b", author={"id": "u1", "name": "Ada"})
    )
    erase(one.id)
    assert Author.objects.get().name == "Ada"


def test_a_hold_on_any_revision_refuses_erasure_until_it_is_lifted(db: str, cast: Any) -> None:
    [old] = take(sent(text="A"))
    [new] = take(sent(text="B"))
    hold = actions.place_hold(item=old.id, why="court", reference="C-12/26", person=cast.sam)
    with pytest.raises(actions.HeldItem, match="C-12/26"):
        actions.ask_erasure(items=[new.id], actor=OPERATOR)
    assert not Erasure.objects.exists()
    actions.lift_hold(hold=hold.pk, person=cast.sam)
    actions.lift_hold(hold=hold.pk, person=cast.sam)
    erase(new.id)
    assert Event.objects.filter(verb="item.hold_lifted").count() == 1


def test_a_hold_that_has_ended_holds_nothing(db: str, cast: Any) -> None:
    [got] = take(sent())
    past = datetime.now(UTC) - timedelta(minutes=1)
    actions.place_hold(item=got.id, why="court", person=cast.sam, ends_at=past)
    assert len(actions.ask_erasure(items=[got.id], actor=OPERATOR)) == 1


def test_a_hold_after_the_erasure_began_comes_too_late(db: str, cast: Any) -> None:
    [got] = take(sent())
    actions.ask_erasure(items=[got.id], actor=OPERATOR)
    with pytest.raises(Stale):
        actions.place_hold(item=got.id, why="court", person=cast.sam)
    assert not Hold.objects.exists()


def test_a_room_that_has_not_answered_keeps_the_item_unerased(db: str) -> None:
    [got] = take(sent())
    actions.ask_erasure(items=[got.id], actor=OPERATOR)
    with pytest.raises(ValueError, match="review"):
        actions.finish_erasure(items=[got.id], rooms=["policies", "intake", "screening"], actor=OPERATOR)
    assert Item.objects.get().state == "received"


def test_what_does_not_exist_cannot_be_erased_restricted_or_held(db: str, cast: Any) -> None:
    with pytest.raises(Missing):
        actions.ask_erasure(items=[new_id()], actor=OPERATOR)
    with pytest.raises(Missing):
        actions.restrict(item=new_id(), reference="", person=cast.ana)
    with pytest.raises(Missing):
        actions.lift_hold(hold=new_id(), person=cast.sam)


def test_restricting_twice_is_told_once_and_takes_no_free_text(db: str, cast: Any) -> None:
    [got] = take(sent())
    actions.restrict(item=got.id, reference="case-7", person=cast.ana)
    actions.restrict(item=got.id, reference="case-7", person=cast.mo)
    assert Event.objects.filter(verb="item.restricted").count() == 1
    with pytest.raises(actions.BadReference):
        actions.restrict(item=got.id, reference="she wrote: \n hello!", person=cast.ana)
