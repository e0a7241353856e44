"""A case from the review screen: prefilled with what was said of the item, kept when refused, silent before a blind call."""

from collections.abc import Callable

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.intake.models import Item
from reviewapp.policies.models import Case, Version
from reviewapp.review import actions
from reviewapp.review.models import Task
from tests.cast import Cast
from tests.rooms.lab import stage
from tests.rooms.review import stage as review_stage

Clients = Callable[[Person], Client]
HTMX = {"HX-Request": "true"}
TEXT = "Send the code now.\nMeet me at the station."


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return review_stage.publish("fraud")


def sent(version: Version, **fields: str) -> dict[str, str]:
    section = f"{version.policy_id}:{version.sections.all()[1].code}"
    return {"section": section, "text": TEXT.replace("\n", "\r\n"), "expect": "allowed", "note": ""} | fields


def test_the_form_starts_with_the_text_the_cited_section_and_the_label(
    cast: Cast, fraud: Version, client_for: Clients
) -> None:
    (item,) = review_stage.line_up(1, version=fraud)
    screen = client_for(cast.ana).get(f"/review/{item}").content.decode()
    assert f'hx-get="/lab/items/{item}/case"' in screen and 'data-key="m"' in screen
    form = client_for(cast.ana).get(f"/lab/items/{item}/case", headers=HTMX).content.decode()
    code = fraud.sections.all()[0].code
    assert f'value="{fraud.policy_id}:{code}" selected>' in form and "<html" not in form
    assert 'value="violates" required checked' in form and f"{TEXT} Number 0." in form


def test_what_people_decided_comes_before_what_the_reasoner_said(
    cast: Cast, fraud: Version, client_for: Clients
) -> None:
    made = stage.decide(cast, fraud, "A quotation.", said="violates", person="allowed")
    form = client_for(cast.bo).get(f"/lab/items/{made.item_id}/case").content.decode()
    assert 'value="allowed" checked' in form and "<html" in form and "Make case</button>" in form


def test_a_moderator_suggests_and_a_writer_makes(cast: Cast, fraud: Version, client_for: Clients) -> None:
    (item,) = review_stage.line_up(1, version=fraud)
    answer = client_for(cast.ana).post(f"/lab/items/{item}/case", sent(fraud), headers=HTMX)
    case = Case.objects.get(origin_item=item)
    assert case.code in answer.content.decode() and "Suggested" in answer.content.decode()
    assert (case.text, case.expect, case.section) == (TEXT, "allowed", fraud.sections.all()[1].code)
    assert (case.standing, case.made_by) == ("suggested", cast.ana)
    own = client_for(cast.bo).post(f"/lab/items/{item}/case", sent(fraud, text="Other words"))
    assert "waits for the next draft" in own.content.decode()


def test_a_refusal_keeps_what_was_typed(cast: Cast, fraud: Version, client_for: Clients) -> None:
    (item,) = review_stage.line_up(1, version=fraud)
    client = client_for(cast.ana)
    for fields in ({"section": ""}, {"section": "word:word"}, {"text": " "}, {"expect": "maybe"}):
        answer = client.post(f"/lab/items/{item}/case", sent(fraud, note="Mine", **fields), headers=HTMX)
        page = answer.content.decode()
        assert answer.status_code == 422 and 'role="alert"' in page and 'value="Mine"' in page, fields
    assert client.post(f"/lab/items/{item}/case", sent(fraud)).status_code == 200
    twin = client.post(f"/lab/items/{item}/case", sent(fraud))
    assert twin.status_code == 422 and "has this text already" in twin.content.decode()
    assert Case.objects.filter(origin_item=item).count() == 1


def test_before_a_blind_call_the_form_says_nothing_and_restricted_items_have_none(
    cast: Cast, fraud: Version, client_for: Clients
) -> None:
    (item,) = review_stage.line_up(1, version=fraud)
    Task.objects.update(blind=True)
    actions.claim_next(queue=review_stage.queue_of(), person=cast.ana)
    form = client_for(cast.ana).get(f"/lab/items/{item}/case").content.decode()
    assert " selected>" not in form and " checked>" not in form and TEXT in form
    Item.objects.filter(pk=item).update(restricted=True)
    client = client_for(cast.ana)
    assert client.get(f"/lab/items/{item}/case").status_code == 404
    assert client.post(f"/lab/items/{item}/case", sent(fraud)).status_code == 404
    assert not Case.objects.filter(origin_item=item).exists()
