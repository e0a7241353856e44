"""What webhooks say: built when they are sent, without the reasoner's words, content, or a reviewer's name."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from reviewapp.intake.models import Item
from reviewapp.review.models import Decision
from reviewapp.review.reads_api import decision_findings, decision_json


class Told(Protocol):
    """A delivery as far as its body needs it."""

    @property
    def id(self) -> UUID: ...
    @property
    def event(self) -> str: ...
    @property
    def item(self) -> UUID: ...
    @property
    def decision(self) -> UUID | None: ...
    @property
    def created_at(self) -> datetime: ...


def bodies(told: Sequence[Told]) -> dict[UUID, dict[str, Any]]:
    """The body of each delivery by its id. Of a restricted item only its ids are said, of a test nothing."""
    items = Item.objects.select_related("source").in_bulk([each.item for each in told])
    keys = [each.decision for each in told if each.decision]
    decisions = Decision.objects.select_related("lead__version__policy").in_bulk(keys)
    findings = decision_findings(keys)
    return {each.id: _body(each, items.get(each.item), decisions, findings) for each in told}


def _body(
    told: Told, item: Item | None, decisions: Mapping[UUID, Decision], findings: Mapping[UUID, list[dict[str, Any]]]
) -> dict[str, Any]:  # fmt: skip
    decision = decisions.get(told.decision) if told.decision else None
    at = decision.at if decision else told.created_at
    data: dict[str, Any] = {"item": _item(item) if item else None}
    if item and decision and not item.restricted:
        found = findings[decision.pk]
        data |= {
            "decision": _decision(decision),
            "policy": _lead_policy(decision, found),
            "findings": found,
            "actions": decision.actions,
        }
    return {"type": told.event, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data}


def _item(item: Item) -> dict[str, Any]:
    named: dict[str, Any] = {
        "id": str(item.pk),
        "external_id": item.external_id,
        "source": item.source.name,
        "revision": item.revision,
    }
    return named | ({"restricted": True} if item.restricted else {})


def _decision(decision: Decision) -> dict[str, Any]:
    said = decision_json(decision, [], final=True)
    kept = {name: said[name] for name in ("id", "label", "kind", "final")}
    replaced = str(decision.replaces_id) if decision.replaces_id else None
    return kept | {"replaces": replaced, "at": decision.at.isoformat().replace("+00:00", "Z")}


def _lead_policy(decision: Decision, findings: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The policy of the lead finding; of the lead verdict where nothing was found."""
    if findings:
        lead = findings[0]
        return {"slug": lead["policy"], "version": lead["version"], "hash": lead["hash"]}
    if decision.lead is None:
        return None
    version = decision.lead.version
    return {"slug": version.policy.slug, "version": version.number, "hash": version.hash}
