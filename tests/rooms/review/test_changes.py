"""A changed policy is read before the next item under it: by whom, when, and what never waits for it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.policies.actions import import_policy
from reviewapp.policies.models import Version
from reviewapp.review import actions, reads_changes
from reviewapp.review.models import PolicyReading, Task
from tests.cast import Cast
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
NEXT = "/queues/scams-spam/next"


def change(slug: str = "fraud", word: str = "immediately") -> Version:
    """The next version of a seeded policy, in force: its title and nothing else is new."""
    source = (settings.BASE_DIR / "policies_seed" / f"{slug}.md").read_text(encoding="utf-8")
    return import_policy(
        source=source.replace("\ntitle: ", f"\ntitle: {word} ", 1), actor=OPERATOR, publish=True
    )


@pytest.fixture
def second(cast: Cast) -> Version:
    """Two items of fraud wait, and fraud has a second version."""
    stage.line_up(2, version=stage.publish("fraud"))
    return change()


def test_the_change_comes_before_the_item_and_one_press_records_that_it_was_read(
    cast: Cast, second: Version, client_for: SignIn
) -> None:
    client = client_for(cast.ana)
    page = client.post(NEXT).content.decode()
    assert "Read what changed first" in page and "<ins>immediately" in page and "compared with v1" in page
    assert not Task.objects.filter(state="claimed").exists()
    assert client.post(NEXT, {"read": [str(second.pk), "nonsense"]}).url.startswith("/review/")
    reading = PolicyReading.objects.get()
    assert (reading.person, reading.version) == (cast.ana, second)
    assert stage.verbs(second.pk).count("policy.read") == 1
    assert reads_changes.unread(cast.ana, stage.queue_of()) == ()
    assert reads_changes.unread(cast.mo, stage.queue_of()) != ()


def test_a_decision_leads_to_the_change_instead_of_the_next_item(cast: Cast, client_for: SignIn) -> None:
    version = stage.publish("fraud")
    stage.line_up(2, version=version)
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ana)
    assert claim is not None
    change()
    assert actions.reserve_next(queue=stage.queue_of(), person=cast.ana) is None
    seat = {"task": str(claim.task), "epoch": str(claim.epoch)}
    answer = client_for(cast.ana).post(f"/review/{claim.item}/skip", seat, headers={"HX-Request": "true"})
    assert "Read what changed first" in answer.content.decode()


def test_who_missed_two_versions_reads_both_changes_at_once(cast: Cast, second: Version) -> None:
    actions.read_changes(versions=[second.pk], person=cast.mo)
    third = change(word="at once")
    assert [each.before for each in reads_changes.unread(cast.ana, stage.queue_of())] == [1]
    assert [each.before for each in reads_changes.unread(cast.mo, stage.queue_of())] == [second.number]
    assert {each.version for each in reads_changes.unread(cast.ana, stage.queue_of())} == {third.pk}


def test_only_what_changed_under_somebodys_eyes_is_asked_of_them(cast: Cast, second: Version) -> None:
    assert reads_changes.unread(cast.ana, stage.queue_of("harassment-hate")) == ()
    Person.objects.filter(pk=cast.ana.pk).update(created_at=F("created_at") + timedelta(days=1))
    assert reads_changes.unread(cast.ana, stage.queue_of()) == ()
    assert actions.claim_next(queue=stage.queue_of(), person=cast.ana) is not None
    stage.publish("spam")
    assert [each.slug for each in reads_changes.unread(cast.mo, stage.queue_of())] == ["fraud"]


def test_a_queue_without_a_rule_for_the_policy_asks_once_it_judged_an_item_there(
    cast: Cast, second: Version
) -> None:
    queue = stage.queue_of("everything-else")
    assert reads_changes.unread(cast.ana, queue) == ()
    Task.objects.update(queue=queue)
    assert reads_changes.unread(cast.ana, queue) != ()


def test_what_is_urgent_and_what_was_handed_over_never_waits_for_reading(cast: Cast, second: Version) -> None:
    first, last = Task.objects.order_by("rank_at", "id")
    stage.tell("review_task", "tier = 1", last.pk)
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ana)
    assert claim is not None and claim.task == last.pk
    assert actions.claim_next(queue=stage.queue_of(), person=cast.mo) is None
    handed = f"assigned_to_id = '{cast.mo.pk}', assigned_until = now() + interval '1 hour'"
    stage.tell("review_task", handed, first.pk)
    mine = actions.claim_next(queue=stage.queue_of(), person=cast.mo)
    assert mine is not None and mine.task == first.pk
    stage.tell("review_queue", "escalation = 'threat_to_life'", stage.queue_of())
    assert reads_changes.unread(cast.sam, stage.queue_of()) == ()


def test_the_page_of_a_version_says_how_many_read_it_and_names_them_to_leads_only(
    cast: Cast, second: Version, client_for: SignIn
) -> None:
    actions.read_changes(versions=[second.pk, second.pk], person=cast.ana)
    assert actions.read_changes(versions=[second.pk], person=cast.ana) == 0
    address = f"/review/versions/{second.pk}/readers"
    assert address in client_for(cast.bo).get("/policies/fraud/versions/2").content.decode()
    for person, named in ((cast.sam, True), (cast.au, True), (cast.mo, False)):
        part = client_for(person).get(address).content.decode()
        assert "1 of 4" in part and ("Ana" in part) is named
    first = Version.objects.get(policy=second.policy, number=1)
    assert client_for(cast.sam).get(f"/review/versions/{first.pk}/readers").content.strip() == b""
