"""The door for programs that send items."""

import json
from threading import Thread
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.test import Client, override_settings

from reviewapp.intake import actions, quota
from reviewapp.intake.models import IdempotentAnswer, Item
from tests.rooms.intake.post import Program, flag, sent

pytestmark = pytest.mark.usefixtures("store")


def test_one_item_is_answered_with_its_id_and_state(db: str) -> None:
    answer = Program().post(sent())
    assert answer.status_code == 202
    assert answer.json() == {
        "items": [
            {"id": str(Item.objects.get().pk), "external_id": "post-1", "state": "received", "created": True}
        ]
    }


def test_a_batch_keeps_its_order_and_reports_bad_items_by_place(db: str) -> None:
    batch = [
        sent("b"),
        sent("x", colour=1),
        sent("a"),
        sent("y", policies=["nowhere"]),
        sent("b", flags=[flag()]),
    ]
    answer = Program().post({"items": batch})
    assert answer.status_code == 202
    body = answer.json()
    assert [(item["external_id"], item["created"]) for item in body["items"]] == [
        ("b", True), ("a", True), ("b", False),
    ]  # fmt: skip
    assert [(error["index"], error["code"]) for error in body["errors"]] == [
        (1, "invalid"),
        (3, "unknown_policy"),
    ]
    assert Item.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"\xff", 400, "malformed"),
        (sent(colour="red"), 422, "invalid"),
        (sent(text="\ud800"), 422, "invalid"),
        (sent(text="\x00"), 422, "invalid"),
        (sent(text="a" * 100_001), 422, "too_large"),
        (sent(policies=["nowhere"]), 422, "unknown_policy"),
        ({"items": [sent()] * 1001}, 413, "too_large"),
        (b" " * 17_000_000, 413, "too_large"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_taken_is_refused_and_stores_nothing(
    db: str, body: Any, status: int, code: str
) -> None:
    answer = Program().post(body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert len(error["message"]) > 20
    assert not Item.objects.exists()


def test_the_same_idempotency_key_gives_the_first_answer_again(db: str) -> None:
    program = Program()
    first = program.post(sent(), **{"Idempotency-Key": "k1"})
    Item.objects.update(state="passed")
    again = program.post(sent(), **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert program.post(sent(text="other"), **{"Idempotency-Key": "k1"}).status_code == 422
    assert Program().post(sent(text="other"), **{"Idempotency-Key": "k1"}).status_code == 202, (
        "keys are each program's own"
    )


def test_an_old_idempotency_key_may_be_used_anew(db: str) -> None:
    program = Program()
    program.post(sent(), **{"Idempotency-Key": "k1"})
    IdempotentAnswer.objects.update(at="2020-01-01T00:00:00Z")
    assert program.post(sent(text="other"), **{"Idempotency-Key": "k1"}).status_code == 202


def test_one_idempotency_key_at_once_is_one_answer(db: str) -> None:
    program = Program()
    answers: list[Any] = []

    def send() -> None:
        client = Client(headers={"authorization": f"Bearer {program.issued.key}", "idempotency-key": "k"})
        answers.append(client.post("/api/v1/items", json.dumps(sent()), content_type="application/json"))
        connections.close_all()

    threads = [Thread(target=send) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {answer.status_code for answer in answers} == {202}
    assert all(answer.json() == answers[0].json() for answer in answers)


@pytest.mark.parametrize("token", ["x" * 256, "ümlaut"])
def test_an_idempotency_key_that_is_none_is_refused(db: str, token: str) -> None:
    answer = Program().post(sent(), **{"Idempotency-Key": token})
    assert answer.status_code == 422
    assert not Item.objects.exists()


def test_a_key_for_some_sources_sends_for_no_other(db: str) -> None:
    program = Program("ingest", sources=("chat",))
    assert program.post(sent()).json()["error"]["code"] == "forbidden_source"
    body = program.post({"items": [sent(), sent(source="chat")]}).json()
    assert [error["index"] for error in body["errors"]] == [0]
    assert [item["created"] for item in body["items"]] == [True]


@override_settings(INGEST_ITEMS_PER_MINUTE=60)
def test_over_its_quota_a_key_is_asked_to_wait(db: str) -> None:
    program = Program()
    assert program.post({"items": [sent(str(n)) for n in range(60)]}).status_code == 202
    answer = program.post(sent("one more"))
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 2
    assert Program().post(sent("another key")).status_code == 202


@override_settings(INGEST_BACKLOG_SECONDS=60)
def test_behind_an_old_backlog_everybody_is_asked_to_wait(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "LOOK_EVERY", 0.0)
    program = Program()
    assert program.post(sent()).status_code == 202
    Item.objects.update(received_at="2020-01-01T00:00:00Z")
    answer = program.post(sent("two"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    Item.objects.update(state="passed")
    assert program.post(sent("two")).status_code == 202


def test_a_bucket_fills_steadily_and_a_request_over_its_size_is_paid_afterwards() -> None:
    buckets = quota.Buckets()
    key = Program.__name__
    assert buckets.take(key, 100, 60, now=0.0) == 0, "larger than the bucket, and the bucket is full"  # type: ignore[arg-type]
    assert buckets.take(key, 1, 60, now=1.0) > 30  # type: ignore[arg-type]
    assert buckets.take(key, 1, 60, now=60.0) == 0  # type: ignore[arg-type]


def test_the_description_names_every_field_and_limit(db: str) -> None:
    answer = Client().get("/api/v1/openapi.json").json()
    operation = answer["paths"]["/api/v1/items"]["post"]
    one, batch = operation["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    assert set(one["required"]) == {"external_id", "source", "content"}
    assert {"author", "created_at", "language", "country", "url", "context", "flags", "policies"} <= set(
        one["properties"]
    )
    assert batch["properties"]["items"]["maxItems"] == 1000
    assert {"202", "400", "401", "403", "413", "422", "429", "503"} <= set(operation["responses"])
    assert "$ref" not in json.dumps(operation["requestBody"])


def test_while_the_database_is_away_a_sender_is_asked_to_come_again(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program()

    def fail(**_: Any) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(actions, "receive", fail)
    answer = program.post(sent())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["error"]["code"] == "database_away"
