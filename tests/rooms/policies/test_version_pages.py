"""Histories, comparing, cases and the gate on their pages; nothing typed is lost, nothing written is trusted."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from inference.prompt import developer_text
from reviewapp.accounts.models import Notice, Person
from reviewapp.policies import actions, reads, reads_cases, reads_versions
from reviewapp.policies.models import Version
from reviewapp.policies.rules_gate import Blocker, Outcome
from reviewapp.screening.actions.leases import policy_text
from tests.cast import Cast
from tests.rooms.policies import stage
from tests.rules.test_policy_foreign import FLAT, LIST

ClientFor = Callable[[Person], Client]
DRAFT = "/policies/spam/draft"
CASES = "/policies/spam/versions/2/cases"


@pytest.fixture
def published(cast: Cast) -> Version:
    return stage.publish_seed()


@pytest.fixture
def draft(cast: Cast, published: Version) -> Version:
    return stage.draft_of(cast, published)


def text(answer: object) -> str:
    return unescape(answer.content.decode())


def seen(row: Version) -> dict[str, object]:
    row.refresh_from_db()
    return {"hash": row.hash, "saves": row.saves, "cases": row.cases_hash}


def test_two_versions_stand_beside_each_other_word_by_word(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    ana = client_for(cast.ana)
    page = text(ana.get("/policies/spam/versions/1/diff/2"))
    assert "<del>a</del>" in page and "<ins>any</ins>" in page and "1 part changed" in page
    assert "<ins>+1</ins> <del>−1</del>" in page and "Unchanged: head, preamble" in page
    inline = text(ana.get("/policies/spam/versions/1/diff/2?layout=inline"))
    assert "<del>a</del><ins>any</ins>" in inline
    assert "Nothing in this text is different" in text(
        ana.get("/policies/spam/versions/1/diff/2?text=guidance")
    )
    whole = text(ana.get("/policies/spam/versions/1/diff/2?all=yes"))
    assert "Deceptive links and steering" in whole and "Only changes" in whole
    assert ana.get("/policies/spam/versions/1/diff/9").status_code == 404
    answer = ana.get("/policies/spam/compare?before=1&after=2")
    assert answer.headers["Location"] == "/policies/spam/versions/1/diff/2"
    assert ana.get("/policies/spam/compare?before=x&after=2").status_code == 404


def test_hidden_characters_show_by_name_in_a_comparison(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    source = draft.source.replace("with or without any link", "with or without\u202e any link <b>")
    actions.save_draft(version=draft.pk, source=source, saves=draft.saves, change_note="n", person=cast.bo)
    page = client_for(cast.ana).get("/policies/spam/versions/1/diff/2").content.decode()
    assert "right-to-left override U+202E" in page and "\u202e" not in page and "&lt;b&gt;" in page


def test_moved_and_new_sections_are_rows_of_their_own(cast: Cast, draft: Version) -> None:
    source = draft.source.replace("## SP-2.1", "## SP-2.2")
    source = source.replace('"section": "SP-2.1"', '"section": "SP-2.2"')
    actions.save_draft(version=draft.pk, source=source, saves=draft.saves, change_note="n", person=cast.bo)
    shown = reads_versions.compare("spam", 1, 2)
    sides = {row.label: (row.in_old, row.in_new) for row in shown.changed if not row.part}
    assert sides["SP-2.1"] == (True, False) and sides["SP-2.2"] == (False, True)
    assert len(shown.cases.changed) == 3


def test_the_approver_sees_text_and_cases_change_and_the_gate_before_acting(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    case = reads_cases.cases_of(draft.pk, section="SP-1.2")[0]
    actions.remove_case(version=draft.pk, case=case.id, reason="twice", person=cast.bo)
    row = actions.propose(version=draft.pk, person=cast.bo)
    cy = client_for(cast.cy)
    page = text(cy.get(DRAFT))
    assert "<ins>any</ins>" in page and case.code in page and "Removed" in page
    assert "has not been run" in page
    refused = cy.post(f"{DRAFT}/approve", seen(row))
    assert refused.status_code == 409 and "has not been run" in text(refused)
    stage.report(row, Outcome.BLOCKED, blockers=[Blocker("SP-C3", "SP-1.2", "Wrong now.")])
    refused = cy.post(f"{DRAFT}/approve", seen(row))
    assert refused.status_code == 409 and "case SP-C3 of SP-1.2: Wrong now." in text(refused)


def test_a_gap_is_signed_on_the_page(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    row = stage.proposed(cast, draft, Outcome.GAPS)
    cy = client_for(cast.cy)
    assert "I accept the gap" in text(cy.get(DRAFT))
    assert cy.post(f"{DRAFT}/approve", seen(row)).status_code == 409
    assert cy.post(f"{DRAFT}/approve", seen(row) | {"gaps_signed": "yes"}).status_code == 302


def test_past_the_gate_with_two_people_on_the_pages(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    row = actions.propose(version=draft.pk, person=cast.bo)
    bo, cy = client_for(cast.bo), client_for(cast.cy)
    assert "Say why" in text(bo.post(f"{DRAFT}/ask-waiver", {"kind": "override", "reason": ""}))
    bo.post(f"{DRAFT}/ask-waiver", {"kind": "emergency", "reason": "raid"})
    assert "Let it past the gate" not in text(bo.get(DRAFT)) and "raid" in text(cy.get(DRAFT))
    assert bo.post(f"{DRAFT}/grant-waiver").status_code == 403
    assert cy.post(f"{DRAFT}/grant-waiver").status_code == 302
    cy.post(f"{DRAFT}/approve", seen(row))
    assert cy.post(f"{DRAFT}/publish", seen(row)).status_code == 302
    assert "as an emergency" in text(cy.get("/policies/spam/versions/2"))
    assert Notice.objects.filter(kind="policy_published", person=cast.ana).count() == 1
    stage.report(row, Outcome.GAPS)
    assert "Sign for the gap" in text(cy.get("/policies/spam/versions/2"))
    cy.post("/policies/spam/versions/2/sign-gaps")
    assert "with a gap that the approver signed for" in text(cy.get("/policies/spam/versions/2"))


def test_the_people_of_a_version_are_told_and_led_to_it(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    row = actions.propose(version=draft.pk, person=cast.bo)
    told = Notice.objects.filter(kind="version_proposed", about=row.policy_id)
    assert set(told.values_list("person", flat=True)) == {cast.cy.pk, cast.ad.pk}
    cy = client_for(cast.cy)
    opened = cy.post(f"/settings/notices/{told.get(person=cast.cy).pk}", follow=True)
    assert opened.redirect_chain[-1][0] == DRAFT
    actions.return_to_draft(version=row.pk, person=cast.cy)
    assert Notice.objects.get(kind="version_returned").person == cast.bo
    row = actions.propose(version=row.pk, person=cast.bo)
    actions.return_to_draft(version=row.pk, person=cast.bo)
    assert Notice.objects.filter(kind="version_returned").count() == 1, "one's own taking back is no news"
    stage.into_force(cast, row)
    assert Notice.objects.get(kind="version_approved").person == cast.bo
    assert cy.get(f"/policies/of/{row.policy_id}", follow=True).redirect_chain[-1][0] == (
        "/policies/spam/versions/2"
    )
    assert cy.get(f"/policies/of/{cast.cy.pk}").status_code == 404


def test_an_hour_is_planned_and_taken_back_on_the_page(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    row = stage.proposed(cast, draft)
    actions.approve(version=row.pk, hash=row.hash, person=cast.cy)
    cy = client_for(cast.cy)
    for bad in ("", "yesterday", "2020-01-01T09:00"):
        answer = cy.post(f"{DRAFT}/schedule", seen(row) | {"at": bad})
        assert answer.status_code == 400, bad
    at = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert cy.post(f"{DRAFT}/schedule", seen(row) | {"at": at}).status_code == 302
    assert "planned" in text(cy.get(DRAFT))
    cy.post(f"{DRAFT}/unschedule")
    assert Version.objects.get(pk=row.pk).publish_at is None


def test_an_old_text_comes_back_as_a_new_version_and_a_policy_retires(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    stage.into_force(cast, draft)
    bo, cy = client_for(cast.bo), client_for(cast.cy)
    assert "Bring back v1" in text(bo.get("/policies/spam/versions/1"))
    assert bo.post("/policies/spam/versions/1/bring-back").headers["Location"] == DRAFT
    assert reads.source_of("spam", 3) == reads.source_of("spam", 1)
    assert bo.post("/policies/spam/versions/1/bring-back").status_code == 409
    cy.post("/policies/spam/retire")
    assert reads.published() == () and cy.post("/policies/spam/retire").status_code == 409


def test_the_cases_page_adds_edits_removes_and_keeps_what_was_typed(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    bo = client_for(cast.bo)
    assert "SP-C1<" in text(bo.get(CASES)) and "SP-C3<" not in text(bo.get(f"{CASES}?section=SP-1.1"))
    typed = {"section": "SP-1.1", "text": "New offer\r\nhere", "expect": "maybe", "note": "n"}
    refused = bo.post(f"{CASES}/add", typed)
    assert refused.status_code == 422 and "New offer\nhere" in text(refused) and "'maybe'" in text(refused)
    assert bo.post(f"{CASES}/add", typed | {"expect": "violates"}).status_code == 302
    case = reads_cases.history_of(draft.policy_id, "SP-C17")[0]
    edit = {"section": "SP-1.1", "text": "My better words", "expect": "violates", "note": "", "reason": ""}
    refused = bo.post(f"{CASES}/{case.id}", edit)
    assert refused.status_code == 422 and "My better words" in text(refused) and "Say why" in text(refused)
    bo.post(f"{CASES}/{case.id}", edit | {"reason": "clearer"})
    stale = bo.post(f"{CASES}/{case.id}", edit | {"reason": "again"})
    assert stale.status_code == 409 and "My better words" in text(stale)
    history = text(bo.get("/policies/spam/cases/SP-C17"))
    assert "My better words" in history and "New offer" in history and "clearer" in history
    now = reads_cases.history_of(draft.policy_id, "SP-C17")[0]
    bo.post(f"{CASES}/{now.id}", {"do": "remove", "reason": "not needed"})
    assert reads_cases.counts_of(draft.pk)["SP-1.1"].all == 4
    assert bo.get("/policies/spam/cases/none").status_code == 404


def test_a_list_is_brought_in_on_the_page(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    bo = client_for(cast.bo)
    assert "Choose a CSV" in text(bo.post(f"{CASES}/import"))
    data = b"section,text,expect\nSP-1.1,Come and buy,violates\nSP-9,x,allowed\n"
    page = text(bo.post(f"{CASES}/import", {"file": SimpleUploadedFile("list.csv", data)}))
    assert "1 added, 0 reworded, 0 already there, 1 left out" in page and "line 3<" in page
    case = next(each for each in reads_cases.cases_of(draft.pk) if each.expect == "violates")
    turned = f"id,section,text,expect\n{case.code},{case.section},Sold out,allowed\nSP-C17,SP-1.1,Other words,violates\n"
    page = text(bo.post(f"{CASES}/import", {"file": SimpleUploadedFile("list.csv", turned.encode())}))
    assert (
        "0 added, 1 reworded" in page and f"Now allowed: {case.code}<" in page and "Now violates" not in page
    )
    assert ">Now allowed<" in text(bo.get("/policies/spam/versions/1/diff/2")).replace("</svg>", ">")
    wrong = text(bo.post(f"{CASES}/import", {"file": SimpleUploadedFile("list.csv", b"a,b\n1,2\n")}))
    assert "section, text, expect is missing" in wrong
    row = stage.proposed(cast, draft)
    frozen = bo.post(f"{CASES}/import", {"file": SimpleUploadedFile("list.csv", data)})
    assert frozen.status_code == 409 and row.state == "proposed"


def test_a_moderator_suggests_and_the_writer_answers(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    typed = {"section": "SP-1.1", "text": "Seen today", "expect": "violates", "note": ""}
    ana, bo = client_for(cast.ana), client_for(cast.bo)
    assert "Suggest a case" in text(ana.get(CASES))
    assert ana.post(f"{CASES}/add", typed).status_code == 302
    (case,) = reads_cases.waiting_for(draft.policy_id)
    assert "Take in" not in text(ana.get(CASES)) and "Take in" in text(bo.get(CASES))
    assert ana.post(f"{CASES}/{case.id}/answer", {"do": "take"}).status_code == 403
    bo.post(f"{CASES}/{case.id}/answer", {"do": "take"})
    assert "Seen today" in {each.text for each in reads_cases.cases_of(draft.pk)}
    assert client_for(cast.au).post(f"{CASES}/add", typed).status_code == 403


def test_the_version_page_shows_the_whole_request_token_by_token(
    cast: Cast, published: Version, client_for: ClientFor
) -> None:
    page = text(client_for(cast.ana).get("/policies/spam/versions/1"))
    assert "tokens, ideal 400 to 600" in page and page.count(" tokens · <a") == 5
    whole = text(client_for(cast.ana).get(f"/engine/prompts/{published.pk}"))
    assert developer_text(policy_text(published.pk)) in whole and "(the item stands here)" in whole


def test_a_policy_from_elsewhere_is_read_into_the_field_before_anything_is_stored(
    cast: Cast, client_for: ClientFor
) -> None:
    files = {
        "text": SimpleUploadedFile("a.md", FLAT.encode()), "examples": SimpleUploadedFile("a.csv", LIST.encode())
    }  # fmt: skip
    bo = client_for(cast.bo)
    page = text(bo.post("/policies/new/adopt", {"slug": "Adverts", **files}))
    assert "slug: adverts" in page and "text, line 24" in page and "examples, line 5" in page
    assert not Version.objects.exists()
    bad = bo.post("/policies/new/adopt", {"slug": "x y", "text": SimpleUploadedFile("a.md", b"only words")})
    assert bad.status_code == 422 and "only words" in text(bad)
    assert client_for(cast.ana).post("/policies/new/adopt").status_code == 403
