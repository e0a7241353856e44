"""Versions as rows: found, locked, moved only by whoever saw their present state."""

from typing import Any, Final, Never
from uuid import UUID

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.policies import rules
from reviewapp.policies.models import Policy, Version
from reviewapp.policies.rules import Document, PolicyFileError, VersionState
from reviewapp.ui.errors import Forbidden, Missing, ProductError, Stale
from reviewapp.ui.states import predecessors

OPEN_STATES: Final = (VersionState.DRAFT, VersionState.PROPOSED, VersionState.APPROVED)
MOST_NOTE: Final = 500


class StaleVersion(Stale):
    """Somebody changed the version after the page was made; details carry its state, saves, hash and source."""


class OwnVersion(Forbidden):
    """Nobody approves or publishes words of their own."""


class HeldByOther(StaleVersion):
    """Somebody else writes in the draft now; `details` carries their name as well."""


def found_version(key: UUID, *, lock: bool = False) -> Version:
    """The version, with its policy; locked for this transaction on request. Raises Missing."""
    rows = Version.objects.select_related("policy")
    row = (rows.select_for_update(of=("self",)) if lock else rows).filter(pk=key).first()
    if row is None:
        raise Missing(_("There is no such version. Look at the policy's list of versions."))
    return row


def locked_policy(key: UUID) -> Policy:
    """The policy, locked for this transaction. Raises Missing."""
    policy = Policy.objects.select_for_update().filter(pk=key).first()
    if policy is None:
        raise Missing(_("There is no such policy. Look at the list of policies."))
    return policy


def expect(
    row: Version,
    following: VersionState,
    *,
    saves: int | None = None,
    seen: str | None = None,
    cases: str | None = None,
) -> None:
    """Raise StaleVersion unless `row` may become `following` and is what the person saw."""
    moved = row.state not in predecessors(rules.VERSION_STATES, following)
    other = (saves is not None and row.saves != saves) or (seen is not None and row.hash != seen)
    if moved or other or (cases is not None and row.cases_hash != cases):
        refuse_stale(row)


def change(row: Version, **values: Any) -> None:
    """Update `row` if nobody moved or saved it since it was read; else raise StaleVersion."""
    unchanged = Version.objects.filter(
        pk=row.pk, state=row.state, saves=row.saves, hash=row.hash, cases_hash=row.cases_hash
    )
    if not unchanged.update(**values):
        refuse_stale(found_version(row.pk))


def refuse_stale(row: Version) -> Never:
    """Raise StaleVersion in the words that fit the row's state."""
    if row.state == VersionState.DRAFT:
        told = _("Somebody saved this draft after you opened it.")
    elif row.state == VersionState.DISCARDED:
        told = _("This draft was discarded.")
    else:
        told = _("This version is %(state)s now; its text is frozen until it is sent back.") % {
            "state": rules.STATE_WORDS[row.state]
        }
    advice = _("Nothing of yours was stored. Compare with the current state and try again.")
    raise StaleVersion(
        f"{told} {advice}",
        state=row.state, saves=row.saves, hash=row.hash, source=row.source,
    )  # fmt: skip


def refuse_held(row: Version, person: Person) -> None:
    """Raise HeldByOther while somebody else holds the draft."""
    other = (
        Version.objects.filter(pk=row.pk, held_until__gt=Now())
        .exclude(held_by=person)
        .select_related("held_by")
        .first()
    )
    if other is not None and other.held_by is not None:
        raise HeldByOther(
            _("%(holder)s writes in this draft now. Nothing of yours was stored in it. Take it over, or wait.") % {"holder": other.held_by},
            state=row.state, saves=row.saves, hash=row.hash, source=row.source, holder=str(other.held_by),
        )  # fmt: skip


def refuse_own(row: Version, person: Person) -> None:
    """Raise OwnVersion for anybody who wrote, drafted or proposed it."""
    if person.pk in {*row.writers, row.drafted_by_id, row.proposed_by_id}:
        raise OwnVersion(
            _("You wrote or proposed this version. Somebody else has to approve and publish it.")
        )


def retire_published(policy: Policy, actor: Actor) -> UUID | None:
    """Retire the version in force under the policy's lock; gives its key."""
    row = policy.versions.filter(state=VersionState.PUBLISHED).first()
    if row is None:
        return None
    Version.objects.filter(pk=row.pk).update(state=VersionState.RETIRED, retired_at=Now(), gate_due_at=None)
    data = {"version": str(row.pk), "number": row.number}
    record(verb="policy.retired", actor=actor, subjects=[row.pk], data=data)
    return row.pk


def record_published(row: Version, actor: Actor, *, previous: UUID | None, gate: str) -> None:
    """Tell the audit log, and let the policy take the prefilter head of the text in force."""
    family = rules.parse(row.source).family
    Policy.objects.filter(pk=row.policy_id).update(family=family)
    data = bound(row) | {"number": row.number, "gate": gate, "previous": str(previous) if previous else None}
    record(verb="policy.published", actor=actor, subjects=[row.pk], data=data)


def with_writer(row: Version, *people: UUID | None) -> list[UUID]:
    """The writers of a version and these people."""
    return list(dict.fromkeys([*row.writers, *(person for person in people if person)]))


def checked_note(note: str) -> str:
    """A change note as one printable line of at most 500 characters; raises ProductError."""
    return _line(note, _("A change note has at most %(most)s printable characters."))


def checked_reason(reason: str) -> str:
    """A reason as one printable line of at most 500 characters; raises ProductError."""
    return _line(reason, _("A reason has at most %(most)s printable characters."))


def _line(text: str, refusal: str) -> str:
    shown = " ".join(text.split())
    if len(shown) > MOST_NOTE or not shown.isprintable():
        raise ProductError(refusal % {"most": MOST_NOTE})
    return shown


def readable(source: str, slug: str) -> Document | None:
    """The document, or None while it has problems. Raises PolicyFileError for text that cannot even be stored."""
    rules.check_storable(source)
    try:
        return read_for(source, slug)
    except PolicyFileError:
        return None


def read_for(source: str, slug: str) -> Document:
    """The document; a slug other than the policy's is a problem too."""
    document = rules.parse(source)
    rules.check_slug(source, document, slug)
    return document


def bound(row: Version) -> dict[str, Any]:
    """What events about a version carry."""
    return {"version": str(row.pk), "hash": row.hash}
