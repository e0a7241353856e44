"""The states of a policy version. Pure."""

from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviewapp.ui.states import State
from reviewapp.ui.words import Words


class VersionState(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    PUBLISHED = "published"
    RETIRED = "retired"
    DISCARDED = "discarded"


VERSION_STATES: Final[dict[str, State]] = {
    "draft": State(_("Draft"), "policy author", _("is proposed or discarded"), ("proposed", "discarded")),
    "proposed": State(_("Proposed"), "policy approver", _("is approved or sent back"), ("approved", "draft")),
    "approved": State(
        _("Approved"), "policy approver", _("is published or sent back"), ("published", "draft")
    ),
    "published": State(
        _("Published"), "policy author", _("judges items until another version does"), ("retired",)
    ),
    "retired": State(_("Retired"), "nobody", _("kept for the record")),
    "discarded": State(_("Discarded"), "nobody", _("kept for the record")),
}

STATE_WORDS: Final[dict[str, Words]] = {
    "draft": pgettext_lazy("version", "draft"),
    "proposed": pgettext_lazy("version", "proposed"),
    "approved": pgettext_lazy("version", "approved"),
    "published": pgettext_lazy("version", "published"),
    "retired": pgettext_lazy("version", "retired"),
    "discarded": pgettext_lazy("version", "discarded"),
}
"""The states in the middle of a line: `v3, published`."""

STEP_WORDS: Final[dict[str, Words]] = {
    "drafted": _("{who} drafted"),
    "proposed": _("{who} proposed"),
    "approved": _("{who} approved"),
    "published": _("{who} published"),
    "retired": _("taken out of force"),
}
"""What was done to a version, by whom."""
