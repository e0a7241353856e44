"""The review pages over HTTP: who may, what is hidden, what comes back after a conflict, and plain forms."""

import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.test import Client

from reviewapp.accounts.actions import set_preferences
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR, place_events
from reviewapp.audit.models import Event
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Decision, Task
from reviewapp.webhooks.actions import add_endpoint
from reviewapp.webhooks.models import Delivery
from tests.cast import Cast
from tests.robots import hidden_fields
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def start(client: Client, slug: str = "scams-spam") -> tuple[str, dict[str, str]]:
    """Claim the next item; its path and the hidden fields of its page."""
    answer = client.post(f"/queues/{slug}/next")
    assert answer.status_code == 302 and answer.url.startswith("/review/")
    return answer.url, hidden_fields(client.get(answer.url).content.decode())


def test_everybody_sees_the_queues_and_only_reviewers_start(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(7, version=fraud)
    for person in cast:
        works = bool({"moderator", "senior", "admin"} & set(person.roles))
        page = client_for(person).get("/").content.decode()
        assert ("Start<span" in page) is works
        assert client_for(person).post("/queues/scams-spam/next").status_code == (302 if works else 403)


def test_acting_is_for_people_who_work_queues(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    item = stage.line_up(1, version=fraud)[0]
    for person in (cast.bo, cast.cy, cast.au):
        client = client_for(person)
        for act in ("claim", "confirm", "override", "skip", "release", "renew", "restrict"):
            assert client.post(f"/review/{item}/{act}").status_code == 403
        page = client.get(f"/review/{item}")
        assert (
            page.status_code == 200
            and b"To read only" in page.content
            and b"Claim this item" not in page.content
        )


def test_the_list_of_waiting_items_is_blind(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    item = stage.line_up(1, version=fraud)[0]
    code = fraud.sections.all()[0].code
    for address in ("/queues/scams-spam", "/queues/scams-spam?view=verdicts"):
        page = client_for(cast.ana).get(address).content.decode()
        main = page[page.index("<main") :]
        assert "Number 0" in main
        for told in ("Violates", "severity", "confidence", code, str(item), f"/review/{item}"):
            assert told not in main
    seen = client_for(cast.sam).get("/queues/scams-spam?view=verdicts").content.decode()
    assert "Violates" in seen and f"/review/{item}" in seen


def test_pages_of_a_queue_follow_each_other_without_gaps(cast: Cast, client_for: SignIn) -> None:
    stage.line_up(120)
    client, address, seen = client_for(cast.ana), "/queues/everything-else", []
    for expected in (50, 50, 20):
        page = client.get(address).content.decode()
        rows = re.findall(r"Number (\d+)\.", page)
        assert len(rows) == expected
        seen += rows
        following = re.search(r'name="after" value="([0-9a-f-]+)"', page)
        address = f"/queues/everything-else?after={following[1]}" if following else ""
    assert [int(row) for row in seen] == list(range(120)) and not address
    back = re.search(r'name="before" value="([0-9a-f-]+)"', page)
    assert back is not None
    page = client.get(f"/queues/everything-else?before={back[1]}").content.decode()
    assert len(re.findall(r"Number (\d+)\.", page)) == 50


def test_one_answer_to_a_decision_holds_the_next_item(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    _, second = stage.line_up(2, version=fraud)
    client = client_for(cast.ana)
    path, fields = start(client)
    answer = client.post(f"{path}/confirm", fields, **HTMX)
    page = answer.content.decode()
    assert answer.headers["HX-Push-Url"] == f"/review/{second}"
    assert (
        "<html" not in page and "Number 1." in page and 'aria-label="Verdict"' in page and "data-undo" in page
    )


def test_keys_of_ones_own_are_known_where_nothing_is_in_hand(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(1, version=fraud)
    set_preferences(person=cast.ana.pk, changes={"keys": {"undo": "j"}})
    page = client_for(cast.ana).get("/queues/scams-spam/next").content.decode()
    assert 'data-keymap="{&quot;u&quot;: &quot;&quot;, &quot;j&quot;: &quot;u&quot;}"' in page


def test_an_item_of_spaces_says_that_it_has_no_text_on_the_screen_and_in_the_undo_slot(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.say(stage.wait_for_a_person("  \n \t"), fraud)
    actions.admit()
    client = client_for(cast.ana)
    path, fields = start(client)
    assert "No text." in client.get(path).content.decode()
    slot = client.post(f"{path}/confirm", fields, **HTMX).content.decode().partition("data-undo")[2]
    assert '<small dir="auto">No text</small>' in slot


def test_a_double_press_answers_with_the_same_next_item(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(3, version=fraud)
    client = client_for(cast.ana)
    path, fields = start(client)
    first, again = (client.post(f"{path}/confirm", fields) for _ in range(2))
    assert first.url == again.url and Decision.objects.count() == 1


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_conflict_says_what_happened_and_sends_the_form_back(
    cast: Cast, fraud: Version, client_for: SignIn, headers: dict[str, str]
) -> None:
    stage.line_up(1, version=fraud)
    client = client_for(cast.ana)
    path, fields = start(client)
    stage.tell("review_task", "lease_until = now() - interval '1 second'", UUID(fields["task"]))
    actions.expire_claims()
    other = client_for(cast.mo)
    theirs, mine = start(other)
    other.post(f"{theirs}/confirm", mine)
    typed = {"section": "allowed", "reason_code": "quoted_speech", "reason": "typed <b>words</b>"}
    answer = client.post(f"{path}/override", fields | typed, **headers)
    page = answer.content.decode()
    assert answer.status_code == 409 and "already decided" in page
    assert "typed &lt;b&gt;words&lt;/b&gt;" in page
    assert re.search(r'value="allowed"[^>]* checked', page) and re.search(
        r'value="quoted_speech"[^>]* checked', page
    )
    assert answer.headers.get("HX-Retarget") == ("#verdict" if headers else None)


def test_an_incomplete_override_says_what_is_missing(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    stage.line_up(1, version=fraud)
    client = client_for(cast.ana)
    path, fields = start(client)
    for typed, message in (
        ({}, "Choose a section"),
        ({"section": "other", "other": ""}, "Choose a section"),
        ({"section": "nonsense"}, "Choose a section"),
        ({"section": f"{uuid4()}:FR-1.1", "reason_code": "wrong_section"}, "not in this version"),
        ({"section": "allowed"}, "Say why you disagree"),
    ):
        answer = client.post(f"{path}/override", fields | typed)
        assert answer.status_code == 422 and message in answer.content.decode()
    assert client.post(f"{path}/confirm", {"task": "x"}).status_code == 422
    assert not Decision.objects.exists()


def test_restricted_and_unknown_items_are_not_there(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    item = stage.line_up(1, version=fraud)[0]
    client = client_for(cast.ana)
    path, fields = start(client)
    decision = client.post(f"{path}/confirm", fields) and Decision.objects.get()
    stage.tell("intake_item", "restricted = true", item)
    for address in (
        f"/review/{item}",
        f"/review/{uuid4()}",
        f"/decisions/{decision.pk}",
        f"/decisions/{uuid4()}",
        "/queues/none",
    ):
        assert client.get(address).status_code == 404
    assert b"Number 0" not in client.get("/").content


def test_a_cleared_person_opens_a_restricted_item_and_it_is_logged(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    item = stage.line_up(1, version=fraud)[0]
    actions.restrict(item=item, reference="case 1", person=cast.ana)
    assert client_for(cast.sam).get(f"/review/{item}").status_code == 404
    Person.objects.filter(pk=cast.sam.pk).update(cleared_restricted=True)
    page = client_for(cast.sam).get(f"/review/{item}")
    assert b"Number 0" in page.content and b"To read only" in page.content
    assert stage.verbs(item).count("item.viewed_restricted") == 1


def test_a_decision_page_shows_what_it_rests_on(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    stage.line_up(1, version=fraud)
    client = client_for(cast.ana)
    path, fields = start(client)
    client.post(f"{path}/confirm", fields)
    page = client_for(cast.au).get(f"/decisions/{Decision.objects.get().pk}").content.decode()
    for told in (
        "Violates",
        fraud.hash,
        "test-model",
        "p" * 64,
        "agreed",
        "can still be undone",
        "reviewer-ana",
    ):
        assert told in page


def test_a_decision_page_tells_what_happened_around_it_and_where_the_log_has_it(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    endpoint = add_endpoint(name="Marketplace", url="https://hooks.example.org/in", events=(), actor=OPERATOR)
    item = stage.line_up(1, version=fraud)[0]
    client = client_for(cast.ana)
    path, fields = start(client)
    client.post(f"{path}/confirm", fields)
    made = Decision.objects.get()
    shown = client_for(cast.ana).get(f"/decisions/{made.pk}").content.decode()
    assert "takes its place within seconds" in shown and "Could be undone until now" not in shown
    assert f"The reasoner judged by {fraud}" in shown and "decision.made to “Marketplace”: Held" in shown
    assert "/webhooks/" not in shown and "/audit/" not in shown, "neither is a moderator’s page"
    Decision.objects.update(release_at=made.at)
    place_events()
    shown = client_for(cast.ad).get(f"/decisions/{made.pk}").content.decode()
    event = Event.objects.get(verb="decision.made")
    assert bytes(event.leaf).hex() in shown and f"/audit/?subject={item}" in shown
    assert "Could be undone until now; final" in shown
    assert f"/webhooks/{endpoint.endpoint}?delivery={Delivery.objects.get().pk}" in shown
    assert fraud.sections.get(code=made.findings.get().section).title in shown
    assert bytes(Item.objects.get(pk=item).content_hash).hex() in shown


def test_a_blind_call_stands_before_the_decision_on_its_page(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(1, version=fraud)
    Task.objects.update(blind=True)
    client = client_for(cast.ana)
    path, fields = start(client)
    client.post(f"{path}/override", fields | {"section": "allowed"})
    fields = hidden_fields(client.get(path).content.decode())
    client.post(f"{path}/override", fields | {"section": "allowed"})
    shown = client.get(f"/decisions/{Decision.objects.get().pk}").content.decode()
    called = shown.index("Called before any verdict was shown: Allowed")
    assert called < shown.index("Decided with 1 verdict on the screen")


def test_the_page_of_a_practice_verdict_says_so(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    item = stage.wait_for_a_person()
    stage.say(item, fraud, practice=True)
    stage.say(item, stage.publish("spam"), "allowed", practice=True)
    actions.admit()
    client = client_for(cast.ana)
    path, _ = start(client)
    page = client.get(path).content.decode()
    assert page.count("Practice reasoner: compares with the policy") == 2 and "not a language model" in page


def test_content_is_inert_and_what_hides_is_shown(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    hostile = "<script>alert(1)</script> https://evil.example/x \u202e{{ 7*7 }} <img src=x onerror=alert(1)>"
    item = stage.wait_for_a_person(hostile)
    stage.say(
        item, fraud, rationale=hostile, reasoning=hostile, evidence_for=[hostile], evidence_against=[hostile]
    )
    actions.admit()
    client = client_for(cast.ana)
    path, _ = start(client)
    for address in (path, "/", "/queues/scams-spam"):
        page = client.get(address).content.decode()
        for told in ("<script>alert", "<img src=x", "\u202e"):
            assert told not in page
        assert "https://evil.example" not in "".join(re.findall(r'(?:href|src)="[^"]*"', page))
    assert "⟨RLO⟩" in client.get(path).content.decode()


def test_home_counts_and_continues(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    client = client_for(cast.ana)
    assert b"Send the first item" in client.get("/").content
    stage.line_up(3, version=fraud)
    assert b'data-waiting="scams-spam">3<' in client.get("/").content
    path, _ = start(client)
    page = client.get("/").content.decode()
    assert 'data-waiting="scams-spam">2<' in page and f'href="{path}" data-key="Enter">Continue' in page
    assert client.get("/queues/scams-spam/next").url == path


def test_skip_release_and_renew_answer_stale_claims_with_a_conflict(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(1, version=fraud)
    client = client_for(cast.ana)
    path, fields = start(client)
    stale = fields | {"epoch": "99"}
    for act in ("skip", "release", "renew"):
        assert client.post(f"{path}/{act}", stale).status_code == 409
    assert client.post(f"{path}/renew", fields).json() == {"left": 300}
    assert client.post(f"{path}/release", fields).url == "/"
    assert Task.objects.get().state == "waiting"
