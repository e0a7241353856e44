"""The read door of the form of one's own call: what it held when a decision was saved with it."""

from uuid import UUID

from reviewapp.policies import reads as policies
from reviewapp.review import reads_actions
from reviewapp.review.models import Decision


def as_saved(made: Decision) -> dict[str, str]:
    """Name to value of the form's fields as `made` was saved.

    An action that is usual for the section comes back as none: chosen by hand, it would stay when the section changes.
    """
    finding = made.findings.values_list("version_id", "section").first()
    weighed = _weighed(*finding) if finding else []
    usual = reads_actions.usuals([each[0] for each in weighed]).action(str(made.label), weighed)
    action = made.actions[0]["code"]
    return {
        "section": f"{finding[0]}:{finding[1]}" if finding else str(made.label),
        "action": "" if action == usual else action,
        "reason_code": made.reason_code,
        "reason": made.reason,
    }


def _weighed(version: UUID, code: str) -> list[tuple[UUID, str, int]]:
    sections = policies.version_sections(version)
    return [(version, each.code, each.severity) for each in sections if each.code == code]
