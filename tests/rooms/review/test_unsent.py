"""Notes and cases typed on an item and not sent: kept for who typed them, there again, gone when sent, erased with the item."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models.functions import Now
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Note, Unsent
from reviewapp.review.rules import UnsentForm
from reviewapp.ui.errors import Forbidden
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.review import stage

Clients = Callable[[Person], Client]


@pytest.fixture
def item(cast: Cast) -> UUID:
    """One item that waits for a person."""
    (found,) = stage.line_up(1, version=stage.publish("fraud"))
    return found


def keep(item: UUID, person: Person, text: str, form: UnsentForm = UnsentForm.NOTE) -> None:
    actions.keep_unsent(item=item, person=person, form=form, typed={"text": text, "note": ""})


def test_a_note_is_kept_as_it_was_last_typed_and_gone_when_it_is_added(cast: Cast, item: UUID) -> None:
    keep(item, cast.ana, "Half")
    keep(item, cast.ana, "Half a thought")
    keep(item, cast.mo, "Mo's own")
    assert Unsent.objects.get(person=cast.ana).typed == {"text": "Half a thought"}
    actions.add_note(item=item, person=cast.ana, text="Half a thought, and the rest.")
    assert [each.person for each in Unsent.objects.select_related("person")] == [cast.mo]


def test_a_note_that_is_refused_stays_kept(cast: Cast, item: UUID) -> None:
    keep(item, cast.ana, "Tell @nobody")
    with pytest.raises(actions.Unclear):
        actions.add_note(item=item, person=cast.ana, text="Tell @nobody")
    assert Unsent.objects.exists()


def test_an_emptied_form_is_forgotten(cast: Cast, item: UUID) -> None:
    keep(item, cast.ana, "Half")
    keep(item, cast.ana, " \n")
    assert not Unsent.objects.exists()


def test_two_pages_of_one_person_keep_one(cast: Cast, item: UUID) -> None:
    assert at_once(4, lambda number: keep(item, cast.ana, f"Page {number}")) == [None] * 4
    assert Unsent.objects.get().typed["text"].startswith("Page ")


@pytest.mark.parametrize(
    ("who", "form"), [("bo", UnsentForm.NOTE), ("au", UnsentForm.NOTE), ("au", UnsentForm.CASE)]
)
def test_who_may_not_send_it_has_nothing_to_keep(cast: Cast, item: UUID, who: str, form: UnsentForm) -> None:
    with pytest.raises(Forbidden):
        keep(item, getattr(cast, who), "Half", form)
    assert not Unsent.objects.exists()


def test_what_is_erased_or_restricted_keeps_nothing_and_is_told_nowhere(
    cast: Cast, item: UUID, client_for: Clients
) -> None:
    keep(item, cast.ana, "Half a thought")
    Item.objects.filter(pk=item).update(restricted=True)
    assert "Half a thought" not in client_for(cast.ana).get("/").content.decode()
    keep(item, cast.mo, "Later")
    assert Unsent.objects.count() == 1
    actions.erase_content(item_ids=[item])
    assert not Unsent.objects.exists()


def test_nobody_keeps_it_longer_than_two_weeks(cast: Cast, item: UUID) -> None:
    keep(item, cast.ana, "Old")
    keep(item, cast.mo, "New")
    Unsent.objects.filter(person=cast.ana).update(saved_at=Now() - timedelta(days=15))
    assert actions.forget_traces() == 1
    assert Unsent.objects.get().person == cast.mo


def test_the_form_and_the_first_page_have_it_for_its_writer_alone(
    cast: Cast, item: UUID, client_for: Clients
) -> None:
    ana = client_for(cast.ana)
    assert ana.post(f"/review/{item}/unsent", {"text": "Half <a> thought"}).status_code == 204
    assert "Half &lt;a&gt; thought</textarea>" in ana.get(f"/review/{item}").content.decode()
    first = ana.get("/").content.decode()
    assert "Typed and not sent" in first and f'href="/review/{item}"' in first
    mo = client_for(cast.mo)
    assert "Half" not in mo.get(f"/review/{item}").content.decode()
    assert "Typed and not sent" not in mo.get("/").content.decode()
    assert ana.post(f"/review/{item}/unsent", {"forget": "yes"}).headers["Location"] == "/"
    assert not Unsent.objects.exists()


def test_a_note_that_stands_apart_is_answered_in_a_word(cast: Cast, item: UUID, client_for: Clients) -> None:
    ana = client_for(cast.ana)
    refused = ana.post(f"/review/{item}/note", {"text": "Tell @nobody", "apart": "yes"})
    assert refused.status_code == 422
    assert (
        "Tell @nobody</textarea>" in refused.content.decode() and 'id="notes"' not in refused.content.decode()
    )
    added = ana.post(
        f"/review/{item}/note", {"text": "A thought", "apart": "yes"}, headers={"HX-Request": "true"}
    )
    assert "Note added" in added.content.decode() and Note.objects.get().text == "A thought"


def test_a_case_is_kept_with_each_of_its_fields(cast: Cast, item: UUID, client_for: Clients) -> None:
    version = Version.objects.get(state="published")
    section = f"{version.policy_id}:{version.sections.all()[1].code}"
    typed = {"section": section, "expect": "allowed", "text": "Send the code.", "note": "It names no price."}
    ana = client_for(cast.ana)
    assert ana.post(f"/lab/items/{item}/case/unsent", typed).status_code == 204
    form = ana.get(f"/lab/items/{item}/case").content.decode()
    assert f'value="{section}" selected' in form and 'value="allowed" required' not in form
    assert 'value="allowed" checked' in form and "It names no price." in form
    assert f'href="/lab/items/{item}/case"' in ana.get("/").content.decode()
    assert ana.post(f"/lab/items/{item}/case", typed).status_code == 200
    assert not Unsent.objects.exists()
