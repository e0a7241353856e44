"""Blind first calls: nothing leaks before the call, both calls are kept, and agreement is measured on the blind ones."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.intake.models import Author, Item, Source
from reviewapp.policies.models import Version
from reviewapp.questions import Trip
from reviewapp.review import actions, reads_blind, reads_desk
from reviewapp.review.models import BlindCall, Decision, Queue, Task
from reviewapp.review.reads_calls import last_calls
from tests.cast import Cast
from tests.robots import hidden_fields
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
HTMX = {"HX-Request": "true"}
SECRETS = {
    "rationale": "Zebra rationale", "reasoning": "Zebra reasoning", "evidence_for": ["Meet me at the station."],
}  # fmt: skip


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def blind_item(version: Version, *, label: str = "violates", **fields: object) -> tuple[UUID, UUID]:
    """An item whose first call is blind, and its verdict, which says things that no other text says."""
    item = stage.wait_for_a_person(flags=["user_report"])
    verdict = stage.say(item, version, label, confidence="low", **SECRETS | fields)
    actions.admit()
    Task.objects.filter(item=item).update(blind=True)
    return item, verdict


def start(client: Client) -> tuple[str, dict[str, str], str]:
    path = client.post("/queues/scams-spam/next").url
    page = client.get(path).content.decode()
    return path, hidden_fields(page), page


def leaks(page: str, verdict: UUID) -> list[str]:
    told = [
        "Zebra", str(verdict), 'class="ev"', 'class="evn"', "Reasoner says", "low confidence", "Low confidence", "test-model",
        "machine is in doubt", "severity 3", "not yet measured", "Cited policy sections", "Near-secret note",
    ]  # fmt: skip
    return [each for each in told if each in page]


def test_no_answer_tells_anything_of_the_verdict_before_the_call(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item, verdict = blind_item(fraud)
    source = Source.objects.get(name="forum")
    Item.objects.filter(pk=item).update(author=Author.objects.create(source=source, external_id="u1"))
    actions.add_note(item=item, person=cast.mo, text="Near-secret note")
    client = client_for(cast.ana)
    pages = [
        client.get(address)
        for address in ("/", "/queues/scams-spam", f"/review/{item}", f"/review/{item}/late")
    ]
    path, fields, _ = start(client)
    pages += [
        client.get(address)
        for address in (path, f"{path}?override=1", f"{path}?dialog=hold", f"{path}/author", "/")
    ]
    pages.append(client.get(f"{path}/late?lead={uuid4()}"))
    pages.append(client.get("/authors/forum/u1"))
    pages += [client.post(f"{path}/note", {"text": text}, headers=HTMX) for text in ("My own", "@nobody")]
    assert "Notes show after your call" in pages[-2].content.decode()
    pages.append(client.post(f"{path}/override", fields, headers=HTMX))
    pages.append(client.post(f"{path}/confirm", fields, headers=HTMX))
    forged = fields | {"verdict": str(verdict), "nonce": str(uuid4())}
    guessed = client.post(f"{path}/confirm", {**forged, "verdict": str(uuid4())}, headers=HTMX)
    pages += [
        guessed,
        client.post("/queues/scams-spam/reserve"),
        client.get("/queues/scams-spam?view=verdicts"),
    ]
    for page in pages:
        text = page.content.decode() + str(dict(page.headers))
        assert leaks(text, verdict) == [], page.request["PATH_INFO"]
    assert "Hidden until your call" in client.get(path).content.decode()
    assert client.post(f"{path}/confirm", forged, headers=HTMX).status_code == 422
    assert not Decision.objects.exists() and not BlindCall.objects.exists()


def test_without_a_verdict_the_blind_screen_looks_the_same(cast: Cast, client_for: SignIn) -> None:
    stage.publish("fraud")
    item = stage.wait_for_a_person()
    actions.admit()
    Task.objects.update(blind=True)
    client = client_for(cast.ana)
    client.post("/queues/everything-else/next")
    page = client.get(f"/review/{item}").content.decode()
    assert "Hidden until your call" in page and "No machine verdict" not in page


def test_blind_is_drawn_only_where_a_verdict_stands_to_compare_with(cast: Cast, fraud: Version) -> None:
    actions.seed_queues(actor=OPERATOR)
    Queue.objects.update(blind_percent=100)
    bare, judged = stage.wait_for_a_person(), stage.wait_for_a_person()
    stage.say(judged, fraud)
    actions.admit()
    assert dict(Task.objects.values_list("item", "blind")) == {bare: False, judged: True}


def test_a_blind_call_without_a_verdict_is_not_told_as_the_same_call(cast: Cast, client_for: SignIn) -> None:
    stage.publish("fraud")
    stage.wait_for_a_person()
    actions.admit()
    Task.objects.update(blind=True)
    client = client_for(cast.ana)
    path = client.post("/queues/everything-else/next").url
    client.post(f"{path}/override", hidden_fields(client.get(path).content.decode()) | {"section": "allowed"})
    assert [each.how for each in last_calls(cast.ana)] == ["Blind, no verdict"]


def test_the_same_call_decides_at_once(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    blind_item(fraud)
    client = client_for(cast.ana)
    path, fields, _ = start(client)
    section = f"{fraud.pk}:{fraud.sections.all()[0].code}"
    client.post(f"{path}/override", fields | {"section": section})
    made, call = Decision.objects.get(), BlindCall.objects.get()
    assert made.shown == {"verdicts": made.shown["verdicts"], "blind": True} and call.decision_id == made.pk
    assert (call.same_label, call.same_section) == (True, True)
    assert made.calls.get().call == "agreed" and "decision.called_blind" in stage.verbs(made.item_id)
    assert [each.how for each in last_calls(cast.ana)] == ["Blind, same call"]


@pytest.mark.parametrize("keeps", [True, False])
def test_another_call_shows_both_and_the_person_keeps_or_changes(
    cast: Cast, fraud: Version, client_for: SignIn, keeps: bool
) -> None:
    _, verdict = blind_item(fraud)
    client = client_for(cast.ana)
    path, fields, _ = start(client)
    client.post(f"{path}/draft", fields | {"section": "allowed", "reason": "Half a thought"})
    answer = client.post(f"{path}/override", fields | {"section": "allowed"}, headers=HTMX)
    page = answer.content.decode()
    assert "Zebra rationale" in page and "Keep my call" in page and not Decision.objects.exists()
    assert re.search(r'<div class="act" id="act" data-when="reading">', page), "the form is not open over it"
    fields = hidden_fields(page)
    if keeps:
        client.post(f"{path}/override", fields | {"section": "allowed"})
    else:
        client.post(f"{path}/confirm", fields | {"verdict": str(verdict)})
    made, call = Decision.objects.get(), BlindCall.objects.get()
    assert made.label == ("allowed" if keeps else "violates") and call.label == "allowed"
    assert call.same_label is False and call.decision_id == made.pk
    assert made.shown["blind"] is False and made.calls.get().call == ("overridden" if keeps else "agreed")


WISHES = [
    {"exception": "art", "review_on": (date.today() + timedelta(days=30)).isoformat()},
    {"action": "limit", "days": "30", "territories": "DE"},
]


@pytest.mark.parametrize("wish", WISHES, ids=["exception", "action"])
@pytest.mark.parametrize("agrees", [True, False])
def test_what_should_happen_goes_with_a_blind_call(
    cast: Cast, fraud: Version, client_for: SignIn, wish: dict[str, str], agrees: bool
) -> None:
    blind_item(fraud, label="violates" if agrees else "allowed")
    client = client_for(cast.sam)
    path, fields, _ = start(client)
    call = {"section": f"{fraud.pk}:{fraud.sections.all()[0].code}"} | wish
    answer = client.post(f"{path}/override", fields | call, headers=HTMX)
    if not agrees:
        page = answer.content.decode()
        for name, value in wish.items():
            assert re.search(f'name="{name}"[^>]* value="{value}"|value="{value}" selected', page), name
        client.post(f"{path}/override", hidden_fields(page) | call)
    made = Decision.objects.get()
    does = {
        "code": wish.get("action", "none"),
        "parameters": {"days": 30, "territories": ["DE"]} if "days" in wish else {},
    }
    assert made.actions == [does] and made.exception == wish.get("exception", "")


def test_a_call_on_another_policy_than_the_one_that_leads_stays_chosen(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item, _ = blind_item(fraud, label="allowed")
    stage.say(item, stage.publish("spam"))
    client = client_for(cast.ana)
    path, fields, _ = start(client)
    called = f"{fraud.pk}:{fraud.sections.all()[0].code}"
    page = client.post(f"{path}/override", fields | {"section": called}, headers=HTMX).content.decode()
    assert re.search(r'value="other"[^>]* checked', page) and f'value="{called}" selected' in page
    client.post(f"{path}/override", hidden_fields(page) | {"section": "other", "other": called})
    made = Decision.objects.get()
    undone = client.post(f"/decisions/{made.pk}/undo", headers=HTMX).content.decode()
    assert f'value="{called}" selected' in undone and made.findings.get().version == fraud


def test_a_refusal_before_the_call_does_not_tell_whether_it_agrees(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    for label in ("violates", "allowed"):
        blind_item(fraud, label=label)
        client = client_for(cast.ana if label == "violates" else cast.mo)
        path, fields, _ = start(client)
        call = {"section": f"{fraud.pk}:{fraud.sections.all()[0].code}", "action": "suspend_author"}
        refused = client.post(f"{path}/override", fields | call, headers=HTMX)
        assert refused.status_code == 422 and "Hidden until your call" in refused.content.decode()
    assert not BlindCall.objects.exists()


def test_the_first_call_stands_however_often_it_is_sent(cast: Cast, fraud: Version) -> None:
    blind_item(fraud)
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ana)
    assert claim is not None
    code = fraud.sections.all()[0].code
    given = {"task": claim.task, "epoch": claim.epoch, "person": cast.ana}
    first = actions.call_blind(**given, nonce=uuid4(), label="allowed")
    again = actions.call_blind(**given, nonce=uuid4(), label="violates", sections=[(fraud.pk, code)])
    assert first.decided is None and again.decided is None and BlindCall.objects.get().label == "allowed"


def test_a_blind_form_sent_twice_decides_nothing_before_the_verdict_was_seen(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    blind_item(fraud)
    client = client_for(cast.ana)
    path, fields, _ = start(client)
    for section in ("allowed", "allowed", f"{fraud.pk}:{fraud.sections.all()[0].code}"):
        page = client.post(f"{path}/override", fields | {"section": section}, headers=HTMX).content.decode()
        assert "Keep my call" in page and not Decision.objects.exists()
    assert "blind" not in hidden_fields(page) and BlindCall.objects.get().label == "allowed"


def test_a_form_that_was_blind_is_no_blind_call_once_the_verdict_was_listed(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    blind_item(fraud)
    client = client_for(cast.sam)
    path, fields, _ = start(client)
    task = Task.objects.get()
    actions.mark_seen(tasks=[task.pk], person=cast.sam)
    answer = client.post(f"{path}/override", fields | {"section": "allowed"}, headers=HTMX)
    assert answer.status_code == 422 and "Zebra rationale" in answer.content.decode()
    assert not BlindCall.objects.exists() and not Decision.objects.exists()


def test_somebody_elses_call_does_not_open_it_for_the_next_person(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item, verdict = blind_item(fraud)
    client = client_for(cast.ana)
    path, fields, _ = start(client)
    client.post(f"{path}/override", fields | {"section": "allowed"}, headers=HTMX)
    client.post(f"{path}/skip", fields)
    page = client_for(cast.mo).get(f"/review/{item}").content.decode()
    assert leaks(page, verdict) == []
    assert "Zebra rationale" in client_for(cast.au).get(f"/review/{item}").content.decode()


def test_a_senior_who_listed_the_verdicts_is_not_asked_blind(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item, verdict = blind_item(fraud)
    sam = client_for(cast.sam)
    assert leaks(sam.get(f"/review/{item}").content.decode(), verdict) == []
    sam.get("/queues/scams-spam?view=verdicts")
    assert "Zebra rationale" in sam.get(f"/review/{item}").content.decode()


def test_agreement_counts_blind_and_shown_apart(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    for _ in range(2):
        blind_item(fraud)
    client = client_for(cast.ana)
    for section in ("allowed", f"{fraud.pk}:{fraud.sections.all()[0].code}"):
        path, fields, _ = start(client)
        answer = client.post(f"{path}/override", fields | {"section": section}, headers=HTMX)
        if not Decision.objects.filter(item=UUID(path.rsplit("/", 1)[1])).exists():
            client.post(f"{path}/override", hidden_fields(answer.content.decode()) | {"section": section})
    own = reads_blind.of_person(cast.ana)
    assert str(own.blind) == "50 % (1–99, n 2)" and own.shown.n == 0
    assert "50 % (1–99, n 2)" in client.get("/settings/agreement").content.decode()
    assert client.get("/queues/scams-spam/agreement").status_code == 403
    assert "n 2" in client_for(cast.sam).get("/queues/scams-spam/agreement").content.decode()
    assert str(reads_blind.measured_on(Trip(), "fraud", "low")()) == "50 % (1–99, n 2)"
    assert str(reads_blind.measured_on(Trip(), "fraud", "high")()) == "not yet measured"


def test_the_share_of_a_queue_is_drawn_at_admission(cast: Cast, fraud: Version) -> None:
    stage.line_up(1, version=fraud)
    for percent in (100, 0):
        stage.tell("review_queue", f"blind_percent = {percent}", stage.queue_of())
        items = [stage.wait_for_a_person() for _ in range(3)]
        for item in items:
            stage.say(item, fraud)
        actions.admit()
        assert Task.objects.filter(item__in=items, blind=True).count() == (3 if percent else 0)


def test_who_is_on_call_sees_what_was_escalated_and_why(cast: Cast, fraud: Version) -> None:
    item, _ = blind_item(fraud)
    claim = actions.claim_item(item=item, person=cast.ana)
    actions.escalate(
        task=claim.task, epoch=claim.epoch, person=cast.ana, kind="threat_to_life", note="A place is named."
    )
    actions.claim_item(item=item, person=cast.sam)
    shown = reads_desk.desk(item, cast.sam)
    assert not shown.blind and shown.lead is not None and len(shown.notes) == 1
