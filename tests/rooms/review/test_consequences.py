"""What a decision does: the catalogue, exceptions, a second person for the severe, and replacing one's own call."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from reviewapp.accounts.models import Notice, Person
from reviewapp.audit.models import Event
from reviewapp.intake.models import Author, Item, Source
from reviewapp.policies.models import Version
from reviewapp.review import actions, reads_desk, reads_seat
from reviewapp.review.actions import Wish
from reviewapp.review.models import ActionKind, Decision, Draft, SectionUsual, Strike, Task
from reviewapp.review.rules_actions import SUPPLIED, ActionChoice, Cited, usual_for
from reviewapp.ui.errors import Forbidden, Missing
from reviewapp.webhooks.models import Delivery
from tests import checker
from tests.cast import Cast
from tests.robots import hidden_fields
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
SOON = datetime.now(UTC).date() + timedelta(days=30)


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def section(version: Version, severity: int) -> str:
    return version.sections.filter(severity=severity)[0].code


def claimed(person: Person, queue: str = "scams-spam") -> actions.Claim:
    claim = actions.claim_next(queue=stage.queue_of(queue), person=person)
    assert claim is not None
    return claim


def confirm(claim: actions.Claim, person: Person, **wish: object) -> actions.Decided:
    verdict = Item.objects.get(pk=claim.item).verdicts.get().pk
    return actions.confirm(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), verdict=verdict, person=person, wish=Wish(**wish)
    )


def override(claim: actions.Claim, person: Person, label: str = "allowed", **more: object) -> actions.Decided:
    given: dict[str, object] = {"reason_code": "context_missed", "sections": ()} | more
    return actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label=label, person=person, **given
    )


def severe(version: Version, person: Person) -> tuple[actions.Claim, Decision]:
    item = stage.wait_for_a_person()
    stage.say(item, version, sections=[section(version, 4)])
    actions.admit()
    claim = claimed(person)
    return claim, Decision.objects.get(pk=confirm(claim, person).decision)


def heard(person: Person) -> list[tuple[str, UUID]]:
    """What somebody was told of their own calls."""
    rows = Notice.objects.filter(person=person, kind__startswith="decision").order_by("at")
    return list(rows.values_list("kind", "about"))


def unsound() -> list[str]:
    """What the checker says of decisions; the stage's items never came in by the door, which it would say too."""
    return [each for each in checker.problems() if "decision" in each]


def sent(item: UUID) -> list[tuple[str, str]]:
    return list(Delivery.objects.filter(item=item).order_by("created_at", "id").values_list("event", "state"))


def test_confirm_takes_another_action_and_stays_agreement(cast: Cast, fraud: Version) -> None:
    stage.line_up(1, version=fraud)
    decided = confirm(claimed(cast.ana), cast.ana, action="limit", days="7", territories="de, FR")
    made = Decision.objects.get(pk=decided.decision)
    assert made.actions == [{"code": "limit", "parameters": {"days": 7, "territories": ["DE", "FR"]}}]
    assert made.calls.get().call == "agreed" and not made.awaits_second


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"action": "explode"}, "one of the actions"),
        ({"action": "limit", "days": "-1"}, "number of days"),
        ({"action": "limit", "days": "9999"}, "number of days"),
        ({"action": "limit", "territories": "Germany"}, "country codes"),
        ({"action": "suspend_author"}, "also needs: a typed reason"),
        ({"exception": "art"}, "Only a senior"),
    ],
)
def test_a_wish_that_cannot_be_decides_nothing(
    cast: Cast, fraud: Version, wish: dict[str, str], message: str
) -> None:
    stage.line_up(1, version=fraud)
    claim = claimed(cast.ana)
    with pytest.raises(actions.Unclear, match=message):
        confirm(claim, cast.ana, **wish)
    assert not Decision.objects.exists()


