"""The policy pages as each role sees them; nothing typed is lost, nothing written is trusted."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.policies import actions, reads, tokens
from reviewapp.policies.models import Version
from tests.cast import Cast
from tests.rooms.policies import stage
from tests.rooms.policies.test_import import seed

ClientFor = Callable[[Person], Client]
CHANGED = seed().replace("with or without a link.", "with or without any link.")
DRAFT = "/policies/spam/draft"


@pytest.fixture
def published(cast: Cast) -> Version:
    """Version 1 of spam, in force."""
    return actions.import_policy(source=seed(), actor=OPERATOR, publish=True)


@pytest.fixture
def draft(cast: Cast, published: Version) -> Version:
    """Bo's draft of version 2."""
    row = actions.start_draft(policy=published.policy_id, person=cast.bo)
    return actions.save_draft(version=row.pk, source=CHANGED, saves=0, change_note="one word", person=cast.bo)


def typed(row: Version, source: str) -> dict[str, object]:
    """What the editor's form sends; browsers send CR LF."""
    return {"source": source.replace("\n", "\r\n"), "saves": row.saves, "note": "note"}


def buttons(client: Client, url: str = DRAFT) -> set[str]:
    """The words on the buttons and button-like links inside the page."""
    page = client.get(url).content.decode().partition('<main class="page"')[2].partition("</main>")[0]
    found = re.findall(r'<(?:button|a) class="btn[^>]*>(.*?)</(?:button|a)>', page, re.S)
    return {re.sub(r"<[^>]+>", "", each).strip() for each in found}


def test_an_empty_house_says_what_to_do(cast: Cast, client_for: ClientFor) -> None:
    page = client_for(cast.bo).get("/policies/").content.decode()
    assert "No policies yet" in page and "policy import policies_seed --publish" in page


