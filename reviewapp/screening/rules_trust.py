"""Whether anything speaks against a machine closing an item by itself. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Said:
    """What one verdict says that trust hangs on; `dropped_quotes` stand nowhere in the item, `unknown_sections` in no policy."""

    label: str = "allowed"
    confidence: str = "high"
    injection_suspected: bool = False
    dropped_quotes: int = 0
    unknown_sections: int = 0


def why_people_decide(
    said: Sequence[Said], *, unanswered: bool = False, looking: bool = False, unstable: bool = False, held: str = ""
) -> str:  # fmt: skip
    """Why no machine may close an item on these verdicts, the first reason in words; empty where nothing speaks against it.

    `said`: one for each policy; `unanswered`: a policy that was asked has none; `looking`: a second look is on its way;
    `unstable`: second looks disagreed; `held`: why nothing is automatic at all.
    """
    rows = (
        (any(each.injection_suspected for each in said), _("the content tries to steer the reasoner")),
        (not said, _("it has no verdict")),
        (unanswered, _("a policy that was asked has no verdict on it")),
        (
            any(each.label != "allowed" or each.confidence != "high" for each in said),
            _("a verdict is not a confident allowed"),
        ),
        (any(each.dropped_quotes for each in said), _("a verdict quotes words that the item does not hold")),
        (
            any(each.unknown_sections for each in said),
            _("a verdict cites a section that its policy does not have"),
        ),
        (looking, _("it is being judged again")),
        (unstable, _("second looks disagreed")),
    )
    return next((why for holds, why in rows if holds), held)
