"""Escalations, notes, authors, strikes: who is told, what is kept, what counts and what no longer does."""

import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.test import Client

from reviewapp.accounts.models import Notice, Person
from reviewapp.audit.actions import OPERATOR, Actor
from reviewapp.intake.actions import ask_erasure
from reviewapp.intake.models import Author, Item, Source
from reviewapp.policies.actions import import_policy
from reviewapp.policies.models import Version
from reviewapp.review import actions, reads_authors
from reviewapp.review.models import Decision, Escalation, Note, QueueMember, Strike, Task
from reviewapp.ui.errors import Forbidden, Missing
from reviewapp.webhooks.models import Delivery
from tests.cast import Cast
from tests.robots import hidden_fields
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def claimed(person: Person, queue: str = "scams-spam") -> actions.Claim:
    claim = actions.claim_next(queue=stage.queue_of(queue), person=person)
    assert claim is not None
    return claim


def raise_up(claim: actions.Claim, person: Person, kind: str = "threat_to_life", note: str = "") -> None:
    actions.escalate(task=claim.task, epoch=claim.epoch, person=person, kind=kind, note=note)


def decide(claim: actions.Claim, person: Person, label: str = "allowed", **more: object) -> actions.Decided:
    given: dict[str, object] = {"reason_code": "context_missed", "sections": ()} | more
    return actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label=label, person=person, **given
    )


def told(person: Person) -> list[str]:
    return list(Notice.objects.filter(person=person).order_by("at").values_list("kind", flat=True))


def test_an_escalation_goes_to_who_is_on_call_and_offers_support(cast: Cast, fraud: Version) -> None:
    item, behind = stage.line_up(2, version=fraud)
    claim = claimed(cast.ana)
    following = actions.escalate(
        task=claim.task, epoch=claim.epoch, person=cast.ana, kind="threat_to_life", note="A place is named."
    )
    assert following is not None and following.item == behind
    task = Task.objects.select_related("queue").get(pk=claim.task)
    assert (task.queue.escalation, task.tier, task.state) == ("threat_to_life", 1, "waiting")
    assert told(cast.sam) == ["escalated"] and told(cast.ana) == ["support_offered"]
    assert Note.objects.get(item=item).kind == "escalation"
    assert {"escalation.opened", "item.held"} <= set(stage.verbs(item))
    assert Delivery.objects.filter(item=item, event="item.limited").exists()
    with pytest.raises(Exception, match="hold"):
        ask_erasure(items=[item], actor=Actor.person(cast.ad.pk))


@pytest.mark.parametrize("kind", ["authority", "legal", "press", "policy_question", "child_safety"])
def test_every_kind_has_a_queue_of_its_own(cast: Cast, fraud: Version, kind: str) -> None:
    stage.line_up(1, version=fraud)
    claim = claimed(cast.ana)
    raise_up(claim, cast.ana, kind)
    assert Task.objects.get().queue.escalation == kind and Escalation.objects.get().kind == kind


def test_a_kind_that_is_none_a_stale_seat_and_a_second_press_change_nothing(
    cast: Cast, fraud: Version
) -> None:
    stage.line_up(1, version=fraud)
    claim = claimed(cast.ana)
    with pytest.raises(actions.Unclear):
        raise_up(claim, cast.ana, "gossip")
    with pytest.raises(Forbidden):
        raise_up(claim, cast.au)
    raise_up(claim, cast.ana)
    with pytest.raises(actions.ClaimLost):
        raise_up(claim, cast.ana)
    assert Escalation.objects.count() == 1


def test_only_members_and_seniors_take_what_is_escalated(cast: Cast, fraud: Version) -> None:
    item = stage.line_up(1, version=fraud)[0]
    raise_up(claimed(cast.ana), cast.ana)
    queue = stage.queue_of("urgent-life")
    assert actions.claim_next(queue=queue, person=cast.mo) is None
    with pytest.raises(actions.ClaimLost):
        actions.claim_item(item=item, person=cast.mo)
    actions.set_member(queue=queue, member=cast.mo.pk, ordinal=1, person=cast.sam)
    assert claimed(cast.mo, "urgent-life").item == item


