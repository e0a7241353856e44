"""Trying a text: asked at once, answered later, the draft beside the published version; the request never waits."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event
from reviewapp.lab import actions
from reviewapp.lab.actions.trying import NothingToTry
from reviewapp.policies import actions as policies
from reviewapp.policies.models import Version
from reviewapp.screening.actions import Claim
from reviewapp.screening.models import Circuit, CurrentVerdict, Judgement, Run, Verdict
from reviewapp.screening.rules_line import Lane
from reviewapp.ui.errors import Forbidden, Missing
from tests.cast import Cast
from tests.rooms.lab import stage
from tests.rooms.review import stage as review_stage

Clients = Callable[[Person], Client]


@pytest.fixture
def pair(cast: Cast) -> tuple[Version, Version]:
    return stage.draft(cast)


def test_a_text_is_asked_of_both_and_shown_side_by_side(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    published, draft = pair
    client = client_for(cast.bo)
    assert "Try" in client.get(f"/lab/drafts/{draft.pk}/try").content.decode()
    page = client.post(f"/lab/drafts/{draft.pk}/try", {"text": "<b>Buy</b> now"}).content.decode()
    assert page.count("Asking the reasoner") == 2 and 'hx-trigger="every 1s"' in page
    assert "&lt;b&gt;Buy&lt;/b&gt; now" in page, "what was typed is kept, as text"
    assert set(Judgement.objects.values_list("lane", flat=True)) == {Lane.NOW.value}
    stage.answer(lambda claim: "violates" if claim.version == draft.pk else "allowed")
    for version, words in ((draft, "It <sells> followers today"), (published, "It sells followers and more")):
        Verdict.objects.filter(version=version).update(rationale=words)
    run = Judgement.objects.values_list("run", flat=True)[0]
    page = client.get(f"/lab/tries/{run}").content.decode()
    assert page.index(f"v{draft.number}") < page.index(f"v{published.number}<")
    assert "Violates" in page and "Allowed" in page and "differ" in page and "hx-trigger" not in page
    assert "<ins>&lt;</ins>sells<ins>&gt;</ins> followers <ins>today</ins>" in page, (
        "words are marked, and escaped"
    )
    assert "<del>and more</del>" in page
    assert client_for(cast.cy).get(f"/lab/tries/{run}").status_code == 404, "somebody else's try"


def test_an_item_is_found_by_its_ids_and_its_own_verdict_stays(
    cast: Cast, pair: tuple[Version, Version]
) -> None:
    published, draft = pair
    item = review_stage.wait_for_a_person("An item", name="post-9")
    verdict = review_stage.say(item, published)
    for typed in (str(item), "post-9"):
        actions.start_try(version=draft.pk, text="", item=typed, person=cast.bo)
    while stage.answer(lambda claim: "allowed"):
        pass
    assert CurrentVerdict.objects.get(item=item).verdict_id == verdict


def test_what_cannot_be_tried_is_refused_with_what_was_typed(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    hidden = review_stage.wait_for_a_person("Hidden", restricted=True)
    client = client_for(cast.bo)
    for sent, status in (
        ({"text": " "}, 422),
        ({"item": "nope", "text": "keep me"}, 404),
        ({"item": str(hidden)}, 404),
    ):
        answer = client.post(f"/lab/drafts/{draft.pk}/try", sent)
        assert answer.status_code == status and sent.get("text", "") in answer.content.decode()
    with pytest.raises(NothingToTry, match="Shorten"):
        actions.start_try(version=draft.pk, text="x" * 100_001, item="", person=cast.bo)
    with pytest.raises(Forbidden):
        actions.start_try(version=draft.pk, text="x", item="", person=cast.ana)
    with pytest.raises(Missing):
        actions.start_try(version=cast.bo.pk, text="x", item="", person=cast.bo)
    assert not Judgement.objects.exists()


def test_without_a_published_version_only_the_draft_answers(
    cast: Cast, pair: tuple[Version, Version]
) -> None:
    published, draft = pair
    policies.retire(policy=published.policy_id, person=cast.cy)
    actions.start_try(version=draft.pk, text="A text", item="", person=cast.bo)
    assert Judgement.objects.get().version_id == draft.pk


def test_a_failure_says_why(cast: Cast, pair: tuple[Version, Version], client_for: Clients) -> None:
    _, draft = pair

    def says(claim: Claim) -> str:
        return "too_long" if claim.version == draft.pk else "unsure"

    run = actions.start_try(version=draft.pk, text="A text", item="", person=cast.bo)
    stage.answer(says)
    page = client_for(cast.bo).get(f"/lab/tries/{run}").content.decode()
    assert "too long for the reasoner" in page and "Unsure" in page


def test_a_paused_reasoner_is_not_said_to_be_asked(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients, settings: Any
) -> None:
    _, draft = pair
    settings.REASONER_URLS = ("http://one/v1", "http://two/v1")
    client = client_for(cast.bo)
    run = actions.start_try(version=draft.pk, text="A text", item="", person=cast.bo)
    Circuit.objects.create(endpoint=0, paused=True)
    assert "Asking the reasoner" in client.get(f"/lab/tries/{run}").content.decode()
    Circuit.objects.create(endpoint=1, paused=True)
    page = client.get(f"/lab/tries/{run}").content.decode()
    assert page.count("The reasoner is paused") == 2 and "Asking" not in page


def test_the_text_of_an_old_try_is_removed_and_its_labels_stay(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    assert "removed after 30 days" in client_for(cast.bo).get(f"/lab/drafts/{draft.pk}/try").content.decode()
    old = actions.start_try(version=draft.pk, text="An old secret", item="", person=cast.bo)
    new = actions.start_try(version=draft.pk, text="A new secret", item="", person=cast.bo)
    while stage.answer(lambda claim: "violates"):
        pass
    Run.objects.filter(pk=old).update(started_at=Now() - timedelta(days=31))
    assert actions.forget_tries() == 2 and actions.forget_tries() == 0
    assert not Judgement.objects.filter(run=old).exclude(text="").exists()
    kept = Verdict.objects.filter(judgement__run=old)
    assert {(each.label, each.rationale, each.raw) for each in kept} == {("violates", "", "")}
    assert set(Judgement.objects.filter(run=new).values_list("text", flat=True)) == {"A new secret"}
    event = Event.objects.get(verb="run.texts_erased")
    assert event.subjects == [old] and event.data == {"count": 2}
