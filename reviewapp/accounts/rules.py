"""Who may do what: roles, scopes and the one table. Pure."""

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _

from reviewapp.ui.words import Words


class Role(StrEnum):
    """What a person is here for; a person has a set of them."""

    MODERATOR = "moderator"
    SENIOR = "senior"
    POLICY_AUTHOR = "policy_author"
    POLICY_APPROVER = "policy_approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a key may do."""

    INGEST = "ingest"
    READ = "read"
    EXPORT = "export"
    APPEAL = "appeal"
    ERASE = "erase"


EVERYBODY: Final = frozenset(Role)
_READS_THE_LAB: Final = frozenset(
    {Role.POLICY_AUTHOR, Role.POLICY_APPROVER, Role.SENIOR, Role.AUDITOR, Role.ADMIN}
)
_WORKS_QUEUES: Final = frozenset({Role.MODERATOR, Role.SENIOR, Role.ADMIN})

MAY: Final[dict[str, frozenset[Role]]] = {
    "queues.see": EVERYBODY,
    "queue.work": _WORKS_QUEUES,
    "queue.see_verdicts": frozenset({Role.SENIOR, Role.ADMIN}),
    "claim.take_over": frozenset({Role.SENIOR, Role.ADMIN}),
    "item.restrict": _WORKS_QUEUES,
    "item.note": _WORKS_QUEUES,
    "author.see": _WORKS_QUEUES | {Role.AUDITOR},
    "author.protect": frozenset({Role.SENIOR, Role.ADMIN}),
    "queue.manage": frozenset({Role.SENIOR, Role.ADMIN}),
    "exception.grant": frozenset({Role.SENIOR, Role.ADMIN}),
    "item.reopen": frozenset({Role.SENIOR, Role.ADMIN}),
    "actions.manage": frozenset({Role.ADMIN}),
    "routing.manage": frozenset({Role.ADMIN}),
    "item.judge_now": _WORKS_QUEUES,
    "item.hold": frozenset({Role.SENIOR, Role.ADMIN}),
    "item.erase": frozenset({Role.ADMIN}),
    "decision.see": EVERYBODY,
    "policy.see": EVERYBODY,
    "policy.draft": frozenset({Role.POLICY_AUTHOR, Role.ADMIN}),
    "case.add": _WORKS_QUEUES | {Role.POLICY_AUTHOR, Role.POLICY_APPROVER},
    "policy.approve": frozenset({Role.POLICY_APPROVER, Role.ADMIN}),
    "policy.publish": frozenset({Role.POLICY_APPROVER, Role.ADMIN}),
    "lab.see": _READS_THE_LAB,
    "lab.run": frozenset({Role.POLICY_AUTHOR, Role.POLICY_APPROVER, Role.ADMIN}),
    "engine.see": EVERYBODY,
    "engine.manage": frozenset({Role.ADMIN}),
    "prefilter.see": EVERYBODY,
    "prefilter.switch": frozenset({Role.ADMIN}),
    "audit.see": frozenset({Role.AUDITOR, Role.ADMIN, Role.SENIOR}),
    "export.make": frozenset({Role.AUDITOR, Role.ADMIN}),
    "members.manage": frozenset({Role.ADMIN}),
    "keys.manage": frozenset({Role.ADMIN}),
    "webhooks.manage": frozenset({Role.ADMIN}),
    "settings.own": EVERYBODY,
    "help.read": EVERYBODY,
}
"""Permission to the roles that have it. A person may do what any of their roles may."""

ACTS: Final[dict[str, Words]] = {
    "queues.see": _("See the queues"),
    "queue.work": _("Work queues"),
    "queue.see_verdicts": _("List with verdicts"),
    "claim.take_over": _("Take over claims"),
    "item.restrict": _("Restrict an item"),
    "item.note": _("Write notes on items"),
    "author.see": _("Open an author's history"),
    "author.protect": _("Say that an account needs a senior"),
    "queue.manage": _("Say who works a queue and who is on call"),
    "exception.grant": _("Grant exceptions"),
    "item.reopen": _("Reopen what is decided"),
    "actions.manage": _("Keep the catalogue of actions"),
    "routing.manage": _("Change the routing rules"),
    "item.judge_now": _("Have an item judged ahead of the rest"),
    "item.hold": _("Place and lift legal holds"),
    "item.erase": _("Erase content"),
    "decision.see": _("See decisions"),
    "policy.see": _("Read policies"),
    "policy.draft": _("Write and propose policies"),
    "case.add": _("Add or suggest cases"),
    "policy.approve": _("Approve versions, never their own"),
    "policy.publish": _("Publish approved versions"),
    "lab.see": _("See gates, re-runs, evaluations and disagreements"),
    "lab.run": _("Try drafts, run gates and re-runs, answer disagreements"),
    "engine.see": _("See the reasoner's state"),
    "engine.manage": _("Pause the reasoner, set second looks, accept a changed engine"),
    "prefilter.see": _("See the prefilter's state"),
    "prefilter.switch": _("Switch the prefilter"),
    "audit.see": _("Read the audit log"),
    "export.make": _("Export"),
    "members.manage": _("Manage members"),
    "keys.manage": _("Manage API keys"),
    "webhooks.manage": _("Manage webhooks"),
    "settings.own": _("Change their own settings"),
    "help.read": _("Read the manual"),
}
"""Permission to the words that screens and the manual use for it."""


def may(roles: Iterable[str], permission: str) -> bool:
    """Whether somebody with `roles` has `permission`; KeyError for a permission that is not in the table."""
    return not MAY[permission].isdisjoint(roles)


KEY_MARK: Final = "rk"


def key_prefix(key: str) -> str:
    """The public part of an API key `rk_PREFIX_SECRET`; empty when `key` is not of that shape."""
    mark, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    return prefix if mark == KEY_MARK and prefix and secret and len(key) <= 200 else ""


def key_digest(key: str) -> bytes:
    """SHA-256 of a whole API key; the key has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(key.encode("utf-8")).digest()
