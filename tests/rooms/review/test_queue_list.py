"""The list of one queue: its order, what a filter finds in it, and what nobody may learn from either."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from reviewapp.accounts.models import Person
from reviewapp.policies.models import Version
from reviewapp.review import actions, reads_queue
from reviewapp.review.models import Queue, Task, VerdictsSeen
from tests.cast import Cast
from tests.hostile import CORPUS
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
HTMX = {"HX-Request": "true"}
SLUG = "everything-else"
PATH = f"/queues/{SLUG}"


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def wait(*texts: str, **fields: object) -> list[UUID]:
    """Items in one queue, the first one the most urgent, due in the other direction."""
    items = [stage.wait_for_a_person(text, **fields) for text in texts]
    actions.admit()
    queue = Queue.objects.get(slug=SLUG)
    for place, item in enumerate(items):
        Task.objects.filter(item_id=item).update(
            queue=queue, tier=5, rank_at=F("created_at") + timedelta(minutes=place),
            due_at=F("created_at") - timedelta(minutes=place),
        )  # fmt: skip
    return items


def listed(client: Client, path: str = PATH, **filters: str) -> list[str]:
    """The first words of each row, in order; a filter is posted as the page posts it."""
    answer = client.post(PATH, filters, headers=HTMX) if filters else client.get(path)
    assert answer.status_code == 200
    page = answer.content.decode()
    rows = page[page.index('id="items"') : page.index("</form>", page.index('id="items"'))]
    return re.findall(r'<th scope="row"[^>]*>(?:<a[^>]*>)?([^<]*)', rows)


def test_the_list_is_in_the_order_that_the_queue_serves(cast: Cast, client_for: SignIn) -> None:
    wait("First", "Second", "Third")
    client = client_for(cast.ana)
    assert listed(client) == ["First", "Second", "Third"]
    Queue.objects.filter(slug=SLUG).update(oldest_first=True)
    assert listed(client) == ["Third", "Second", "First"]
    assert listed(client, order="urgent") == ["First", "Second", "Third"]
    Queue.objects.filter(slug=SLUG).update(oldest_first=False)
    assert listed(client, order="oldest") == ["Third", "Second", "First"]
    assert client.post(f"{PATH}/next").status_code == 302


def test_a_filter_finds_by_source_language_and_reports(cast: Cast, client_for: SignIn) -> None:
    wait("Plain one", "Another plain one")
    wait("From the shop", source="shop")
    wait("Guten Tag", language="de")
    wait("Somebody minds", flags=["user_report"])
    wait("A machine minds", flags=["automated"])
    client = client_for(cast.ana)
    assert listed(client, source="shop") == ["From the shop"]
    assert listed(client, language="de") == ["Guten Tag"]
    assert listed(client, reported="1") == ["Somebody minds"]
    assert listed(client, source="shop", language="de") == []
    assert len(listed(client)) == 6


def test_a_filter_finds_words_whatever_their_case_and_takes_them_as_they_are(
    cast: Cast, client_for: SignIn
) -> None:
    wait(
        "Pay the DEPOSIT first",
        "Save 100 % today",
        "Save 1000 today",
        "snake_case",
        "snakeXcase",
        "back\\slash",
    )
    client = client_for(cast.ana)
    assert listed(client, words="deposit") == ["Pay the DEPOSIT first"]
    assert listed(client, words="100 %") == ["Save 100 % today"]
    assert listed(client, words="snake_case") == ["snake_case"]
    assert listed(client, words="back\\slash") == ["back\\slash"]
    assert listed(client, words="nowhere") == []


def test_an_item_is_found_by_its_id_here_and_on_its_source(cast: Cast, client_for: SignIn) -> None:
    first, second = wait("One thing", "Another thing")
    third = stage.wait_for_a_person("Named by its source", name="post-77")
    actions.admit()
    Task.objects.filter(item_id=third).update(queue=Queue.objects.get(slug=SLUG))
    client = client_for(cast.ana)
    assert listed(client, words=str(first)) == ["One thing"]
    assert listed(client, words=f" http://localhost/review/{second} ") == ["Another thing"]
    assert listed(client, words="post-77") == ["Named by its source"]


def test_words_to_look_for_are_in_no_address(cast: Cast, client_for: SignIn) -> None:
    wait("Pay the deposit first", "Nothing")
    client = client_for(cast.ana)
    answer = client.post(PATH, {"words": "deposit", "source": "forum"}, headers=HTMX)
    assert answer.headers["HX-Push-Url"] == f"{PATH}?source=forum"
    plain = client.post(PATH, {"words": "deposit"})
    assert plain.status_code == 200 and b"Pay the deposit" in plain.content
    assert len(listed(client, f"{PATH}?words=deposit")) == 2, "an address asks for no words"


def test_without_scripts_a_filter_without_words_is_an_address(cast: Cast, client_for: SignIn) -> None:
    wait("Plain")
    wait("From the shop", source="shop")
    client = client_for(cast.ana)
    answer = client.post(PATH, {"words": " ", "source": "shop", "order": "oldest", "language": ""})
    assert (answer.status_code, answer.url) == (302, f"{PATH}?source=shop&order=oldest")
    assert listed(client, answer.url) == ["From the shop"]


def test_a_page_looks_only_so_far_and_the_next_one_goes_on(
    cast: Cast, client_for: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the queue is, a page costs the same; what it did not reach is said, and found behind Next."""
    monkeypatch.setattr(reads_queue, "REACH", 4)
    wait(*[f"Other {number}" for number in range(6)], "Deposit early", *["Other"] * 3, "Deposit late")
    client = client_for(cast.ana)
    found, cursors = [], []
    asked = {"words": "deposit"}
    for _ in range(4):
        page = client.post(PATH, asked, headers=HTMX).content.decode()
        found.append(re.findall(r"Deposit \w+", page))
        cursors.append(re.search(r'name="after" value="([0-9a-f-]+)"', page))
        if not cursors[-1]:
            break
        asked = {"words": "deposit", "after": cursors[-1][1]}
    assert found == [[], ["Deposit early"], ["Deposit late"]]
    first = client.post(PATH, {"words": "deposit"}, headers=HTMX).content.decode()
    assert "More waits behind these" in first and "Looked through 4 that wait." in first
    back = re.search(r'name="before" value="([0-9a-f-]+)"', page)
    assert back and listed(client, words="deposit", before=back[1]) == ["Deposit early"]


