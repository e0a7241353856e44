"""Related items: like texts, the thread, the author; counted, linked, never restricted, and silent before a blind call."""

import importlib
from collections.abc import Callable
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.accounts.models import Person
from reviewapp.intake import reads as intake
from reviewapp.intake.models import Item
from reviewapp.intake.rules import likeness, thread_key, thread_of
from reviewapp.questions import Trip
from reviewapp.review import actions, reads_related
from reviewapp.review.models import Task
from tests.cast import Cast
from tests.rooms.review import stage
from tests.rooms.screening import desk

SignIn = Callable[[Person], Client]
TEXT = "Cheap followers, 5 for 1000!"
ROOT = {"role": "parent", "author_id": "u9", "text": "Who moved the bins?"}


@pytest.mark.parametrize(
    "same", ["cheap  FOLLOWERS 5 for 1000", "Cheap followers — 5 for 1000 …", "Ｃheap followers 5 for 1000"]
)
def test_like_texts_share_a_number(same: str) -> None:
    assert likeness(same) == likeness(TEXT)


@pytest.mark.parametrize("other", ["Cheap followers, 6 for 1000!", "Cheap followers", ""])
def test_other_texts_do_not(other: str) -> None:
    assert likeness(other) != likeness(TEXT)
    assert likeness(" \n") is None and likeness("!!!") != likeness("???")


@given(st.text(max_size=40))
def test_the_number_fits_the_column_and_forgets_only_case_and_space(text: str) -> None:
    found = likeness(text)
    assert found is None or -(2**63) <= found < 2**63
    assert likeness(f"  {text}\n") == found


def person_waits(*items: UUID) -> None:
    for item in items:
        desk.execute("UPDATE intake_item SET state = 'awaiting_review' WHERE id = %s", item)
    actions.admit()


def related(item: UUID, person: Person, *, blind: bool = False) -> reads_related.Related:
    row = Item.objects.select_related("source", "author").get(pk=item)
    return reads_related.related_on(Trip(), row, intake.contents([item])[item], person, blind=blind)()


def test_same_text_thread_and_author_are_counted_and_listed(
    cast: Cast, store: str, client_for: SignIn
) -> None:
    (root,) = desk.arrive(ROOT["text"], author={"id": "u9"})
    item, twin = desk.arrive(TEXT, TEXT.upper(), author={"id": "u1"}, context=[ROOT])
    (reply,) = desk.arrive(
        "By the gate.", author={"id": "u2"}, context=[ROOT, {"role": "reply", "text": "When?"}]
    )
    desk.arrive("Alone.", author={"id": "u3"})
    person_waits(root, item, twin, reply)
    found = related(item, cast.ana)
    assert (found.same.total, found.thread.total, found.author.total) == (1, 2, 1)
    assert [line.item for line in found.same.lines] == [twin]
    assert {line.preview for line in found.thread.lines} == {TEXT.upper(), "By the gate."}
    assert {line.item for line in related(root, cast.ana).thread.lines} == {item, twin, reply}
    page = client_for(cast.ana).get(f"/review/{item}").content.decode()
    assert "1 with the same text" in page and "2 in this thread" in page and "1 more by this author" in page
    assert f'href="/review/{twin}"' in page and 'href="/authors/forum/u1"' in page
    assert (
        "Related items"
        not in client_for(cast.ana).get(f"/review/{desk.arrive('Only me.')[0]}").content.decode()
    )


def test_what_is_restricted_erased_replaced_or_golden_is_not_there(cast: Cast, store: str) -> None:
    item, *others = desk.arrive(*[TEXT] * 5)
    changes = ("restricted = true", "state = 'erased'", "is_current = false", "purpose = 'golden'")
    for other, change in zip(others, changes, strict=True):
        assert related(item, cast.ana).same.total > 0
        desk.execute(f"UPDATE intake_item SET {change} WHERE id = %s", other)
    assert related(item, cast.ana).same.total == 0


def test_before_a_blind_call_there_are_numbers_and_nobodys_opinion(
    cast: Cast, store: str, client_for: SignIn
) -> None:
    fraud = stage.publish("fraud")
    first, item = desk.arrive(TEXT, TEXT, author={"id": "u1"})
    for each in (first, item):
        desk.execute("UPDATE intake_item SET state = 'awaiting_review' WHERE id = %s", each)
        stage.say(each, fraud)
    actions.admit()
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.mo)
    assert claim is not None
    actions.override(
        task=claim.task, epoch=claim.epoch, nonce=fraud.pk, shown=[], person=cast.mo, label="allowed", sections=[],
        reason_code="context_missed",
    )  # fmt: skip
    other = item if claim.item == first else first
    seen = related(other, cast.ana)
    assert [(line.label, line.state) for line in seen.same.lines] == [("allowed", "decided")]
    Task.objects.filter(item=other).update(blind=True)
    assert related(other, cast.ana, blind=True).same.lines == ()
    page = client_for(cast.ana).get(f"/review/{other}").content.decode()
    assert "1 with the same text" in page and "is shown after your call" in page
    assert str(claim.item) not in page and "more by this author" not in page


def test_it_costs_two_questions_and_reads_by_index(cast: Cast, store: str) -> None:
    costs = []
    for count in (2, 120):
        items = desk.arrive(*[f"{TEXT} {count}"] * count, author={"id": f"a{count}"}, context=[ROOT])
        with CaptureQueriesContext(connection) as made:
            found = related(items[0], cast.ana)
        costs.append(len(made))
        assert found.same.total == min(count - 1, reads_related.MOST)
    assert costs[0] == costs[1] and found.same.count == "100 or more" and len(found.same.lines) == 5
    asked = next(query["sql"] for query in made if "WITH found" in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE intake_item")
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {asked}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    for name in ("intake_item_likeness", "intake_item_thread", "intake_item_author"):
        assert name in plan, plan


def test_the_migration_fills_in_what_was_here(cast: Cast, store: str) -> None:
    item, empty = desk.arrive(TEXT, " ", author={"id": "u1"}, context=[ROOT])
    before = {row[0]: row[1:] for row in Item.objects.values_list("pk", "likeness", "thread")}
    source = Item.objects.get(pk=item).source_id
    thread = thread_of(source, [ROOT])
    assert before == {item: (likeness(TEXT), thread), empty: (None, thread)}
    assert thread == thread_key(source, "u9", ROOT["text"])
    Item.objects.update(likeness=None, thread=None)
    with connection.schema_editor() as editor:
        importlib.import_module("reviewapp.intake.migrations.0004_likeness").fill(apps, editor)
    assert {row[0]: row[1:] for row in Item.objects.values_list("pk", "likeness", "thread")} == before
