"""The editor's own requests: saving by itself, one holder at a time, taking over, checking, moving sections."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviewapp.accounts.models import Notice, Person
from reviewapp.audit.models import Event
from reviewapp.policies import actions, reads, reads_draft
from reviewapp.policies.actions import HeldByOther, StaleVersion
from reviewapp.policies.models import TypedCopy, Version
from reviewapp.policies.rules_walk import without_cases
from reviewapp.ui.errors import Forbidden
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.policies import stage

ClientFor = Callable[[Person], Client]
DRAFT = "/policies/spam/draft"


@pytest.fixture
def draft(cast: Cast) -> Version:
    return stage.draft_of(cast, stage.publish_seed())


def typed(row: Version, source: str, **more: object) -> dict[str, object]:
    """What the editor sends: the text without its cases."""
    return {
        "source": without_cases(source)[0],
        "part": "text",
        "saves": row.saves,
        "note": "one word",
        **more,
    }


def test_autosave_stores_the_text_and_keeps_the_cases(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    text = draft.source.replace("any link", "some link")
    answer = client_for(cast.bo).post(f"{DRAFT}/autosave", typed(draft, text)).json()
    draft.refresh_from_db()
    assert (draft.source, draft.saves, draft.held_by) == (text, answer["saves"], cast.bo)
    again = client_for(cast.bo).post(f"{DRAFT}/autosave", typed(draft, text)).json()
    assert again["saves"] == draft.saves


def type_on(client: Client, row: Version, *words: str) -> None:
    """Saves that happen by themselves, one for each word."""
    for word in words:
        row.refresh_from_db()
        text = row.source.replace("This policy ", f"This policy {word} ", 1)
        assert client.post(f"{DRAFT}/autosave", typed(row, text)).status_code == 200


def told() -> list[tuple[str, int, int]]:
    """(who, first, last) of the saves in the audit log, without the one that the stage makes."""
    events = Event.objects.filter(verb="policy.saved").order_by("at", "pk")
    return [(event.actor, event.data["first"], event.data["saves"]) for event in events][1:]


def test_a_sitting_is_one_event_that_names_who_saved_what(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    bo, ad = client_for(cast.bo), client_for(cast.ad)
    type_on(bo, draft, "one", "two", "three")
    assert told() == []
    bo.post(f"{DRAFT}/hold", {"leave": "yes"})
    assert told() == [(str(cast.bo.pk), 2, 4)]
    draft.refresh_from_db()
    assert Event.objects.filter(verb="policy.saved").latest("at").data["hash"] == draft.hash
    bo.post(f"{DRAFT}/hold", {"leave": "yes"})
    assert len(told()) == 1, "a sitting without a save is none"
    type_on(bo, draft, "four")
    ad.post(f"{DRAFT}/take-over")
    assert told()[1:] == [(str(cast.bo.pk), 5, 5)]
    type_on(ad, draft, "five", "six")
    draft.refresh_from_db()
    assert ad.post(DRAFT, typed(draft, draft.source)).status_code == 302
    assert told()[2:] == [(str(cast.ad.pk), 6, 8)], "who presses Save is told at once"


def test_a_long_sitting_and_one_that_breaks_off_are_told_too(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    bo = client_for(cast.bo)
    type_on(bo, draft, "one")
    Version.objects.update(told_at=Now() - timedelta(minutes=11))
    type_on(bo, draft, "two", "three")
    assert told() == [(str(cast.bo.pk), 2, 3)]
    assert actions.tell_sittings() == 0, "somebody still holds it"
    Version.objects.update(held_until=Now() - timedelta(seconds=1))
    assert actions.tell_sittings() == 1 and actions.tell_sittings() == 0
    assert told()[1:] == [(str(cast.bo.pk), 4, 4)]


def test_the_saves_of_one_are_never_told_as_anothers(cast: Cast, draft: Version) -> None:
    row, text = draft, draft.source
    for person, word in ((cast.bo, "one"), (cast.ad, "two"), (cast.bo, "three")):
        source = text.replace("This policy ", f"This policy {word} ", 1)
        row = actions.save_draft(
            version=row.pk, source=source, saves=row.saves, change_note="n", person=person, by_itself=True
        )
    actions.propose(version=row.pk, person=cast.bo)
    assert told() == [(str(cast.bo.pk), 2, 2), (str(cast.ad.pk), 3, 3), (str(cast.bo.pk), 4, 4)]
    row = actions.return_to_draft(version=row.pk, person=cast.bo)
    actions.save_draft(
        version=row.pk, source=text, saves=row.saves, change_note="n", person=cast.bo, by_itself=True
    )
    actions.discard_draft(version=row.pk, person=cast.bo)
    assert told()[3:] == [(str(cast.bo.pk), 5, 5)]


def test_a_broken_text_is_saved_too_and_one_that_cannot_be_is_told(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    bo = client_for(cast.bo)
    assert bo.post(f"{DRAFT}/autosave", typed(draft, "## half a sec")).status_code == 200
    draft.refresh_from_db()
    answer = bo.post(f"{DRAFT}/autosave", typed(draft, "x" * 200_001))
    assert answer.status_code == 422 and "200,000" in answer.json()["message"]
    assert not TypedCopy.objects.exists()


def test_one_holds_the_draft_and_the_other_is_refused_with_the_text_kept(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    bo, ad = client_for(cast.bo), client_for(cast.ad)
    assert bo.post(f"{DRAFT}/hold").json() == {"mine": True, "holder": "Bo"}
    assert ad.post(f"{DRAFT}/hold").json() == {"mine": False, "holder": "Bo"}
    page = ad.get(DRAFT).content.decode()
    assert "writes in this draft now" in page and "readonly" in page and "Take over" in page
    refused = ad.post(f"{DRAFT}/autosave", typed(draft, "my words"))
    body = refused.json()
    assert refused.status_code == 409 and body["held"] and body["kept"] and body["holder"] == "Bo"
    kept = reads_draft.typed_copy(draft.pk, cast.ad.pk)
    assert kept and kept.source.startswith("my words\n```cases")
    for call in (
        lambda: actions.propose(version=draft.pk, person=cast.ad),
        lambda: actions.discard_draft(version=draft.pk, person=cast.ad),
        lambda: actions.save_draft(
            version=draft.pk, source="x", saves=draft.saves, change_note="", person=cast.ad
        ),
    ):
        with pytest.raises(HeldByOther, match="Bo writes"):
            call()


def test_taking_over_is_logged_and_told_and_the_losers_text_is_offered_and_put_in(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    bo, ad = client_for(cast.bo), client_for(cast.ad)
    bo.post(f"{DRAFT}/hold")
    assert ad.post(f"{DRAFT}/take-over").status_code == 302
    event = Event.objects.get(verb="policy.taken_over")
    assert event.data["before"] == str(cast.bo.pk) and event.actor == str(cast.ad.pk)
    assert Notice.objects.get(kind="draft_taken_over").person == cast.bo
    mine = draft.source.replace("any link", "my own link")
    assert bo.post(f"{DRAFT}/autosave", typed(draft, mine)).status_code == 409
    page = unescape(bo.get(DRAFT).content.decode())
    assert (
        "What you had typed" in page and "<ins>my own</ins>" in page and "Put it into the field" not in page
    )
    ad.post(f"{DRAFT}/hold", {"leave": "yes"})
    assert "Put it into the field" in bo.get(DRAFT).content.decode()
    field = unescape(bo.get(f"{DRAFT}?typed=kept").content.decode())
    assert "my own link" in field and "data-unsaved" in field
    draft.refresh_from_db()
    assert bo.post(f"{DRAFT}/autosave", typed(draft, mine)).status_code == 200
    draft.refresh_from_db()
    assert draft.source == mine and not TypedCopy.objects.exists()


def test_kept_text_can_be_let_go(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    actions.keep_typed(version=draft.pk, source="words", note="", person=cast.bo)
    actions.keep_typed(version=draft.pk, source="later words", note="", person=cast.bo)
    assert TypedCopy.objects.get().source == "later words"
    client_for(cast.bo).post(f"{DRAFT}/forget")
    assert not TypedCopy.objects.exists()


def test_a_hold_lapses_is_given_back_and_ends_with_the_draft(cast: Cast, draft: Version) -> None:
    assert actions.hold_draft(version=draft.pk, person=cast.bo).mine
    actions.release_draft(version=draft.pk, person=cast.ad)
    assert not actions.hold_draft(version=draft.pk, person=cast.ad).mine
    Version.objects.filter(pk=draft.pk).update(held_until=Now() - timedelta(seconds=1))
    assert actions.hold_draft(version=draft.pk, person=cast.ad).mine
    row = actions.propose(version=draft.pk, person=cast.ad)
    assert row.held_by is None
    for call in (actions.hold_draft, actions.take_over):
        with pytest.raises(StaleVersion):
            call(version=draft.pk, person=cast.bo)


def test_of_two_who_reach_for_it_at_once_one_holds(cast: Cast, draft: Version) -> None:
    people = (cast.bo, cast.ad)
    held = at_once(2, lambda number: actions.hold_draft(version=draft.pk, person=people[number]).mine)
    assert sorted(held) == [False, True]


def test_only_authors_hold_and_type(cast: Cast, draft: Version) -> None:
    for person in (cast.ana, cast.sam, cast.cy, cast.au):
        for call in (actions.hold_draft, actions.take_over, actions.release_draft, actions.forget_typed):
            with pytest.raises(Forbidden):
                call(version=draft.pk, person=person)
        with pytest.raises(Forbidden):
            actions.keep_typed(version=draft.pk, source="x", note="", person=person)


def test_a_save_after_the_draft_moved_on_is_kept(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    stage.proposed(cast, draft)
    answer = client_for(cast.bo).post(f"{DRAFT}/autosave", typed(draft, "zirkumflex"))
    assert answer.status_code == 409 and answer.json()["kept"] and TypedCopy.objects.count() == 1
    actions.return_to_draft(version=draft.pk, person=cast.bo)
    assert "zirkumflex" in client_for(cast.bo).get(DRAFT).content.decode()


def test_checking_tells_problems_findings_sections_and_tokens(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    text = draft.source.replace("asked for violates", "asked for usually violates")
    page = unescape(client_for(cast.bo).post(f"{DRAFT}/check", typed(draft, text)).content.decode())
    assert "Hedging word “usually”" in page and "/help/lint#hedging-words" in page
    assert 'id="outline"' in page and 'data-code="SP-3.1"' in page and "tokens, ideal 400 to 600" in page
    broken = unescape(client_for(cast.bo).post(f"{DRAFT}/check", typed(draft, "no policy")).content.decode())
    assert "must start with front matter" in broken
    draft.refresh_from_db()
    assert draft.saves == 1


def test_a_pause_of_typing_reads_the_cases_again_only_when_they_changed(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    bo, text = client_for(cast.bo), "Cheap followers by the thousand, only today and only here"
    source = draft.source.replace("- Cheap followers and likes", f"- {text}\n- Cheap followers and likes")

    def found(number: int) -> tuple[bool, bool]:
        with CaptureQueriesContext(connection) as asked:
            page = bo.post(f"{DRAFT}/check", typed(draft, f"{source}{number}")).content.decode()
        return "proves nothing" in page, any('"policies_case"."text"' in each["sql"] for each in asked)

    found(0)
    assert found(1) == (False, False)
    actions.add_case(policy=draft.policy_id, section="SP-1.1", text=text, expect="violates", person=cast.bo)
    assert found(2) == (True, True)
    assert found(3) == (True, False)


def test_a_case_that_leaks_into_the_text_is_found_though_the_field_has_no_cases(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    leak = "Love this song. Please check out my channel, I post covers every day"
    text = draft.source.replace(
        "- Nice video! Check out my channel for daily music, link in my profile", f"- {leak}"
    )
    page = client_for(cast.bo).post(f"{DRAFT}/check", typed(draft, text)).content.decode()
    assert "The text of case SP-C2 stands here" in page


def test_an_id_of_an_older_version_is_told_when_it_comes_back_as_another(cast: Cast, draft: Version) -> None:
    gone = draft.source.replace("SP-2.1", "SP-2.2")
    row = actions.save_draft(
        version=draft.pk, source=gone, saves=draft.saves, change_note="n", person=cast.bo
    )
    stage.into_force(cast, row)
    third = actions.start_draft(policy=draft.policy_id, person=cast.bo)
    found = reads_draft.checked(third.source.replace("SP-2.2", "SP-2.1"), "spam", third.pk).findings
    assert [each.section for each in found if each.rule == "reused-ids"] == ["SP-2.1"]


def test_the_preview_shows_what_moderators_see(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    bo = client_for(cast.bo)
    page = bo.post(
        f"{DRAFT}/preview", typed(draft, draft.source.replace("Ask two", "<b>Ask two"))
    ).content.decode()
    assert "&lt;b&gt;Ask two questions" in page and "SP-4.1" in page
    assert "The text has problems" in bo.post(f"{DRAFT}/preview", typed(draft, "x")).content.decode()


def test_sections_move_split_and_come_on_request(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    bo = client_for(cast.bo)
    moved = bo.post(f"{DRAFT}/section", typed(draft, draft.source, do="down", code="SP-1.1")).json()["source"]
    assert moved.index("SP-1.2 Bulk") < moved.index("SP-1.1 Uns") and "```" not in moved
    assert "SP-4.2 New" in bo.post(f"{DRAFT}/section", typed(draft, draft.source, do="add")).json()["source"]
    refused = bo.post(f"{DRAFT}/section", typed(draft, draft.source, do="split", line="1"))
    assert refused.status_code == 422 and "caret" in refused.json()["message"]
    assert reads.version_page("spam", 2).saves == 1


def test_without_a_draft_the_editors_requests_say_so(cast: Cast, client_for: ClientFor) -> None:
    stage.publish_seed()
    bo = client_for(cast.bo)
    assert bo.post(f"{DRAFT}/autosave", {"source": "x"}).status_code == 404
    assert bo.post(f"{DRAFT}/hold").json() == {"mine": False, "holder": ""}
    for step in ("check", "preview", "section", "take-over", "forget"):
        assert bo.post(f"{DRAFT}/{step}", {"source": "x"}).status_code == 404