def test_pages_of_a_filter_go_there_and_back(
    cast: Cast, client_for: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads_queue, "PAGE_ROWS", 3)
    wait(*[f"Deposit {number}" if number % 2 else "Other" for number in range(16)])
    client = client_for(cast.ana)
    seen, asked = [], {"words": "deposit"}
    while asked:
        page = client.post(PATH, asked, headers=HTMX).content.decode()
        seen.append([int(number) for number in re.findall(r"Deposit (\d+)", page)])
        onward = re.search(r'name="after" value="([0-9a-f-]+)"', page)
        asked = {"words": "deposit", "after": onward[1]} if onward else {}
    assert seen == [[1, 3, 5], [7, 9, 11], [13, 15]]
    back = re.search(r'name="before" value="([0-9a-f-]+)"', page)
    assert back is not None
    page = client.post(PATH, {"words": "deposit", "before": back[1]}, headers=HTMX).content.decode()
    assert [int(number) for number in re.findall(r"Deposit (\d+)", page)] == [7, 9, 11]


def test_restricted_items_are_passed_over_and_end_no_page(
    cast: Cast, client_for: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads_queue, "PAGE_ROWS", 2)
    items = wait("First", "Hidden", "Second", "Third")
    stage.tell("intake_item", "restricted = true", items[1])
    client = client_for(cast.ana)
    page = client.get(PATH).content.decode()
    assert listed(client) == ["First", "Second"]
    onward = re.search(r'name="after" value="([0-9a-f-]+)"', page)
    assert onward and listed(client, f"{PATH}?after={onward[1]}") == ["Third"]
    assert listed(client, words="hidden") == [] and listed(client, words=str(items[1])) == []


