"""The read door of judging one item now: which policies owe it a verdict, and who waits in the line for one."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.policies import reads as policies
from reviewapp.policies.reads import InForce
from reviewapp.screening import reads
from reviewapp.screening.reads import Asked, PanelVerdict, Said
from reviewapp.screening.rules import JudgementState, RunKind
from reviewapp.screening.rules_line import Lane

HOPELESS: Final = frozenset({"too_long"})
"""Failures that asking again cannot mend."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A policy in force without a verdict on the item; `why` says in words what there is instead."""

    version: UUID
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What *Judge now* would do. `waiting`: policies in the line or being judged; `ahead`: all of these are in front."""

    missing: tuple[Missing, ...]
    waiting: int
    ahead: bool
    asked_before: bool

    @property
    def open(self) -> bool:
        """Whether pressing the button changes anything."""
        return bool(self.missing) or not self.asked_before or (self.waiting > 0 and not self.ahead)

    @property
    def why(self) -> str:
        """Why somebody would press it, in words; empty where only the line is long."""
        return "; ".join(f"{each.title}: {each.why}" for each in self.missing)


def offer(item: UUID) -> Offer:
    """Where an item stands with the policies in force."""
    return offer_of(reads.said_of(item), policies.in_force())


def offer_of(said: Said, in_force: Collection[InForce]) -> Offer:
    """The same from what was read already: what machines said of the item, and the policies in force."""
    live = [each for each in said.asked if each.kind == RunKind.LIVE]
    last = {each.version_id: each for each in live}
    shown = {each.policy_id: each for each in said.panel}
    touched = shown.keys() | {each.policy_id for each in live}
    missing, waiting = [], []
    for each in sorted(in_force, key=lambda each: each.title):
        asked, old = last.get(each.version_id), shown.get(each.policy_id)
        if asked and asked.is_open:
            waiting.append(asked.state == JudgementState.LEASED or asked.lane == Lane.NOW)
        elif each.policy_id in touched and _is_missing(each, asked, old):
            missing.append(
                Missing(
                    each.version_id, f"{each.title} v{each.number}", _why(asked, old.number if old else None)
                )
            )
    asked_before = any(each.policy_id in touched for each in in_force)
    return Offer(tuple(missing), len(waiting), all(waiting), asked_before)


def _is_missing(policy: InForce, asked: Asked | None, old: PanelVerdict | None) -> bool:
    if old and old.version_id == policy.version_id:
        return False
    return asked is None or (asked.state != JudgementState.DONE and asked.failure_kind not in HOPELESS)


def _why(asked: Asked | None, old: int | None) -> str:
    if asked is not None and asked.state == JudgementState.FAILED:
        return _("no verdict came")
    return _("only v%(number)d judged it") % {"number": old} if old else _("not asked yet")
