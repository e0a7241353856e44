"""What programs read: items in pages, decisions by position, and nothing that is not theirs."""

from uuid import UUID, uuid4

import pytest
from django.db import connection

from reviewapp.audit.actions import OPERATOR
from reviewapp.ids import new_id
from reviewapp.intake import actions as intake
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.screening.models import CurrentVerdict
from tests.cast import Cast
from tests.rooms.intake.post import Program, flag, sent, take
from tests.rooms.review import stage

pytestmark = pytest.mark.usefixtures("store")


def decide(item: UUID, cast: Cast) -> UUID:
    """Ana confirms the lead verdict of the next item, which is `item`."""
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ana)
    assert claim is not None
    assert claim.item == item
    verdict = CurrentVerdict.objects.get(item=item).verdict_id
    return actions.confirm(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), verdict=verdict, person=cast.ana
    ).decision


def let_go() -> None:
    """End every undo window."""
    stage_sql = "UPDATE {} SET release_at = now() - interval '1 second'"
    for table in ("review_decision", "webhooks_delivery"):
        connection.cursor().execute(stage_sql.format(table))
    actions.release_decisions()


def test_an_item_is_shown_with_its_verdict_and_decision(cast: Cast) -> None:
    version: Version = stage.publish("fraud")
    [item] = stage.line_up(1, version=version)
    program = Program("read")
    before = program.get(f"/items/{item}").json()
    assert (before["id"], before["state"], before["decision"]) == (str(item), "awaiting_review", None)
    [verdict] = before["verdicts"]
    assert (verdict["label"], verdict["current"], verdict["model"]) == ("violates", True, "test-model")
    assert verdict["policy"] == {"slug": "fraud", "version": version.number, "hash": version.hash}
    assert verdict["evidence"] == ["Send the code now."]
    assert "reasoning" not in verdict, "the chain of thought stays inside"
    made = decide(item, cast)
    held = program.get(f"/items/{item}").json()["decision"]
    assert (held["id"], held["label"], held["final"]) == (str(made), "violates", False)
    assert held["findings"][0]["policy"] == "fraud"
    let_go()
    assert program.get(f"/items/{item}").json()["decision"]["final"] is True
    assert "ana" not in program.get(f"/items/{item}").content.decode().lower(), "no reviewer's name"


def test_final_decisions_come_by_position_and_none_is_missed(cast: Cast) -> None:
    version = stage.publish("fraud")
    items = stage.line_up(3, version=version)
    program = Program("read")
    decide(items[0], cast)
    assert program.get("/decisions").json() == {"items": [], "next_cursor": None}
    let_go()
    first = program.get("/decisions").json()["items"]
    assert [(each["position"], each["item"]["id"], each["final"]) for each in first] == [
        (1, str(items[0]), True)
    ]
    decide(items[1], cast)
    decide(items[2], cast)
    let_go()
    page = program.get("/decisions", cursor=1, limit=1).json()
    assert [each["item"]["id"] for each in page["items"]] == [str(items[1])]
    assert page["next_cursor"] == "2"
    last = program.get("/decisions", cursor=page["next_cursor"], limit=1).json()
    assert [each["item"]["id"] for each in last["items"]] == [str(items[2])]
    assert last["next_cursor"] is None
    Item.objects.filter(pk=items[0]).update(restricted=True)
    assert [each["position"] for each in program.get("/decisions").json()["items"]] == [2, 3]


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 30, "¹"])
def test_a_cursor_of_decisions_is_a_position(db: str, cursor: str) -> None:
    answer = Program("read").get("/decisions", cursor=cursor)
    assert answer.status_code == 422
    assert "position" in answer.json()["error"]["message"]


def test_pages_of_items_give_each_item_once(db: str) -> None:
    take(*(sent(f"i{number:02}") for number in range(25)))
    take(*(sent(f"j{number:02}", source="chat") for number in range(5)))
    program = Program("read")
    found: list[str] = []
    cursor = ""
    for _ in range(10):
        page = program.get("/items", limit=7, cursor=cursor).json()
        found += [item["external_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert len(found) == 30
    assert set(found) == {f"i{n:02}" for n in range(25)} | {f"j{n:02}" for n in range(5)}


def test_items_are_found_by_source_id_and_state(db: str) -> None:
    take(sent("a"), sent("a", source="chat"), sent("b"))
    take(sent("b", text="changed"))
    program = Program("read")

    def found(**query: str) -> list[tuple[str, str, int]]:
        rows = program.get("/items", **query).json()["items"]
        return [(row["source"], row["external_id"], row["revision"]) for row in rows]

    assert sorted(found(external_id="a")) == [("chat", "a", 1), ("forum", "a", 1)]
    assert found(source="chat") == [("chat", "a", 1)]
    assert found(state="superseded") == [("forum", "b", 1)]
    assert found(source="forum", external_id="b", state="received") == [("forum", "b", 2)]


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"state": "lost"}, {"cursor": "%%%"}, {"cursor": "YWJj"}],
)
def test_a_question_that_is_none_is_said_to_be_none(db: str, query: dict[str, object]) -> None:
    answer = Program("read").get("/items", **query)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]


def test_what_a_key_may_not_see_is_not_there(cast: Cast) -> None:
    [mine, other, secret] = take(
        sent("a", source="chat"), sent("b"), sent("c", source="chat", flags=[flag()])
    )
    intake.restrict(item=secret.id, reference="case-7", person=cast.ana)
    program = Program("read", sources=("chat",))
    assert [item["id"] for item in program.get("/items").json()["items"]] == [str(mine.id)]
    assert program.get(f"/items/{mine.id}").status_code == 200
    for key in (other.id, secret.id, new_id()):
        assert program.get(f"/items/{key}").status_code == 404
    assert program.get("/items/not-an-id").status_code == 422
    golden = take(sent("g", source="chat"))[0].id
    Item.objects.filter(pk=golden).update(purpose="golden")
    assert program.get(f"/items/{golden}").status_code == 404


def test_an_erased_item_keeps_its_id_and_state_only(cast: Cast) -> None:
    [got] = take(sent())
    items = [each.item_id for each in intake.ask_erasure(items=[got.id], actor=OPERATOR)]
    intake.erase_content(item_ids=items)
    intake.finish_erasure(items=items, rooms=intake.ROOMS_THAT_ERASE, actor=OPERATOR)
    assert Program("read").get(f"/items/{got.id}").json()["state"] == "erased"
