"""The six ways to escalate: where each goes, how fast, and what has to be answered. Pure."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its words in English, queue, minutes to be decided in, minutes until the next person on call is told.

    `limits`: the item is limited at once (can be lifted). `keeps`: a hold refuses its erasure. `answers`: the checklist
    must be filled in before the decision. `heavy`: the person who escalated is offered support.
    """

    words: str
    slug: str
    target_minutes: int
    clock_minutes: int
    urgent: bool = False
    limits: bool = False
    keeps: bool = False
    answers: bool = False
    heavy: bool = False


KINDS: Final[dict[str, Kind]] = {
    "threat_to_life": Kind(_("Threat to life"), "urgent-life", 10, 5, True, True, True, True, True),
    "child_safety": Kind(_("Child safety"), "urgent-child-safety", 10, 5, True, True, True, True, True),
    "authority": Kind(_("Authority"), "authority", 60, 15, True, False, True, True),
    "legal": Kind(_("Legal"), "legal", 240, 60, False, False, True),
    "press": Kind(_("Press or high profile"), "press", 120, 30),
    "policy_question": Kind(_("Policy question"), "policy-questions", 480, 240),
}
"""Code to kind, in the order of the digits after `e`."""
