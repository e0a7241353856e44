"""The read door of the catalogue of actions."""

from reviewapp.review.models import ActionKind
from reviewapp.review.rules_actions import SUPPLIED, ActionChoice


def catalogue(*, retired: bool = False) -> tuple[ActionChoice, ...]:
    """The actions that can be chosen, in their order; `retired` adds those that no longer can."""
    rows = list(ActionKind.objects.all())
    if not rows:
        return SUPPLIED
    return tuple(
        ActionChoice(
            row.code, row.label, row.restriction, row.days, tuple(row.territories), tuple(row.requires),
            tuple(row.severities), row.second,
        )
        for row in rows
        if row.active or retired
    )  # fmt: skip


def labels() -> dict[str, str]:
    """Code to words of every action that was ever in the catalogue."""
    return {each.code: each.label for each in (*SUPPLIED, *catalogue(retired=True))}