@pytest.mark.parametrize("action", ["remove", "limit", "warn", "suspend_author"])
def test_allowed_takes_no_action_that_restricts(cast: Cast, fraud: Version, action: str) -> None:
    stage.line_up(1, version=fraud)
    with pytest.raises(actions.Unclear, match="contradict each other"):
        override(claimed(cast.ana), cast.ana, action=action)
    assert not Decision.objects.exists()


@pytest.mark.parametrize(("label", "chosen", "back"), [
    ("violates", "", ""), ("violates", "remove", ""), ("violates", "limit", "limit"), ("allowed", "none", ""),
])  # fmt: skip
def test_undo_leaves_a_usual_action_to_the_next_call(
    cast: Cast, fraud: Version, client_for: SignIn, label: str, chosen: str, back: str
) -> None:
    stage.line_up(1, version=fraud)
    sections = [(fraud.pk, section(fraud, 3))] if label == "violates" else []
    done = override(
        claimed(cast.ana), cast.ana, label, sections=sections, action=chosen, reason="It names a price."
    )
    page = (
        client_for(cast.ana).post(f"/decisions/{done.decision}/undo", HTTP_HX_REQUEST="true").content.decode()
    )
    form = page[page.index('id="action"') :]
    assert re.findall(r'value="(\w*)" selected', form[: form.index("</select>")]) == ([back] if back else [])
    assert Draft.objects.get().action == back


def test_a_senior_grants_an_exception_that_counts_as_agreement_and_comes_up_again(
    cast: Cast, fraud: Version
) -> None:
    stage.line_up(1, version=fraud)
    claim = claimed(cast.sam)
    for day in (None, SOON - timedelta(days=400), SOON + timedelta(days=900)):
        with pytest.raises(actions.Unclear, match="two years"):
            confirm(claim, cast.sam, exception="art", review_on=day)
    decided = confirm(claim, cast.sam, exception="art", review_on=SOON)
    made = Decision.objects.get(pk=decided.decision)
    assert (made.label, made.exception, made.actions[0]["code"]) == ("violates", "art", "none")
    assert made.calls.get().call == "agreed" and actions.remind_of_exceptions() == 0
    stage.tell("review_decision", "review_on = current_date", made.pk)
    assert [actions.remind_of_exceptions(), actions.remind_of_exceptions()] == [1, 0]
    assert Notice.objects.get(person=cast.sam).kind == "exception_due"


