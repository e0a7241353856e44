"""The HTTP API of policies: what is in force, and any version that ever was, with text, sections and hash."""

from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from reviewapp.accounts.api import KeyWith
from reviewapp.policies import reads
from reviewapp.policies.models import Version
from reviewapp.ui.api import v1

MOST: Final = 1_000


class SectionOut(Schema):
    """One section: its rule, examples, and the text for author and reporter."""

    id: str
    title: str
    severity: int
    response: str | None
    text: str
    violating_examples: list[str]
    allowed_examples: list[str]
    public: str


class PolicyOut(Schema):
    """One version. `text` is exactly what the reasoner is sent; `hash` is SHA-256 over it and the severities."""

    slug: str
    version: int
    state: str
    title: str
    family: str | None
    language: str
    effort: str
    applies: dict[str, Any]
    hash: str
    published_at: datetime | None
    text: str
    sections: list[SectionOut]


class PoliciesOut(Schema):
    """A page of policies in force, by slug."""

    items: list[PolicyOut]
    next_cursor: str | None


@v1.get(
    "/policies", auth=KeyWith("read"), response=PoliciesOut, tags=["policies"], operation_id="list_policies"
)
def policies(
    request: HttpRequest,
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST,
    cursor: Annotated[str, Field(max_length=60)] = "",
) -> dict[str, Any]:
    """Policies in force, by slug. Pass `next_cursor` as `cursor` for the next page."""
    rows = list(reads.api_versions().filter(policy__slug__gt=cursor)[: limit + 1])
    shown = rows[:limit]
    return {
        "items": [_out(row) for row in shown],
        "next_cursor": shown[-1].policy.slug if len(rows) > limit else None,
    }


@v1.get(
    "/policies/{slug}/versions/{int:number}", auth=KeyWith("read"), response=PolicyOut, tags=["policies"],
    operation_id="get_policy_version",
)  # fmt: skip
def policy_version(request: HttpRequest, slug: str, number: int) -> dict[str, Any]:
    """One version that is or was in force."""
    return _out(reads.api_version(slug, number))


def _out(row: Version) -> dict[str, Any]:
    sections = [
        {
            "id": each.code, "title": each.title, "severity": each.severity, "response": each.response or None,
            "text": each.model_text, "violating_examples": each.violating_examples,
            "allowed_examples": each.allowed_examples, "public": each.public,
        }
        for each in row.sections.all()
    ]  # fmt: skip
    return {
        "slug": row.policy.slug, "version": row.number, "state": row.state, "title": row.title,
        "family": row.policy.family, "language": row.language, "effort": row.effort, "applies": row.applies,
        "hash": row.hash, "published_at": row.published_at, "text": row.model_text, "sections": sections,
    }  # fmt: skip
