"""What tests of arrivals share: an item as it is sent, and a program with a key."""

import json
from typing import Any

from django.test import Client

from reviewapp.accounts.actions import issue_key
from reviewapp.audit.actions import OPERATOR
from reviewapp.intake import actions
from reviewapp.intake.actions import Received
from reviewapp.intake.incoming import read_item


def sent(external_id: str = "post-1", text: str = "Bread at nine", **rest: Any) -> dict[str, Any]:
    """One item as JSON."""
    return {"external_id": external_id, "source": "forum", "content": {"text": text}, **rest}


def flag(kind: str = "user_report", reason: str = "spam", **rest: Any) -> dict[str, Any]:
    """One flag as JSON."""
    return {"kind": kind, "reason": reason, "reporter_id": "u3", **rest}


def take(*items: dict[str, Any]) -> list[Received]:
    """Receive items through the write door; none of them may be refused."""
    outcomes = actions.receive(items=[read_item(item) for item in items], actor=OPERATOR)
    assert all(isinstance(outcome, Received) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, Received)]


class Program:
    """A program that talks to the API with one key."""

    def __init__(self, *scopes: str, sources: tuple[str, ...] = ()) -> None:
        self.issued = issue_key(name="test", scopes=scopes or ("ingest",), sources=sources, actor=OPERATOR)
        self.client = Client(headers={"authorization": f"Bearer {self.issued.key}"})

    def post(self, body: Any, **headers: str) -> Any:
        """POST to /api/v1/items; bytes go as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post("/api/v1/items", raw, content_type="application/json", headers=headers)

    def get(self, path: str, **query: Any) -> Any:
        """GET below /api/v1."""
        return self.client.get(f"/api/v1{path}", query)