def test_the_clock_tells_the_next_on_call_until_somebody_takes_it(cast: Cast, fraud: Version) -> None:
    stage.line_up(1, version=fraud)
    raise_up(claimed(cast.ana), cast.ana)
    queue = stage.queue_of("urgent-life")
    for ordinal, person in ((1, cast.mo), (2, cast.ad)):
        actions.set_member(queue=queue, member=person.pk, ordinal=ordinal, person=cast.sam)
    escalation = Escalation.objects.get()
    assert actions.ring_escalations() == 0
    for _ in range(2):
        stage.tell("review_escalation", "rings_at = now() - interval '1 second'", escalation.pk)
        assert actions.ring_escalations() == 1
    assert told(cast.ad) == ["escalated", "escalation_waits"] and told(cast.mo) == ["escalation_waits"]
    claimed(cast.mo, "urgent-life")
    stage.tell("review_escalation", "rings_at = now() - interval '1 second'", escalation.pk)
    assert actions.ring_escalations() == 0


def test_the_checklist_comes_before_the_decision_and_undo_opens_it_again(cast: Cast, fraud: Version) -> None:
    item = stage.line_up(1, version=fraud)[0]
    raise_up(claimed(cast.ana), cast.ana)
    claim = claimed(cast.sam, "urgent-life")
    with pytest.raises(actions.Unclear, match="checklist"):
        decide(claim, cast.sam)
    with pytest.raises(actions.Unclear, match="reference"):
        actions.answer_checklist(
            item=item, person=cast.sam, help_sent=True, authority_told=True, reference="Zeuge: Ä"
        )
    actions.answer_checklist(
        item=item, person=cast.sam, help_sent=True, authority_told=False, reference="PD 7"
    )
    decided = decide(claim, cast.sam)
    assert Escalation.objects.get().closed_at and "escalation.answered" in stage.verbs(item)
    actions.undo(decision=decided.decision, person=cast.sam)
    assert Escalation.objects.get().closed_at is None
    with pytest.raises(actions.Unclear):
        actions.answer_checklist(item=item, person=cast.ana, help_sent=True, authority_told=True)


def test_an_escalation_ends_when_its_item_is_replaced_and_stays_open_when_it_is_restricted(
    cast: Cast, fraud: Version
) -> None:
    left, hidden = stage.line_up(2, version=fraud)
    for _ in range(2):
        raise_up(claimed(cast.ana), cast.ana, "child_safety")
    stage.tell("intake_item", "state = 'superseded'", left)
    actions.restrict(item=hidden, reference="case 12", person=cast.sam)
    assert actions.claim_next(queue=stage.queue_of("urgent-child-safety"), person=cast.sam) is None
    assert Escalation.objects.get(item=left).closed_at and "escalation.closed" in stage.verbs(left)
    assert Escalation.objects.get(item=hidden).closed_at is None


