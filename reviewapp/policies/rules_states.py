"""The states of a policy version. Pure."""

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
    DISCARDED = "discarded"


VERSION_STATES: Final[dict[str, State]] = {
    "draft": State("Draft", "policy author", "is proposed or discarded", ("proposed", "discarded")),
    "proposed": State("Proposed", "policy approver", "is approved or sent back", ("approved", "draft")),
    "approved": State("Approved", "policy approver", "is published or sent back", ("published", "draft")),
    "published": State("Published", "policy author", "judges items until another version does", ("retired",)),
    "retired": State("Retired", "nobody", "kept for the record"),
    "discarded": State("Discarded", "nobody", "kept for the record"),
}
