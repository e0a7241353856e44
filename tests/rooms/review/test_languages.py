"""Who reads what: *next* serves nobody what they cannot read, and says what waits for others."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviewapp.accounts import actions as accounts
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor
from reviewapp.review import actions, reads_languages
from reviewapp.review.models import Queue, Task
from reviewapp.review.rules import CANDIDATES
from tests.cast import Cast
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]


def reads(person: Person, **languages: str) -> Person:
    """Somebody with these reading languages, as the next request loads them."""
    accounts.set_languages(person=person.pk, languages=languages, actor=Actor.person(person.pk))
    return Person.objects.get(pk=person.pk)


def arrive(*languages: str, detected: str = "und") -> list[str]:
    """Items in these languages as sent, in this order, admitted; gives their ids."""
    items = [stage.wait_for_a_person(language=each, detected=detected) for each in languages]
    actions.admit()
    return [str(item) for item in items]


def served(person: Person, queue: str = "everything-else") -> str:
    """The language of what *next* gives, given back at once; empty where nothing comes."""
    claim = actions.claim_next(queue=stage.queue_of(queue), person=person)
    if claim is None:
        return ""
    actions.skip(task=claim.task, epoch=claim.epoch, person=person)
    after = actions.claim_next(queue=stage.queue_of(queue), person=person)
    if after:
        actions.release(task=after.task, epoch=after.epoch, person=person)
    return str(Task.objects.get(pk=claim.task).language)


def test_next_serves_only_what_somebody_reads_and_what_nobody_knows(cast: Cast) -> None:
    arrive("ar", "pt-BR", "und", "de", "xx")
    ana = reads(cast.ana, de="native", pt="basic")
    assert [served(ana) for _ in range(5)] == ["pt", "und", "de", "und", ""]
    assert served(cast.mo) == "ar", "without any language set everything comes"


def test_a_detected_language_counts_where_none_was_sent(cast: Cast) -> None:
    arrive("und", "fr", detected="ar")
    ana = reads(cast.ana, fr="fluent")
    assert [served(ana), served(ana)] == ["fr", ""]
    assert set(Task.objects.values_list("language", flat=True)) == {"ar", "fr"}


def test_a_queue_that_allows_translation_serves_everything(cast: Cast) -> None:
    arrive("ar")
    ana = reads(cast.ana, de="native")
    assert served(ana) == ""
    queue = stage.queue_of("everything-else")
    actions.change_queue(queue=queue, changes={"translates": True}, person=cast.sam)
    assert served(ana) == "ar"


@pytest.mark.parametrize("oldest_first", [False, True])
def test_the_order_stays_and_a_long_line_in_another_language_costs_no_more_queries(
    cast: Cast, oldest_first: bool
) -> None:
    arrive(*["ar"] * (CANDIDATES * 2 + 1), "de", "und", "tr", "de")
    Queue.objects.update(oldest_first=oldest_first)
    ana = reads(cast.ana, de="native", tr="basic")
    queue = stage.queue_of("everything-else")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert served(ana) == "de"
    assert sum("FROM unnest" in each["sql"] and "LATERAL" in each["sql"] for each in asked) == 2
    assert [served(ana) for _ in range(4)] == ["und", "tr", "de", ""]
    assert Task.objects.filter(queue=queue, state="waiting").count() == CANDIDATES * 2 + 5


def test_what_is_handed_to_somebody_comes_in_any_language(cast: Cast) -> None:
    (item,) = arrive("ar")
    ana = reads(cast.ana, de="native")
    claim = actions.claim_next(queue=stage.queue_of("everything-else"), person=cast.mo)
    assert claim
    actions.hand_over(
        task=claim.task, epoch=claim.epoch, person=cast.mo, to=str(ana.pk), why="expertise", note=""
    )
    mine = actions.claim_next(queue=stage.queue_of("everything-else"), person=ana)
    assert mine and str(mine.item) == item


def test_a_second_task_keeps_the_language_of_the_first(cast: Cast) -> None:
    version = stage.publish("violence")
    item = stage.wait_for_a_person(language="ar")
    actions.admit()
    claim = actions.claim_next(queue=stage.queue_of("everything-else"), person=cast.ana)
    severe = version.sections.filter(severity=4).first()
    assert claim and severe
    actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="violates", sections=[(version.pk, severe.code)],
        person=cast.ana, action="", reason_code="", reason="", shown=[],
    )  # fmt: skip
    assert set(Task.objects.filter(item=item).values_list("kind", "language")) == {
        ("first", "ar"), ("second", "ar"),
    }  # fmt: skip


def test_the_empty_page_says_what_waits_in_which_languages(cast: Cast, client_for: SignIn) -> None:
    arrive("ar", "ar", "tr")
    reads(cast.ana, de="native")
    page = client_for(cast.ana).post("/queues/everything-else/next", follow=True).content.decode()
    assert "2 in Arabic and 1 in Turkish wait for people who read that" in page
    assert 'href="/settings/languages"' in page
    other = client_for(cast.mo).post("/queues/everything-else/next", follow=True).content.decode()
    assert "for people who read that" not in other


def test_leads_see_what_waits_per_language_and_who_gets_it(cast: Cast, client_for: SignIn) -> None:
    arrive("ar", "ar", "de", "und")
    for person in (cast.ana, cast.mo, cast.sam):
        reads(person, de="native")
    queue = Queue.objects.get(slug="everything-else")
    found = reads_languages.queue_languages(queue)
    assert [(each.code, each.waiting, each.readers, each.said) for each in found.lines] == [
        ("ar", 2, 1, 0), ("de", 1, 4, 3), ("und", 1, 4, 0),
    ]  # fmt: skip
    assert found.workers == 4, "three who said German, and an admin who said nothing"
    reads(cast.ad, de="basic")
    page = client_for(cast.sam).get("/queues/everything-else/members").content.decode()
    assert "Languages that wait" in page and "nobody" in page
    Queue.objects.filter(pk=queue.pk).update(members_only=True)
    actions.set_member(queue=queue.pk, member=cast.mo.pk, ordinal=1, person=cast.sam)
    assert reads_languages.queue_languages(Queue.objects.get(pk=queue.pk)).workers == 3


def test_a_queue_setting_is_saved_on_the_members_page(cast: Cast, client_for: SignIn) -> None:
    arrive("ar")
    form = {"target_minutes": "60", "undo_seconds": "10", "blind_percent": "0", "translates": "1"}
    client_for(cast.sam).post("/queues/everything-else/settings", form)
    assert Queue.objects.get(slug="everything-else").translates
    page = client_for(cast.sam).get("/queues/everything-else/members").content.decode()
    assert "everybody gets everything" in page
