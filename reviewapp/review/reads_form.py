"""The read door of the form of one's own call: what it held when a decision was saved with it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from reviewapp.policies import reads as policies
from reviewapp.review import reads_actions
from reviewapp.review.models import Decision
from reviewapp.review.rules_actions import ActionChoice


def as_saved(made: Decision) -> dict[str, str]:
    """Name to value of the form's fields as `made` was saved.

    What is usual comes back as empty: chosen by hand, it would stay when the section changes.
    """
    finding = made.findings.values_list("version_id", "section").first()
    weighed = _weighed(*finding) if finding else []
    usuals, does = reads_actions.usuals([each[0] for each in weighed]), made.actions[0]
    as_usual = made.exception or does["code"] == usuals.action(str(made.label), weighed)
    return _typed_of(does, usuals.catalogue) | {
        "section": f"{finding[0]}:{finding[1]}" if finding else str(made.label),
        "action": "" if as_usual else does["code"],
        "exception": made.exception,
        "review_on": made.review_on.isoformat() if made.review_on else "",
        "reason_code": made.reason_code,
        "reason": made.reason,
    }


def _weighed(version: UUID, code: str) -> list[tuple[UUID, str, int]]:
    sections = policies.version_sections(version)
    return [(version, each.code, each.severity) for each in sections if each.code == code]


def _typed_of(does: Mapping[str, Any], catalogue: Sequence[ActionChoice]) -> dict[str, str]:
    """How long and where, unless the action has that by itself."""
    choice = next((each for each in catalogue if each.code == does["code"]), None)
    days, places = does["parameters"].get("days", 0), tuple(does["parameters"].get("territories", ()))
    usual = (choice.days, choice.territories) if choice else (0, ())
    return {
        "days": "" if days == usual[0] else str(days),
        "territories": "" if places == usual[1] else " ".join(places),
    }
