"""What arrives is stored once, whole, and told in the audit log."""

import hmac
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from reviewapp.intake import actions, reads
from reviewapp.intake.actions import Refused
from reviewapp.intake.incoming import read_item
from reviewapp.intake.models import Author, Flag, Item, ItemContent, Source
from reviewapp.intake.rules import ItemState
from tests.racing import at_once
from tests.rooms.intake.post import flag, sent, take

pytestmark = pytest.mark.usefixtures("store")


def verbs() -> list[str]:
    """The verbs of the audit log, oldest first, without those of setting up."""
    return [
        verb
        for verb in Event.objects.order_by("at").values_list("verb", flat=True)
        if verb != "source.created"
    ]


def test_everything_that_was_sent_is_stored(db: str) -> None:
    [got] = take(
        sent(
            author={"id": "u1", "name": "Ada"}, created_at="2026-01-31T12:00:00Z", language="de", country="de",
            url="https://forum.example/1", context=[{"role": "parent", "author_id": "u2", "text": "And?"}],
            content={"text": "Brot", "attachments": [{"url": "https://e.example/a.png", "media_type": "image/png"}]},
            flags=[flag(deadline="2026-02-01T00:00:00Z", at="2026-01-31T13:00:00Z", org="Hotline", reference="7/B")],
        )
    )  # fmt: skip
    row = Item.objects.get()
    assert (got.id, got.created, got.state) == (row.pk, True, "received")
    assert (row.language, row.country, row.attachments, row.flagged, row.revision) == ("de", "DE", 1, True, 1)
    assert (row.source.name, row.author and row.author.name) == ("forum", "Ada")
    assert row.created_at is not None and row.created_at.isoformat() == "2026-01-31T12:00:00+00:00"
    content = reads.contents([row.pk])[row.pk]
    assert (content.text, content.url) == ("Brot", "https://forum.example/1")
    assert content.context == [{"role": "parent", "author_id": "u2", "text": "And?"}]
    assert content.attachments == [{"url": "https://e.example/a.png", "media_type": "image/png"}]
    assert ItemContent.objects.get().received_at == row.received_at
    stored = Flag.objects.get()
    assert (stored.kind, stored.org, stored.reference) == ("user_report", "Hotline", "7/B")


def test_the_audit_log_commits_to_the_content_without_holding_it(db: str) -> None:
    take(sent("a", "one"), sent("b", "two", source="chat"))
    event = Event.objects.get(verb="item.received")
    assert event.data["count"] == len(event.subjects) == 2
    assert event.data["source"] == ["chat", "forum"]
    for item, told in zip(event.subjects, event.data["commitments"], strict=True):
        key = reads.contents([item])[item].key
        assert told == hmac.new(key, bytes(Item.objects.get(pk=item).content_hash), "sha256").hexdigest()


def test_the_same_again_changes_nothing(db: str) -> None:
    item = sent(author={"id": "u1"}, flags=[flag()])
    [first] = take(item)
    [again] = take(item)
    assert (again.id, again.created, again.state) == (first.id, False, "received")
    assert verbs() == ["item.received"]
    assert (Item.objects.count(), Flag.objects.count(), Author.objects.count(), Source.objects.count()) == (
        1,
        1,
        1,
        1,
    )


def test_other_content_is_the_next_revision_and_back_again_one_more(db: str) -> None:
    ids = [take(sent(text=text))[0] for text in ("A", "B", "A")]
    assert all(got.created for got in ids)
    rows = Item.objects.order_by("revision")
    assert [(row.revision, row.is_current, row.state) for row in rows] == [
        (1, False, "superseded"), (2, False, "superseded"), (3, True, "received"),
    ]  # fmt: skip
    assert verbs() == [
        "item.received",
        "item.received",
        "item.superseded",
        "item.received",
        "item.superseded",
    ]


def test_a_repeat_within_one_request_meets_the_first(db: str) -> None:
    got = take(sent(text="A"), sent("other"), sent(text="A", flags=[flag()]), sent(text="B"), sent(text="A"))
    assert [each.created for each in got] == [True, True, False, True, True]
    assert got[0].id == got[2].id
    assert [each.state for each in got] == ["superseded", "received", "superseded", "superseded", "received"]
    assert list(Item.objects.filter(external_id="post-1").order_by("revision").values_list("state", flat=True)) == [
        "superseded", "superseded", "received",
    ]  # fmt: skip
    assert Flag.objects.get().item_id == got[0].id


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from("AB"), st.booleans()), min_size=1, max_size=6),
        min_size=1, max_size=4,
    ),
)  # fmt: skip
def test_any_order_of_sending_gives_the_revisions_of_its_changes(db: str, requests: Any) -> None:
    """The model: an item gets a revision whenever its text is not the last one; a flag counts once a revision."""
    run = uuid4()
    current: dict[str, str] = {}
    expected: dict[str, int] = {}
    for request in requests:
        got = take(
            *(
                sent(f"{run}-{name}", text, flags=[flag()] if flagged else [])
                for name, text, flagged in request
            )
        )
        for (name, text, _), outcome in zip(request, got, strict=True):
            assert outcome.created == (current.get(name) != text)
            expected[name] = expected.get(name, 0) + outcome.created
            current[name] = text
    for name, revisions in expected.items():
        rows = list(Item.objects.filter(external_id=f"{run}-{name}").order_by("revision"))
        assert [row.revision for row in rows] == list(range(1, revisions + 1))
        assert [row.is_current for row in rows] == [False] * (revisions - 1) + [True]
        assert {row.state for row in rows[:-1]} <= {"superseded"}
        assert reads.contents([rows[-1].pk])[rows[-1].pk].text == current[name]


