"""The HTTP doors through which programs read items and final decisions."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Schema

from reviewapp.accounts.api import KeyWith, caller
from reviewapp.intake.rules import ItemState
from reviewapp.review import reads_api
from reviewapp.ui.api import v1

Limit = Annotated[int, Query(ge=1, le=1000, description="rows of one page")]
Text = Annotated[str, Query(max_length=500)]


class PolicyNamed(Schema):
    """The exact text that was judged by."""

    slug: str
    version: int
    hash: str


class VerdictShown(Schema):
    """What the reasoner said; `current`: the one that screens show for its policy."""

    id: UUID
    label: str
    confidence: str
    sections: list[str]
    evidence: list[str]
    evidence_against: list[str]
    rationale: str
    policy: PolicyNamed
    model: str
    current: bool
    at: datetime


class FindingShown(Schema):
    """A section that a decision rests on."""

    policy: str
    version: int
    hash: str
    section: str


class DecisionShown(Schema):
    """What a person decided; not `final` until its undo window has ended."""

    id: UUID
    label: str | None
    kind: str
    final: bool
    findings: list[FindingShown]
    actions: list[Any]
    at: datetime


class ItemShown(Schema):
    """One item, where it stands, and what was said of it."""

    id: UUID
    external_id: str
    source: str
    revision: int
    state: ItemState
    route: str | None
    risk: float | None
    received_at: datetime
    verdicts: list[VerdictShown]
    decision: DecisionShown | None


class ItemPage(Schema):
    """A page of items."""

    items: list[ItemShown]
    next_cursor: str | None


class ItemNamed(Schema):
    """Which item a decision is about."""

    id: UUID
    external_id: str
    source: str
    revision: int


class DecisionPlaced(DecisionShown):
    """A final decision with its place in the feed."""

    position: int
    item: ItemNamed


class DecisionPage(Schema):
    """A page of decisions; keep the `position` of the last one you saw and ask again with it as the cursor."""

    items: list[DecisionPlaced]
    next_cursor: str | None


@v1.get("/items", auth=KeyWith("read"), response=ItemPage, tags=["items"], operation_id="list_items")
def list_items(
    request: HttpRequest,
    source: Text = "",
    external_id: Text = "",
    state: ItemState | None = None,
    limit: Limit = 100,
    cursor: Text = "",
) -> Any:
    """Items in the order they were received."""
    return reads_api.items(
        sources=caller(request).sources, source=source, external_id=external_id, state=state or "",
        limit=limit, cursor=cursor,
    )  # fmt: skip


@v1.get("/items/{item}", auth=KeyWith("read"), response=ItemShown, tags=["items"], operation_id="read_item")
def read_item(request: HttpRequest, item: UUID) -> Any:
    """One item with its verdicts and its decision."""
    return reads_api.item(item, sources=caller(request).sources)


@v1.get(
    "/decisions",
    auth=KeyWith("read"),
    response=DecisionPage,
    tags=["decisions"],
    operation_id="list_decisions",
)
def list_decisions(request: HttpRequest, limit: Limit = 100, cursor: Text = "") -> Any:
    """Final decisions in the order of their position: none is ever missed by who goes on from the last one seen."""
    return reads_api.decisions(sources=caller(request).sources, limit=limit, cursor=cursor)
