"""The states of a version. Pure."""

from enum import StrEnum
from typing import Final

from reviewapp.ui.states import State


class VersionState(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    PUBLISHED = "published"
    RETIRED = "retired"


VERSION_STATES: Final[dict[str, State]] = {
    "draft": State("Draft", "policy author", "is proposed", ("proposed",)),
    "proposed": State("Proposed", "policy approver", "is approved or sent back", ("approved", "draft")),
    "approved": State("Approved", "policy approver", "is published or sent back", ("published", "draft")),
    "published": State("Published", "policy author", "judges items until another version does", ("retired",)),
    "retired": State("Retired", "nobody", "kept for the record"),
}