def test_an_unknown_policy_is_refused_and_the_rest_is_stored(db: str) -> None:
    outcomes = actions.receive(
        items=[read_item(sent("a", policies=["nowhere"])), read_item(sent("b"))], actor=OPERATOR
    )
    assert isinstance(outcomes[0], Refused)
    assert (outcomes[0].index, outcomes[0].code) == (0, "unknown_policy")
    assert list(Item.objects.values_list("external_id", flat=True)) == ["b"]


@pytest.mark.parametrize("before", ["passed", "closed_by_machine"])
def test_a_later_report_brings_an_item_back_to_people(db: str, before: str) -> None:
    [first] = take(sent())
    Item.objects.update(state=before, admitted=True)
    [again] = take(sent(flags=[flag()]))
    assert (again.id, again.created, again.state) == (first.id, False, "awaiting_review")
    row = Item.objects.get()
    assert (row.state, row.flagged, row.admitted) == ("awaiting_review", True, False)
    assert verbs() == ["item.received", "item.flagged", "item.reopened"]


def test_a_later_flag_on_an_item_that_waits_has_people_take_note_of_it_anew(db: str) -> None:
    take(sent())
    Item.objects.update(state="awaiting_review", admitted=True)
    for expected in (False, True):
        take(sent(flags=[flag()]))
        assert Item.objects.get().admitted is expected
        Item.objects.update(admitted=True)


def test_a_report_that_was_known_already_brings_nothing_back(db: str) -> None:
    take(sent(flags=[flag()]))
    Item.objects.update(state="passed")
    assert take(sent(flags=[flag()]))[0].state == "passed"


def test_a_machine_flag_changes_no_state(db: str) -> None:
    take(sent())
    Item.objects.update(state="passed")
    assert take(sent(flags=[flag("automated")]))[0].state == "passed"
    assert not Item.objects.get().flagged


def test_an_author_is_called_by_the_latest_name(db: str) -> None:
    take(sent("a", author={"id": "u1", "name": "Old"}))
    take(sent("b", author={"id": "u1", "name": "New"}), sent("c", author={"id": "u1"}))
    assert Author.objects.get().name == "New"
    assert Item.objects.filter(author=Author.objects.get()).count() == 3


def test_a_new_revision_of_a_restricted_item_is_restricted_too(db: str, cast: Any) -> None:
    [first] = take(sent(text="A"))
    actions.restrict(item=first.id, reference="case-7", person=cast.ana)
    [second] = take(sent(text="B"))
    assert Item.objects.get(pk=second.id).restricted
    assert reads.contents([second.id]) == {}
    assert reads.contents([second.id], include_restricted=True)[second.id].text == "B"


def test_forty_at_once_make_one_item_and_one_event(db: str) -> None:
    got = [each for [each] in at_once(40, lambda _: take(sent(author={"id": "u1"}, flags=[flag()])))]
    assert len({each.id for each in got}) == 1
    assert sum(each.created for each in got) == 1
    assert Event.objects.filter(verb="item.received").count() == 1
    assert (Item.objects.count(), Flag.objects.count(), ItemContent.objects.count()) == (1, 1, 1)


def test_texts_that_race_become_revisions_and_none_is_lost(db: str) -> None:
    got = [each for [each] in at_once(12, lambda number: take(sent(text=f"text {number}")))]
    assert all(each.created for each in got)
    assert list(Item.objects.order_by("revision").values_list("revision", flat=True)) == list(range(1, 13))
    assert Item.objects.filter(is_current=True).count() == 1
    assert ItemContent.objects.count() == 12


def test_batches_with_the_same_items_in_other_orders_do_not_lock_each_other_out(db: str) -> None:
    items = [
        sent(f"i{number}", author={"id": f"u{number % 3}", "name": f"N{number}"}) for number in range(30)
    ]

    def send(number: int) -> Any:
        turned = items[number * 3 :] + items[: number * 3]
        return take(*(turned if number % 2 else turned[::-1]))

    for _ in range(3):
        assert not [each for each in at_once(8, send) if isinstance(each, Exception)]
    assert Item.objects.count() == 30
    assert sum(Event.objects.filter(verb="item.received").values_list("data__count", flat=True)) == 30


def test_a_batch_takes_as_many_queries_as_a_single_item(db: str) -> None:
    take(sent("warm", author={"id": "u"}))
    counts = []
    for size in (1, 500):
        with CaptureQueriesContext(connection) as queries:
            take(*(sent(f"{size}-{n}", author={"id": f"u{n}"}, flags=[flag()]) for n in range(size)))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9


def test_steps_that_the_table_does_not_have_are_refused(db: str) -> None:
    [got] = take(sent())
    with pytest.raises(ValueError, match="received to decided"):
        actions.advance(items=[got.id], expected="received", following="decided")
    assert actions.advance(items=[got.id], expected="passed", following=ItemState.AWAITING_REVIEW) == []
    assert actions.advance(items=[got.id], expected="received", following="awaiting_review") == [got.id]
    actions.mark_admitted(items=[got.id])
    assert Item.objects.get().admitted
