"""The HTTP API of insights: exports as server-side jobs, and erasure."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Schema
from ninja.responses import Status
from pydantic import ConfigDict

from reviewapp.accounts.api import KeyWith, caller
from reviewapp.insights import actions, reads
from reviewapp.insights.views_exports import send
from reviewapp.ui.api import v1
from reviewapp.ui.errors import Forbidden


class ExportIn(Schema):
    """What to export. `since` is a time, or for decisions and audit a position: rows after it."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    format: str = "jsonl"
    since: str = ""


class ExportOut(Schema):
    """An export and how far it has come; `sha256` is set when it is done."""

    id: UUID
    kind: str
    format: str
    state: str
    rows: int
    total: int | None
    bytes: int
    sha256: str
    failure: str
    asked_at: datetime
    done_at: datetime | None


class ErasureOut(Schema):
    """The items that are erased now: the one that was named, with all its revisions."""

    erased: list[UUID]


@v1.post(
    "/exports", auth=KeyWith("export"), tags=["exports"], response={202: ExportOut}, operation_id="ask_export"
)
def ask_export(request: HttpRequest, body: ExportIn) -> Any:
    """Ask for a file. It is written on the server; look at it until its state is `done`."""
    who = caller(request)
    if who.sources:
        raise Forbidden(
            "An export holds every source, and this key is for some only. Ask an admin for another key."
        )
    key = actions.ask_export(
        kind=body.kind, format=body.format, since=actions.read_since(body.since), actor=who.actor, key=who.id
    )
    return Status(202, reads.export_for_key(key, who.id))


@v1.get(
    "/exports/{id}", auth=KeyWith("export"), tags=["exports"], response=ExportOut, operation_id="get_export"
)
def get_export(request: HttpRequest, id: UUID) -> Any:
    """How far it has come."""
    return reads.export_for_key(id, caller(request).id)


@v1.get("/exports/{id}/file", auth=KeyWith("export"), tags=["exports"], operation_id="get_export_file")
def get_export_file(request: HttpRequest, id: UUID) -> HttpResponse:
    """The file, with its SHA-256 in `Repr-Digest` and `X-SHA256`. 409 while it is not done."""
    who = caller(request)
    return send(reads.export_for_key(id, who.id), who.actor)


@v1.delete(
    "/items/{item}",
    auth=KeyWith("erase"),
    tags=["items"],
    response={202: ErasureOut},
    operation_id="erase_item",
)
def erase_item(request: HttpRequest, item: UUID) -> Any:
    """Erase what an item says, with all its revisions, in every room. 409 while a legal hold keeps it."""
    who = caller(request)
    reads.check_may_erase(item, who.sources)
    return Status(202, {"erased": actions.erase(items=[item], actor=who.actor)})