def test_members_are_set_by_seniors_only_and_shown(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    stage.line_up(1, version=fraud)
    raise_up(claimed(cast.ana), cast.ana)
    page = "/queues/urgent-life/members"
    assert client_for(cast.ana).get(page).status_code == 403
    sam = client_for(cast.sam)
    assert sam.post(page, {"person": str(cast.mo.pk), "ordinal": "0"}).status_code == 422
    assert sam.post(page, {"person": str(cast.au.pk), "ordinal": "1"}).status_code == 404
    sam.post(page, {"person": str(cast.mo.pk), "ordinal": "2"})
    assert QueueMember.objects.get().ordinal == 2 and "Remove" in sam.get(page).content.decode()
    sam.post(page, {"person": str(cast.mo.pk), "drop": "1"})
    assert not QueueMember.objects.exists()


def test_a_note_tells_whom_it_mentions(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    item = stage.line_up(1, version=fraud)[0]
    client = client_for(cast.ana)
    answer = client.post(
        f"/review/{item}/note", {"text": "@mo please look, mail x@mo.example"}, headers={"HX-Request": "true"}
    )
    assert "please look" in answer.content.decode() and told(cast.mo) == ["mentioned"]
    bad = client.post(f"/review/{item}/note", {"text": "@nobody <look>"}, headers={"HX-Request": "true"})
    assert bad.status_code == 422 and "&lt;look&gt;" in bad.content.decode() and Note.objects.count() == 1
    assert client_for(cast.bo).post(f"/review/{item}/note", {"text": "x"}).status_code == 403
    stage.tell("intake_item", "restricted = true", item)
    with pytest.raises(Missing):
        actions.add_note(item=item, person=cast.ana, text="Too late")
    for text in ("Too late", "", "@nobody"):
        gone = client.post(f"/review/{item}/note", {"text": text}, headers={"HX-Request": "true"})
        assert gone.status_code == 404 and "please look" not in gone.content.decode()


def test_a_note_links_the_section_it_names_in_the_version_that_judged_the_item(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item = stage.line_up(1, version=fraud)[0]
    code = fraud.sections.all()[1].code
    spam = stage.publish("spam")
    source = fraud.source.replace("\ntitle: ", "\ntitle: New ", 1)
    import_policy(source=source, actor=OPERATOR, publish=True)
    client = client_for(cast.ana)
    text = f"Rather {code.lower()}, see SP-1.2. Not XX-9.9, a@sp-1.1 or SP-1.2x."
    answer = client.post(f"/review/{item}/note", {"text": text}, headers={"HX-Request": "true"})
    page = answer.content.decode()
    links = re.findall(r'href="(/policies/[^"]+)"', page)
    assert links == [f"/policies/fraud/versions/1#{code}", "/policies/spam/versions/1#SP-1.2"]
    note = Note.objects.get()
    assert (note.version, note.section) == (fraud, code) and spam.sections.filter(code="SP-1.2").exists()
    assert stage.events(item, "item.noted")[0]["section"] == f"{fraud.pk}:{code}"


def written_by(author: str, version: Version, count: int = 1) -> list[UUID]:
    source, _ = Source.objects.get_or_create(name="forum")
    somebody, _ = Author.objects.get_or_create(source=source, external_id=author)
    items = stage.line_up(count, version=version)
    Item.objects.filter(pk__in=items).update(author=somebody)
    return items


def test_a_violation_is_a_strike_until_it_is_undone(cast: Cast, fraud: Version) -> None:
    written_by("u 1/2", fraud)
    claim = claimed(cast.ana)
    section = fraud.sections.all()[0]
    decided = decide(claim, cast.ana, "violates", sections=[(fraud.pk, section.code)])
    strike = Strike.objects.get()
    assert strike.severity == section.severity and strike.expires_at > strike.at
    page = reads_authors.author_page(reads_authors.author_id("forum", "u 1/2"), cast.sam)
    assert (page.points, page.violating, page.open) == (2, 1, 0)
    again = actions.undo(decision=decided.decision, person=cast.ana).claim
    page = reads_authors.author_page(page.id, cast.sam)
    assert page.points == 0 and page.strikes[0].ended == "taken back" and page.open == 1
    decide(again, cast.ana, "allowed")
    assert Strike.objects.filter(withdrawn_at=None).count() == 0


def test_undoing_gives_back_the_strike_that_the_undone_call_had_ended(cast: Cast, fraud: Version) -> None:
    item = written_by("u1", fraud)[0]
    violates: dict[str, object] = {"sections": [(fraud.pk, fraud.sections.all()[0].code)]}
    first = decide(claimed(cast.ana), cast.ana, "violates", **violates)
    stage.tell("intake_item", "state = 'awaiting_review', admitted = false", item)
    actions.admit()
    lifted = decide(claimed(cast.mo), cast.mo)
    assert not Strike.objects.filter(withdrawn_at=None).exists()
    again = actions.undo(decision=lifted.decision, person=cast.mo).claim
    assert Strike.objects.get(withdrawn_at=None).decision_id == first.decision
    made = decide(again, cast.mo, "violates", **violates)
    assert Strike.objects.get(withdrawn_at=None).decision_id == made.decision


def test_the_author_page_is_logged_and_found_by_ids_with_slashes(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item = written_by("u 1/2", fraud)[0]
    client = client_for(cast.ana)
    answer = client.get("/authors/forum/u%201%2F2")
    author = Author.objects.get()
    assert "Number 0" in answer.content.decode() and stage.verbs(author.pk) == ["author.viewed"]
    assert client.get("/authors/forum/none").status_code == 404
    assert client_for(cast.bo).get("/authors/forum/u%201%2F2").status_code == 403
    assert "Number 0" in client.get(f"/review/{item}/author").content.decode()


def test_a_protected_account_is_decided_by_seniors_only(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item, _ = written_by("u1", fraud, 2)
    mine = claimed(cast.ana)
    author = Author.objects.get().pk
    with pytest.raises(Forbidden):
        actions.protect_author(author=author, person=cast.ana, reference="press 1")
    with pytest.raises(actions.Unclear):
        actions.protect_author(author=author, person=cast.sam, reference="é")
    sam = client_for(cast.sam)
    refused = sam.post("/authors/forum/u1/protect", {"reference": "é1"})
    assert refused.status_code == 422 and 'value="é1"' in refused.content.decode()
    assert b"Anything" not in sam.get("/authors/forum/u1?problem=Anything").content
    sam.post("/authors/forum/u1/protect", {"reference": "press 1"})
    with pytest.raises(actions.NeedsSenior):
        decide(mine, cast.ana)
    assert Decision.objects.count() == 0 and mine.item == item
    assert actions.claim_next(queue=mine.queue, person=cast.mo) is None
    assert actions.claim_next(queue=mine.queue, person=cast.sam) is not None
    sam.post("/authors/forum/u1/protect", {"lift": "1"})
    decide(mine, cast.ana)
    assert stage.verbs(author)[-1] == "author.unprotected"


def test_an_own_call_on_an_account_that_is_protected_since_is_replaced_by_seniors_only(
    cast: Cast, fraud: Version
) -> None:
    written_by("u1", fraud)
    made = decide(claimed(cast.ana), cast.ana).decision
    actions.protect_author(author=Author.objects.get().pk, person=cast.sam, reference="press 1")
    section = [(fraud.pk, fraud.sections.all()[0].code)]
    with pytest.raises(actions.NeedsSenior):
        actions.replace_own(
            decision=made, label="violates", sections=section, reason="Read again.", person=cast.ana
        )
    assert Decision.objects.count() == 1


def test_asking_to_talk_tells_seniors_a_name_and_nothing_else(cast: Cast, client_for: SignIn) -> None:
    assert (
        "Asked. 1 senior got" in client_for(cast.ana).post("/settings/care", {"talk": "1"}).content.decode()
    )
    notice = Notice.objects.get()
    assert (notice.person_id, notice.kind, notice.about) == (cast.sam.pk, "support_asked", None)


def test_a_conflict_in_the_dialog_keeps_what_was_typed(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(1, version=fraud)
    client = client_for(cast.ana)
    path = client.post("/queues/scams-spam/next").url
    fields = hidden_fields(client.get(path).content.decode()) | {"note": "typed", "kind": "none"}
    answer = client.post(f"{path}/escalate", fields)
    assert answer.status_code == 422 and ">typed</textarea>" in answer.content.decode()


def test_a_note_offers_the_sections_in_force_and_the_people_by_a_word_of_their_own(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    client = client_for(cast.ana)
    page = client.get("/review/notes/sections").content.decode()
    assert re.findall(r'value="([^"]+)"', page) == [each.code for each in fraud.sections.all()]
    Person.objects.filter(pk=cast.sam.pk).update(name="Mo Two")
    Person.objects.filter(pk=cast.au.pk).update(is_active=False)
    page = client.get("/review/notes/people").content.decode()
    assert re.findall(r'value="([^"]+)"', page) == ["@ad", "@bo", "@cy", "@sam"]
    item = stage.line_up(1, version=fraud)[0]
    actions.add_note(item=item, person=cast.ana, text="@sam look at this")
    assert Note.objects.get().mentions == [cast.sam.pk]
    assert client_for(cast.bo).get("/review/notes/people").status_code == 403