def test_the_list_shows_what_is_in_force_and_in_the_making(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    page = client_for(cast.ana).get("/policies/").content.decode()
    assert "Published v1" in page and "Draft v2" in page and "New policy" not in page
    assert 'data-l="Cases passing">16<' in page and "no gate run" in page and 'data-l="Sections">5<' in page
    sent = reads.published()[0].text
    assert f'aria-label="{tokens.count(sent)} tokens, ideal 400 to 600"' in page


def test_the_list_says_how_many_cases_the_newest_gate_found_right(
    cast: Cast, published: Version, client_for: ClientFor
) -> None:
    stage.report(published)
    assert 'data-l="Cases passing">6 of 6<' in client_for(cast.ana).get("/policies/").content.decode()
    published.cases_hash = published.gate_hash = "another"
    published.save()
    page = client_for(cast.ana).get("/policies/").content.decode()
    assert "6 of 6" not in page and "no gate run" in page


def test_a_policy_leads_to_its_version_in_force_or_its_draft(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    client = client_for(cast.ana)
    assert client.get("/policies/spam").headers["Location"] == "/policies/spam/versions/1"
    actions.create_policy(source=seed("hate"), person=cast.bo)
    assert client.get("/policies/hate").headers["Location"] == "/policies/hate/draft"


def test_the_version_page_shows_the_whole_hash_and_exactly_what_is_sent(
    cast: Cast, published: Version, client_for: ClientFor
) -> None:
    page = client_for(cast.ana).get("/policies/spam/versions/1").content.decode()
    sent = re.search(r'<pre class="code sent"[^>]*>(.*?)</pre>', page, re.S)
    assert sent and unescape(sent[1]) == reads.published()[0].text
    assert published.hash in page and 'id="SP-1.1"' in page and "without a gate run" in page


@pytest.mark.parametrize("url", ["/policies/nothing", "/policies/spam/versions/9", "/policies/nothing/draft"])
def test_what_is_not_there_is_404(url: str, cast: Cast, published: Version, client_for: ClientFor) -> None:
    assert client_for(cast.bo).get(url).status_code == 404


def test_each_role_gets_the_buttons_that_are_theirs(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    past = "Re-run on past items"
    assert buttons(client_for(cast.bo)) == {
        "Save", "Propose", "Discard this draft", "Compare with v1", past, "Move up", "Move down", "Split at caret", "",
    }  # fmt: skip
    for person in (cast.ana, cast.mo, cast.sam, cast.au):
        assert buttons(client_for(person)) == {"Compare with v1"}
    assert buttons(client_for(cast.cy)) == {"Compare with v1", past}
    row = stage.proposed(cast, draft)
    assert buttons(client_for(cast.bo)) == {"Take back", past}
    assert buttons(client_for(cast.cy)) == {"Send back", "Approve", past}
    assert buttons(client_for(cast.ad)) == {"Take back", "Send back", "Approve", past}
    actions.approve(version=row.pk, hash=row.hash, person=cast.cy)
    assert buttons(client_for(cast.cy)) == {"Send back", "Publish", "Plan it", past}
    assert "The gate passed." in client_for(cast.cy).get(DRAFT).content.decode()
    assert buttons(client_for(cast.ana)) == set()


def test_an_admin_finds_no_approval_for_words_of_their_own(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    saved = actions.save_draft(
        version=draft.pk, source=CHANGED + "\n", saves=1, change_note="n", person=cast.ad
    )
    row = stage.proposed(cast, saved)
    client = client_for(cast.ad)
    assert "Approve" not in buttons(client)
    answer = client.post(f"{DRAFT}/approve", {"hash": row.hash, "saves": row.saves, "cases": row.cases_hash})
    assert answer.status_code == 403 and "Somebody else" in answer.content.decode()


def test_two_people_bring_a_change_into_force_on_the_pages(
    cast: Cast, published: Version, client_for: ClientFor
) -> None:
    bo, cy = client_for(cast.bo), client_for(cast.cy)
    bo.post(f"{DRAFT}/start")
    draft = Version.objects.get(state="draft")
    assert bo.post(DRAFT, typed(draft, CHANGED)).status_code == 302
    draft.refresh_from_db()
    assert (draft.source, draft.change_note) == (CHANGED, "note")
    assert bo.post(f"{DRAFT}/propose", typed(draft, CHANGED)).status_code == 302
    stage.report(draft)
    shown = reads.version_page("spam", 2)
    seen = {"hash": shown.hash, "saves": shown.saves, "cases": shown.cases_hash}
    assert cy.post(f"{DRAFT}/approve", seen).headers["Location"] == DRAFT
    assert cy.post(f"{DRAFT}/publish", seen).headers["Location"] == "/policies/spam"
    assert [each.number for each in reads.published()] == [2]


def test_proposing_saves_what_stands_in_the_field(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    text = CHANGED.replace("severity: 2", "severity: 4", 1)
    client_for(cast.bo).post(f"{DRAFT}/propose", typed(draft, text))
    draft.refresh_from_db()
    assert (draft.state, draft.source) == ("proposed", text)


def test_a_stale_save_is_409_and_keeps_the_typed_text(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    actions.save_draft(version=draft.pk, source=seed(), saves=1, change_note="", person=cast.ad)
    mine = CHANGED.replace("Unsolicited promotion", "My own title")
    answer = client_for(cast.bo).post(DRAFT, typed(draft, mine))
    page = answer.content.decode()
    assert answer.status_code == 409 and "Somebody saved this draft" in page and "My own title" in page
    assert 'name="saves" value="2"' in page and "Stored now, by somebody else" in page
    draft.refresh_from_db()
    assert draft.source == seed()


def test_a_save_after_somebody_proposed_keeps_the_typed_text(
    cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    actions.propose(version=draft.pk, person=cast.ad)
    answer = client_for(cast.bo).post(
        DRAFT, typed(draft, CHANGED.replace("Trading", "My own words on trading"))
    )
    page = answer.content.decode()
    assert answer.status_code == 409 and "My own words on trading" in page and "not stored" in page


def test_a_stale_approval_shows_the_current_state(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    row = stage.proposed(cast, draft)
    answer = client_for(cast.cy).post(f"{DRAFT}/approve", {"hash": "0" * 64, "saves": row.saves})
    assert answer.status_code == 409 and "Approve" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == "proposed"


def test_problems_are_listed_with_their_lines(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    client = client_for(cast.bo)
    broken = CHANGED.replace("## SP-1.2", "## SP-1.1")
    answer = client.post(f"{DRAFT}/propose", typed(draft, broken))
    page = answer.content.decode()
    line = broken[: broken.index("## SP-1.1 Bulk")].count("\n") + 1
    assert answer.status_code == 422 and f"line {line}<" in page and "already used" in page
    assert f"<b>{line}!</b>" in page
    draft.refresh_from_db()
    assert draft.source == broken, "saved all the same"
    again = re.search(r'name="saves" value="(\d+)"', page)
    assert again and int(again[1]) == draft.saves


@pytest.mark.parametrize("bad", ["\x00", "x" * 200_001], ids=["nul", "too long"])
def test_what_cannot_be_stored_is_refused_with_the_text_kept(
    bad: str, cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    answer = client_for(cast.bo).post(DRAFT, typed(draft, CHANGED + "my last words" + bad))
    assert answer.status_code == 422 and "my last words" in answer.content.decode()


def test_a_new_policy_starts_as_a_draft(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.bo)
    assert "slug: my-policy" in client.get("/policies/new").content.decode()
    bad = client.post("/policies/new", {"source": "hello there"})
    assert (
        bad.status_code == 422 and "hello there" in bad.content.decode() and "line 1<" in bad.content.decode()
    )
    assert (
        client.post("/policies/new", {"source": seed("hate")}).headers["Location"] == "/policies/hate/draft"
    )
    taken = client.post("/policies/new", {"source": seed("hate")})
    assert taken.status_code == 409 and "already" in taken.content.decode()


POSTS = {
    "start": "bo ad", "propose": "bo ad", "discard": "bo ad", "take-back": "bo ad", "approve": "cy ad",
    "send-back": "cy ad", "publish": "cy ad",
}  # fmt: skip


@pytest.mark.parametrize("step", POSTS)
def test_a_step_is_refused_to_all_other_roles(
    step: str, cast: Cast, draft: Version, client_for: ClientFor
) -> None:
    for name in {"ana", "mo", "sam", "bo", "cy", "au", "ad"} - set(POSTS[step].split()):
        assert client_for(getattr(cast, name)).post(f"{DRAFT}/{step}").status_code == 403
    assert client_for(cast.ana).post(DRAFT, typed(draft, "x")).status_code == 403
    assert client_for(cast.ad).get(f"{DRAFT}/{step}").status_code == 405
    draft.refresh_from_db()
    assert (draft.state, draft.saves) == ("draft", 1)


@pytest.mark.parametrize("step", ["take-back", "send-back", "approve", "publish"])
def test_a_step_out_of_turn_is_409(step: str, cast: Cast, draft: Version, client_for: ClientFor) -> None:
    assert client_for(cast.ad).post(f"{DRAFT}/{step}", {"hash": draft.hash, "saves": 1}).status_code == 409


def test_a_step_after_the_draft_went_is_told(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    client = client_for(cast.bo)
    client.post(f"{DRAFT}/discard")
    answer = client.post(DRAFT, typed(draft, "my typed words"))
    assert answer.status_code == 404 and "my typed words" in answer.content.decode()
    assert "Start a draft" in client.get(DRAFT).content.decode()


def test_strangers_are_sent_to_sign_in(cast: Cast, published: Version) -> None:
    assert Client().get("/policies/").headers["Location"].startswith("/accounts/login/")


def test_text_in_a_policy_never_becomes_markup(cast: Cast, draft: Version, client_for: ClientFor) -> None:
    evil = "</textarea></pre><script>alert(1)</script><img src=x onerror=alert(1)>"
    text = CHANGED.replace("Unsolicited promotion", evil).replace(
        "nobody in the thread asked for violates", evil
    )
    text = text.replace("compliment as a wrapper", "</li><script>").replace(
        "title: Spam and", "title: <script> and"
    )
    row = actions.save_draft(version=draft.pk, source=text, saves=1, change_note=evil, person=cast.bo)
    pages = [client_for(cast.bo).get(DRAFT)]
    row = stage.proposed(cast, row)
    pages.append(client_for(cast.cy).get(DRAFT))
    row = actions.approve(version=row.pk, hash=row.hash, person=cast.cy)
    actions.publish(version=row.pk, hash=row.hash, person=cast.cy)
    pages += [client_for(cast.ana).get(url) for url in ("/policies/", "/policies/spam/versions/2")]
    for page in pages:
        html = page.content.decode()
        assert page.status_code == 200 and "&lt;script&gt;" in html
        assert "<script>" not in html and "<img src=x" not in html
        assert "unsafe" not in page.headers["Content-Security-Policy"]