def test_the_whole_form_comes_back_however_it_was_left(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(1, version=fraud)
    sam = client_for(cast.sam)
    path = sam.post("/queues/scams-spam/next").url
    seat = hidden_fields(sam.get(path).content.decode())
    call = {"section": f"{fraud.pk}:{section(fraud, 3)}", "reason_code": "context_missed"}
    wishes = [
        {"exception": "art", "review_on": SOON.isoformat()},
        {"action": "limit", "days": "30", "territories": "DE FR"},
    ]
    for wish in wishes:
        refused = sam.post(f"{path}/override", seat | call | wish | {"section": ""})
        assert refused.status_code == 422 and standing(refused, wish)
        assert sam.post(f"{path}/draft", seat | call | wish).status_code == 204
        assert standing(sam.get(path), wish)
        sam.post(f"{path}/override", seat | call | wish)
        made = Decision.objects.filter(label="violates").latest("at")
        assert standing(sam.post(f"/decisions/{made.pk}/undo"), wish)
        seat = hidden_fields(sam.get(path).content.decode())


def standing(answer: HttpResponse, wish: dict[str, str]) -> bool:
    """Whether the form of a screen holds all of `wish`, where one sees it."""
    page = answer.content.decode()
    form = page[page.index('id="override"') : page.index("</form>", page.index('id="override"'))]
    held = [*re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', form)]
    held += re.findall(
        r'<select[^>]* name="(\w+)"(?:(?!</select>).)*?value="(\w+)" selected', form, re.DOTALL
    )
    return wish.items() <= set(held) and '<details class="fold" open>' in form


def test_nobody_is_reminded_of_an_exception_that_stands_no_more(cast: Cast, fraud: Version) -> None:
    stage.line_up(1, version=fraud)
    made = confirm(claimed(cast.sam), cast.sam, exception="art", review_on=SOON).decision
    actions.undo(decision=made, person=cast.sam)
    stage.tell("review_decision", "review_on = current_date", made)
    assert actions.remind_of_exceptions() == 0


def test_the_severe_is_limited_at_once_and_leaves_when_a_second_person_confirms(
    cast: Cast, fraud: Version
) -> None:
    claim, first = severe(fraud, cast.ana)
    assert first.awaits_second and sent(claim.item) == [("decision.made", "held"), ("item.limited", "held")]
    stage.tell("review_decision", "undo_until = now() - interval '1 second'", first.pk)
    actions.release_decisions()
    assert sent(claim.item) == [("decision.made", "held"), ("item.limited", "waiting")]
    assert actions.claim_next(queue=claim.queue, person=cast.ana) is None
    with pytest.raises(actions.ClaimLost):
        actions.claim_item(item=claim.item, person=cast.ana)
    second = claimed(cast.mo)
    decided = actions.confirm_first(task=second.task, epoch=second.epoch, nonce=uuid4(), person=cast.mo)
    actions.release_decisions()
    made = Decision.objects.get(pk=decided.decision)
    assert heard(cast.ana) == []
    assert (made.kind, made.replaces_id, made.label) == ("second", first.pk, "violates")
    assert [state for _, state in sent(claim.item)] == ["cancelled", "waiting", "waiting"]
    assert Item.objects.get(pk=claim.item).state == "decided" and unsound() == []


def test_the_second_person_lifts_the_limit_by_another_decision(cast: Cast, fraud: Version) -> None:
    claim, first = severe(fraud, cast.ana)
    second = claimed(cast.mo)
    decided = override(second, cast.mo)
    assert heard(cast.ana) == [("decision_replaced", first.pk)] and heard(cast.mo) == []
    made = Decision.objects.get(pk=decided.decision)
    assert (made.kind, made.label, made.replaces_id) == ("second", "allowed", first.pk)
    assert not Decision.objects.filter(strike__withdrawn_at=None, strike__isnull=False).exists()
    with pytest.raises(actions.TooLate):
        actions.undo(decision=made.pk, person=cast.mo)
    with pytest.raises(actions.TooLate):
        actions.undo(decision=first.pk, person=cast.ana)
    assert unsound() == [] and claim.item == made.item_id


def test_undoing_a_severe_call_calls_the_second_person_off(cast: Cast, fraud: Version) -> None:
    claim, first = severe(fraud, cast.ana)
    actions.undo(decision=first.pk, person=cast.ana)
    assert set(Task.objects.filter(kind="second").values_list("state", flat=True)) == {"withdrawn"}
    assert Item.objects.get(pk=claim.item).state == "awaiting_review"
    # The task that was reopened is older than the one of the second person, which nobody does any more.
    for person in (cast.ana, cast.mo):
        place = reads_seat.place_of(claim.item, person)
        assert place.task is not None and (place.task.kind, place.task.state) == ("first", "claimed")


def test_the_screen_of_the_second_person_says_what_confirm_accepts(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    severe(fraud, cast.ana)
    client = client_for(cast.mo)
    path = client.post("/queues/scams-spam/next").url
    page = client.get(path).content.decode()
    assert "as <bdi>Ana</bdi> decided" in page
    assert "change-action" not in page[page.index('id="decisionbar"') : page.index('id="dialogs"')]
    answer = client.post(f"{path}/confirm", hidden_fields(page))
    assert answer.status_code == 302 and Decision.objects.filter(kind="second").count() == 1


def test_an_admin_keeps_the_catalogue_and_the_usual_action_follows(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    with pytest.raises(Forbidden):
        actions.save_action(choice=SUPPLIED[0], active=True, person=cast.sam)
    ad = client_for(cast.ad)
    given = {
        "code": "hide",
        "label": "Hide",
        "restriction": "visibility",
        "days": "3",
        "severity": ["3"],
        "territories": "DE",
    }
    assert ad.post("/actions/", given | {"restriction": "account"}).status_code == 422
    wrong = ad.post("/actions/", given | {"days": "-4", "retire": "1"}).content.decode()
    assert 'value="-4"' in wrong and 'name="retire" value="1" checked' in wrong and "99999" not in wrong
    ad.post("/actions/", given)
    ad.post(
        "/actions/",
        {
            "edited": "remove",
            "code": "kept",
            "label": "Remove",
            "restriction": "removal",
            "severity": ["2", "4"],
        },
    )
    assert not ActionKind.objects.filter(code="kept").exists(), "a code stays as it is"
    assert ActionKind.objects.count() == len(SUPPLIED) + 1 and "Hide" in ad.get("/actions/").content.decode()
    stage.line_up(1, version=fraud)
    decided = confirm(claimed(cast.ana), cast.ana)
    assert Decision.objects.get(pk=decided.decision).actions[0] == {
        "code": "hide", "parameters": {"days": 3, "territories": ["DE"]},
    }  # fmt: skip
    with pytest.raises(actions.Unclear):
        actions.save_action(choice=ActionChoice("none", "None", "none"), active=False, person=cast.ad)


def test_adding_an_action_with_a_code_that_is_taken_changes_nothing(cast: Cast, client_for: SignIn) -> None:
    ad = client_for(cast.ad)
    given = {"code": "remove", "label": "Mine", "restriction": "none"}
    answer = ad.post("/actions/", given)
    page = answer.content.decode()
    assert answer.status_code == 422 and "remove exists already" in page and 'value="Mine"' in page
    assert "Add an action" in page and not ActionKind.objects.exists()
    assert "readonly" in ad.get("/actions/?edit=remove").content.decode()
    actions.save_action(choice=ActionChoice("warn", "Warn", "warning"), active=False, person=cast.ad)
    assert ad.post("/actions/", given | {"code": "warn"}).status_code == 302, "a retired one comes back"


def test_a_section_has_its_own_usual_action_and_reason(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    heavy, light = section(fraud, 3), section(fraud, 1)
    form = {
        "policy": "fraud",
        f"action-{heavy}": "warn",
        f"reason-{heavy}": "quoted_speech",
        f"action-{light}": "",
    }
    ad = client_for(cast.ad)
    assert ad.post("/actions/sections", form).url == "/actions/sections?saved=fraud"
    page = ad.get("/actions/sections").content.decode()
    assert f'name="action-{heavy}"' in page and 'value="warn" selected>' in page
    assert Event.objects.filter(verb="action.made_usual").count() == 1
    item = stage.wait_for_a_person()
    stage.say(item, fraud, sections=[light, heavy])
    actions.admit()
    claim = claimed(cast.ana)
    shown = client_for(cast.ana).get(f"/review/{item}").content.decode()
    assert 'data-reason="quoted_speech"' in shown
    made = Decision.objects.get(pk=confirm(claim, cast.ana).decision)
    assert made.actions[0]["code"] == "warn"
    stage.line_up(1, version=fraud)
    own = override(claimed(cast.ana), cast.ana, "violates", sections=[(fraud.pk, light)])
    assert Decision.objects.get(pk=own.decision).actions[0]["code"] == "limit"


@pytest.mark.parametrize(
    ("usual", "says"),
    [
        ({"FR-9.9": ("limit", "")}, "not in force any more"),
        ({"FR-1.1": ("suspend_author", "")}, "touches an account"),
        ({"FR-1.1": ("limit", "because")}, "one of the reasons"),
    ],
)  # fmt: skip
def test_what_cannot_be_usual_changes_nothing(
    cast: Cast, fraud: Version, usual: dict[str, tuple[str, str]], says: str
) -> None:
    with pytest.raises(actions.Unclear, match=says):
        actions.save_usual(policy="fraud", usual=usual, person=cast.ad)
    with pytest.raises(Forbidden):
        actions.save_usual(policy="fraud", usual={}, person=cast.bo)
    assert not SectionUsual.objects.exists()


@pytest.mark.parametrize(
    ("cited", "does"),
    [
        ([Cited(2), Cited(3, action="limit")], "limit"),
        ([Cited(2, action="limit"), Cited(3)], "remove"),
        ([Cited(3), Cited(3, action="warn")], "warn"),
        ([Cited(3, action="gone")], "remove"),
        ([Cited(4, "escalate:threat_to_life")], "remove"),
        ([Cited(1, "support")], "none"),
        ([Cited(4, "support, escalate:threat_to_life"), Cited(3)], "none"),
        ([Cited(4, "support"), Cited(4)], "remove"),
        ([Cited(1, "support"), Cited(3)], "remove"),
        ([Cited(4, "support", "limit")], "limit"),
        ([], "limit"),
    ],
)
def test_the_gravest_section_says_what_is_usual(cited: list[Cited], does: str) -> None:
    assert usual_for(SUPPLIED, "violates", cited) == does
    assert usual_for(SUPPLIED, "allowed", cited) == "none"


def test_a_call_for_help_stays_up_without_strike_or_second_person(cast: Cast, client_for: SignIn) -> None:
    author = Author.objects.create(source=Source.objects.create(name="forum"), external_id="u1")
    item = stage.wait_for_a_person()
    Item.objects.filter(pk=item).update(author=author)
    stage.say(item, stage.publish("self-harm"), sections=["SH-1.1"])
    actions.admit()
    task = Task.objects.get(item=item)
    assert task.terms["urgent"] == ["threat_to_life"]
    claim = claimed(cast.ana, task.queue.slug)
    assert not reads_desk.desk(item, cast.ana).severe
    made = Decision.objects.get(pk=confirm(claim, cast.ana).decision)
    assert made.actions[0]["code"] == "none" and not made.awaits_second
    assert not Strike.objects.exists()


def test_ones_own_call_is_replaced_later_with_a_reason(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item = stage.line_up(1, version=fraud)[0]
    first = confirm(claimed(cast.ana), cast.ana).decision
    stage.tell("webhooks_delivery", "release_at = now()", Delivery.objects.get(decision=first).pk)
    stage.tell("review_decision", "release_at = now() - interval '1 second'", first)
    actions.release_decisions()
    client = client_for(cast.ana)
    assert "Replace…" in client.get("/settings/calls").content.decode()
    assert client.post(f"/decisions/{first}/replace", {"section": "allowed"}).status_code == 422
    with pytest.raises(Missing):
        actions.replace_own(decision=first, label="allowed", reason="x", person=cast.mo)
    assert (
        client.post(
            f"/decisions/{first}/replace", {"section": "allowed", "reason": "Read it again."}
        ).status_code
        == 302
    )
    new = Decision.objects.get(replaces=first)
    assert (new.kind, new.label, new.reason) == ("replaced", "allowed", "Read it again.")
    assert Delivery.objects.get(decision=new.pk).event in {"decision.replaced", "decision.made"}
    with pytest.raises(actions.TooLate):
        actions.replace_own(decision=first, label="allowed", reason="again", person=cast.ana)
    page = client.get("/settings/calls").content.decode()
    assert "replaced" in page and stage.verbs(item).count("decision.made") == 2 and unsound() == []
    assert heard(cast.ana) == []


def test_an_item_that_comes_back_is_told_to_who_decided_it_and_so_is_another_call(
    cast: Cast, fraud: Version
) -> None:
    item = stage.line_up(1, version=fraud)[0]
    first = confirm(claimed(cast.ana), cast.ana).decision
    stage.tell("intake_item", "state = 'awaiting_review', admitted = false", item)
    actions.admit()
    assert heard(cast.ana) == [("decision_reopened", first)]
    made = override(claimed(cast.mo), cast.mo)
    assert heard(cast.ana) == [("decision_reopened", first), ("decision_replaced", first)]
    assert heard(cast.mo) == [] and Decision.objects.get(pk=made.decision).replaces_id == first