def test_verdicts_are_looked_for_by_who_may_see_them_and_by_nobody_else(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    """For a moderator the fields do nothing: what a filter lets through would tell what the machine said."""
    bad, fine, silent = wait("Send the code", "Have a nice day", "Nobody judged this")
    stage.say(bad, fraud, sections=["FR-2.1"])
    stage.say(fine, fraud, "allowed")
    Task.objects.filter(item_id__in=[bad, fine]).update(policy="fraud")
    lead = client_for(cast.sam)
    assert listed(lead, view="verdicts", verdict="violates") == ["Send the code"]
    assert listed(lead, view="verdicts", verdict="allowed") == ["Have a nice day"]
    assert listed(lead, view="verdicts", verdict="none") == ["Nobody judged this"]
    assert listed(lead, view="verdicts", section="fraud:FR-2.1") == ["Send the code"]
    assert listed(lead, view="verdicts", section="spam:FR-2.1") == []
    seen = set(VerdictsSeen.objects.filter(person=cast.sam).values_list("task__item_id", flat=True))
    assert seen == {bad, fine, silent}
    moderator = client_for(cast.ana)
    for asked in ({"verdict": "violates"}, {"section": "fraud:FR-2.1"}):
        assert len(listed(moderator, view="verdicts", **asked)) == 3
    assert len(listed(lead, verdict="violates")) == 3, "the list without verdicts knows none"
    assert b"Lead verdict" not in moderator.get(f"{PATH}?view=verdicts").content


@pytest.mark.parametrize(
    "asked",
    [{"source": "no such"}, {"language": "xx"}, {"order": "worst"}, {"section": "fraud"}, {"verdict": "perhaps"},
     {"words": "\x00"}, {"words": "x" * 5_000}, {"reported": "no"}],
)  # fmt: skip
def test_a_forged_filter_is_a_page_like_any_other(
    cast: Cast, client_for: SignIn, asked: dict[str, str]
) -> None:
    wait("Plain")
    assert client_for(cast.sam).post(PATH, {"view": "verdicts", **asked}, headers=HTMX).status_code == 200


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_words_come_back_as_words(cast: Cast, client_for: SignIn, text: str) -> None:
    wait(text or "empty")
    page = client_for(cast.ana).post(PATH, {"words": text}, headers=HTMX)
    assert page.status_code in {200, 302}
    assert "<script>alert" not in page.content.decode()


def test_a_lead_sees_what_is_in_other_peoples_hands(cast: Cast, client_for: SignIn) -> None:
    wait("In Ana's hands", "In Mo's hands", "Waits")
    queue = Queue.objects.get(slug=SLUG).pk
    mine = actions.claim_next(queue=queue, person=cast.ana)
    held = actions.claim_next(queue=queue, person=cast.mo)
    assert mine and held
    actions.hold(
        task=held.task, epoch=held.epoch, person=cast.mo, until=timezone.now() + timedelta(hours=1),
        waits_for="translation",
    )  # fmt: skip
    for person, sees in ((cast.sam, True), (cast.ana, False), (cast.au, False)):
        page = client_for(person).get(PATH).content.decode()
        assert ("In people’s hands" in page) is sees
    page = client_for(cast.sam).get(PATH).content.decode()
    hands = page[page.index("In people’s hands") :]
    assert "Claimed" in hands and "Held" in hands and f"/review/{mine.item}" in hands and "Ana" in hands


def test_how_many_are_alike_is_counted_in_every_queue(cast: Cast, client_for: SignIn) -> None:
    likeness = 77
    wait("Same words", likeness=likeness)
    decided = stage.wait_for_a_person("Same words", likeness=likeness)
    stage.tell("intake_item", "state = 'decided'", decided)
    wait("Other words")
    page = client_for(cast.ana).get(PATH).content.decode()
    assert re.findall(r"#i-layers\"></use></svg>(\d+)", page) == ["2"]
