"""The write door of policies: drafts, the two people it takes to publish one, import from files."""

from collections.abc import Sequence
from typing import Any, Final, Never
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.policies import rules
from reviewapp.policies.models import Case, Policy, Section, Version
from reviewapp.policies.rules import CaseText, Document, PolicyFileError, VersionState
from reviewapp.ui.errors import Forbidden, Missing, ProductError, Stale
from reviewapp.ui.states import predecessors

OPEN_STATES: Final = (VersionState.DRAFT, VersionState.PROPOSED, VersionState.APPROVED)
MOST_NOTE: Final = 500


class StaleVersion(Stale):
    """Somebody changed the version after the page was made; details carry its state, saves, hash and source."""


class OwnVersion(Forbidden):
    """Nobody approves or publishes words of their own."""


class NothingToPropose(ProductError):
    """The draft says the same as the published version."""

    status = 409
    code = "nothing_changed"


def create_policy(*, source: str, person: Person) -> Version:
    """Make a policy with its first draft out of a file's text.

    Raises PolicyFileError for text that is no policy, Stale for a slug that is taken, Forbidden.
    """
    check_may(person, "policy.draft")
    document = rules.parse(source)
    try:
        with transaction.atomic():
            policy = Policy.objects.create(slug=document.slug, family=document.family)
            return _add_version(policy, source, document, actor=Actor.person(person.pk), person=person)
    except IntegrityError as error:
        raise Stale(f"There is a policy {document.slug} already. Open it and start a draft there.") from error


def start_draft(*, policy: UUID, person: Person) -> Version:
    """Start the next version from the published text, or the latest one where none is published.

    Raises Missing, Forbidden, and Stale where a draft is already open.
    """
    check_may(person, "policy.draft")
    try:
        with transaction.atomic():
            held = _locked_policy(policy)
            origin = held.versions.filter(state=VersionState.PUBLISHED).first()
            origin = origin or held.versions.order_by("-number").first()
            if origin is None:
                raise Missing("This policy has no text yet. Import a file with its slug.")
            document = rules.parse(origin.source)
            return _add_version(held, origin.source, document, actor=Actor.person(person.pk), person=person)
    except IntegrityError as error:
        raise Stale("A draft of this policy is open already. Open it, or discard it first.") from error


@transaction.atomic
def save_draft(*, version: UUID, source: str, saves: int, change_note: str, person: Person) -> Version:
    """Keep what was typed, also while it is no policy yet; then it has no hash and cannot be proposed.

    `saves` is the count the page was made from. Raises StaleVersion when somebody saved or proposed since,
    PolicyFileError only for text that cannot be stored (over 200 kB, NUL), Missing, Forbidden.
    """
    check_may(person, "policy.draft")
    row = _version(version)
    if row.state != VersionState.DRAFT or row.saves != saves:
        _refuse_stale(row)
    document = _readable(source, row.policy.slug)
    before = row.source
    values = {"source": source, "change_note": _checked_note(change_note)} | _text_fields(document, row.title)
    writers = row.writers if person.pk in row.writers else [*row.writers, person.pk]
    _change(row, saves=F("saves") + 1, saved_at=Now(), writers=writers, **values)
    row = _version(version)
    _store_sections(row, document)
    actor = Actor.person(person.pk)
    if document:
        _store_cases(row.policy, document.cases, before=before, actor=actor)
    record(verb="policy.saved", actor=actor, subjects=[row.pk], data=_bound(row) | {"saves": row.saves})
    return row


@transaction.atomic
def propose(*, version: UUID, person: Person, saves: int | None = None) -> Version:
    """Freeze the draft and ask a second person; `saves` binds it to what the page showed.

    Raises PolicyFileError while the text has problems, NothingToPropose, StaleVersion, Missing, Forbidden.
    """
    check_may(person, "policy.draft")
    row = _version(version)
    _expect(row, VersionState.PROPOSED, saves=saves)
    _read_for(row.source, row.policy.slug)
    if row.policy.versions.filter(state=VersionState.PUBLISHED, source=row.source).exists():
        raise NothingToPropose("This draft says the same as the published version. Change it or discard it.")
    _change(row, state=VersionState.PROPOSED, proposed_by=person, proposed_at=Now())
    record(verb="policy.proposed", actor=Actor.person(person.pk), subjects=[row.pk], data=_bound(row))
    return _version(version)


@transaction.atomic
def return_to_draft(*, version: UUID, person: Person) -> Version:
    """Send a proposed or approved version back, or take it back; any approval is void.

    Authors and approvers may. Raises StaleVersion, Missing, Forbidden.
    """
    if not {"policy_author", "admin"} & set(person.roles):
        check_may(person, "policy.approve")
    row = _version(version)
    _expect(row, VersionState.DRAFT)
    _change(
        row, state=VersionState.DRAFT, proposed_by=None, proposed_at=None, approved_by=None, approved_at=None
    )
    record(verb="policy.returned", actor=Actor.person(person.pk), subjects=[row.pk], data=_bound(row))
    return _version(version)


@transaction.atomic
def approve(*, version: UUID, hash: str, person: Person, saves: int | None = None) -> Version:
    """Approve the exact text whose `hash` the person saw.

    Raises OwnVersion for anybody who wrote or proposed it, StaleVersion when it moved, Missing, Forbidden.
    """
    check_may(person, "policy.approve")
    row = _version(version)
    _expect(row, VersionState.APPROVED, saves=saves, seen=hash)
    _refuse_own(row, person)
    _change(row, state=VersionState.APPROVED, approved_by=person, approved_at=Now())
    record(verb="policy.approved", actor=Actor.person(person.pk), subjects=[row.pk], data=_bound(row))
    return _version(version)


@transaction.atomic
def publish(*, version: UUID, hash: str, person: Person, saves: int | None = None) -> Version:
    """Let an approved version judge items from now on; the one before retires in the same transaction.

    The approver may do it, a writer of it may not. Raises OwnVersion, StaleVersion, Missing, Forbidden.
    """
    check_may(person, "policy.publish")
    _locked_policy(_version(version).policy_id)
    row = _version(version)
    _expect(row, VersionState.PUBLISHED, saves=saves, seen=hash)
    _refuse_own(row, person)
    actor = Actor.person(person.pk)
    previous = _retire_published(row.policy, actor)
    _change(row, state=VersionState.PUBLISHED, published_by=person, published_at=Now(), gate_waived=True)
    _record_published(row, actor, previous=previous, gate="not_run")
    return _version(version)


@transaction.atomic
def discard_draft(*, version: UUID, person: Person) -> None:
    """Throw a draft away; a policy that never had another version goes with it.

    Raises StaleVersion for a version that is no draft any more, Missing, Forbidden.
    """
    check_may(person, "policy.draft")
    policy = _locked_policy(_version(version).policy_id)
    row = _version(version)
    if row.state != VersionState.DRAFT:
        _refuse_stale(row)
    actor = Actor.person(person.pk)
    data = {"version": str(row.pk), "number": row.number}
    record(verb="policy.discarded", actor=actor, subjects=[row.pk], data=data)
    row.delete()
    latest = policy.versions.order_by("-number").first()
    if latest is None:
        policy.delete()
    else:
        document = _readable(latest.source, policy.slug)
        _store_cases(policy, document.cases if document else (), before=row.source, actor=actor)


@transaction.atomic
def retire(*, policy: UUID, person: Person) -> None:
    """Take the published version out of force without a successor. Raises Stale where none is, Missing, Forbidden."""
    check_may(person, "policy.publish")
    if _retire_published(_locked_policy(policy), Actor.person(person.pk)) is None:
        raise Stale("No version of this policy is published any more. Reload the page.")


@transaction.atomic
def import_policy(
    *, source: str, actor: Actor, publish: bool, more_cases: tuple[CaseText, ...] = ()
) -> Version:
    """Take a policy file in as a draft, or with `publish` straight into force with the gate waived.

    The same text again changes nothing and returns the version that has it. `more_cases` are those of a file
    beside it. Raises PolicyFileError; Stale where the policy's open draft is a person's; Forbidden where a person
    would publish alone.
    """
    if publish and actor.kind == "person":
        raise Forbidden("A person proposes and another one publishes. Only the shell publishes on import.")
    document = rules.with_cases(rules.parse(source), more_cases)
    made, _new = Policy.objects.get_or_create(slug=document.slug, defaults={"family": document.family})
    policy = _locked_policy(made.pk)
    published = policy.versions.filter(state=VersionState.PUBLISHED).first()
    if published is not None and published.source == source:
        _store_cases(policy, document.cases, before="", actor=actor)
        return published
    before = published.source if published else ""
    if not publish:
        return _imported_draft(policy, source, document, actor, before=before)
    previous = _retire_published(policy, actor)
    own = policy.versions.filter(state=VersionState.DRAFT, writers=[]).first()
    if own is not None:
        row = _imported_draft(policy, source, document, actor, before=before)
    else:
        # A person's open draft stays as it is: the shell's version passes it by.
        row = _add_version(policy, source, document, actor=actor, state=VersionState.PUBLISHED, before=before)
    _change(row, state=VersionState.PUBLISHED, published_at=Now(), gate_waived=True)
    _record_published(row, actor, previous=previous, gate="waived")
    return _version(row.pk)


@transaction.atomic
def erase_content(*, item_ids: Sequence[UUID]) -> None:
    """Blank the cases that were copied from these items; they stay, without text, and are asked of nobody."""
    Case.objects.filter(origin_item__in=list(item_ids)).update(text="", note="", erased=True)


def _imported_draft(policy: Policy, source: str, document: Document, actor: Actor, *, before: str) -> Version:
    """The shell's own open draft with the imported text, or a new one; raises Stale where a person's is open."""
    open_one = policy.versions.filter(state__in=OPEN_STATES).first()
    if open_one is None:
        return _add_version(policy, source, document, actor=actor, before=before)
    if open_one.state != VersionState.DRAFT or open_one.writers:
        raise Stale(
            f"Version {open_one.number} of {policy.slug} is open ({open_one.state}) and somebody works on it. "
            "Publish or discard it, then import again.",
            state=open_one.state,
        )
    if open_one.source == source:
        return open_one
    values = {"source": source} | _text_fields(document, document.title)
    _change(open_one, saves=F("saves") + 1, saved_at=Now(), **values)
    row = _version(open_one.pk)
    _store_sections(row, document)
    _store_cases(policy, document.cases, before=open_one.source, actor=actor)
    record(verb="policy.saved", actor=actor, subjects=[row.pk], data=_bound(row) | {"saves": row.saves})
    return row


def _add_version(
    policy: Policy,
    source: str,
    document: Document,
    *,
    actor: Actor,
    person: Person | None = None,
    state: VersionState = VersionState.DRAFT,
    before: str = "",
) -> Version:
    """The next version; its cases take the place of those in the text `before`."""
    latest = policy.versions.aggregate(latest=Max("number"))["latest"] or 0
    row = Version.objects.create(
        policy=policy,
        number=latest + 1,
        state=state,
        source=source,
        drafted_by=person,
        writers=[person.pk] if person else [],
        **_text_fields(document, document.title),
    )
    data = {"version": str(row.pk), "number": row.number, "policy": str(policy.pk)}
    record(verb="policy.drafted", actor=actor, subjects=[row.pk], data=data)
    _store_sections(row, document)
    _store_cases(policy, document.cases, before=before, actor=actor)
    return _version(row.pk)


def _text_fields(document: Document | None, title: str) -> dict[str, Any]:
    """The columns that follow from the text; without a readable one there is nothing to send and no hash."""
    if document is None:
        return {"title": title, "model_text": "", "hash": ""}
    return {
        "title": document.title, "language": document.language, "effort": document.effort,
        "applies": document.applies, "model_text": rules.model_text(document), "hash": rules.text_hash(document),
    }  # fmt: skip


def _store_sections(row: Version, document: Document | None) -> None:
    row.sections.all().delete()
    Section.objects.bulk_create(
        Section(
            version=row, code=each.code, ordinal=ordinal, title=each.title, severity=each.severity,
            response=each.response, model_text=each.model_text, guidance=each.guidance, public=each.public,
            violating_examples=list(each.violating), allowed_examples=list(each.allowed),
        )
        for ordinal, each in enumerate(document.sections if document else (), start=1)
    )  # fmt: skip


def _store_cases(policy: Policy, cases: tuple[CaseText, ...], *, before: str, actor: Actor) -> None:
    """Replace cases by code. What the text `before` had and this one has not goes; cases made elsewhere stay."""
    rows = {case.code: case for case in policy.cases.all()}
    wanted = {case.code for case in cases}
    dropped = _case_codes(before, policy.slug) - wanted
    gone = [row.pk for code, row in rows.items() if code in dropped and row.origin_item is None]
    fresh = [case for case in cases if case.code not in rows]
    for case in cases:
        kept = rows.get(case.code)
        values = {"section": case.section, "text": case.text, "expect": case.expect, "note": case.note}
        if kept and not kept.erased and any(getattr(kept, name) != value for name, value in values.items()):
            policy.cases.filter(pk=kept.pk, erased=False).update(**values)
    added = Case.objects.bulk_create(
        Case(policy=policy, code=case.code, section=case.section, text=case.text, expect=case.expect, note=case.note)
        for case in fresh
    )  # fmt: skip
    policy.cases.filter(pk__in=gone).delete()
    for verb, keys in (("case.added", [case.pk for case in added]), ("case.removed", gone)):
        for at in range(0, len(keys), 1_000):
            data = {"policy": str(policy.pk)}
            record(verb=verb, actor=actor, subjects=keys[at : at + 1_000], data=data)


def _case_codes(source: str, slug: str) -> set[str]:
    document = _readable(source, slug) if source else None
    return {case.code for case in document.cases} if document else set()


def _readable(source: str, slug: str) -> Document | None:
    """The document, or None while it has problems. Raises PolicyFileError for text that cannot even be stored."""
    rules.check_storable(source)
    try:
        return _read_for(source, slug)
    except PolicyFileError:
        return None


def _read_for(source: str, slug: str) -> Document:
    """The document; a slug other than the policy's is a problem too."""
    document = rules.parse(source)
    rules.check_slug(source, document, slug)
    return document


def _checked_note(note: str) -> str:
    shown = " ".join(note.split())
    if len(shown) > MOST_NOTE or not shown.isprintable():
        raise ProductError(f"A change note has at most {MOST_NOTE} printable characters.")
    return shown


def _version(key: UUID) -> Version:
    row = Version.objects.select_related("policy").filter(pk=key).first()
    if row is None:
        raise Missing("This version is not there any more. It may have been discarded; look at the policy.")
    return row


def _locked_policy(key: UUID) -> Policy:
    policy = Policy.objects.select_for_update().filter(pk=key).first()
    if policy is None:
        raise Missing("There is no such policy. Look at the list of policies.")
    return policy


def _expect(
    row: Version, following: VersionState, *, saves: int | None = None, seen: str | None = None
) -> None:
    """Raise StaleVersion unless `row` may become `following` and is what the person saw."""
    moved = row.state not in predecessors(rules.VERSION_STATES, following)
    if moved or (saves is not None and row.saves != saves) or (seen is not None and row.hash != seen):
        _refuse_stale(row)


def _change(row: Version, **values: Any) -> None:
    """Update `row` if nobody moved or saved it since it was read; else raise StaleVersion."""
    unchanged = Version.objects.filter(pk=row.pk, state=row.state, saves=row.saves, hash=row.hash)
    if not unchanged.update(**values):
        _refuse_stale(_version(row.pk))


def _refuse_stale(row: Version) -> Never:
    if row.state == VersionState.DRAFT:
        advice = "Somebody saved this draft after you opened it."
    else:
        advice = f"This version is {row.state} now; its text is frozen until it is sent back."
    raise StaleVersion(
        f"{advice} Nothing of yours was stored. Compare with the current state and try again.",
        state=row.state, saves=row.saves, hash=row.hash, source=row.source,
    )  # fmt: skip


def _refuse_own(row: Version, person: Person) -> None:
    if person.pk in {*row.writers, row.drafted_by_id, row.proposed_by_id}:
        raise OwnVersion("You wrote or proposed this version. Somebody else has to approve and publish it.")


def _retire_published(policy: Policy, actor: Actor) -> UUID | None:
    """Retire the version in force under the policy's lock; gives its key."""
    row = policy.versions.filter(state=VersionState.PUBLISHED).first()
    if row is None:
        return None
    _change(row, state=VersionState.RETIRED, retired_at=Now())
    data = {"version": str(row.pk), "number": row.number}
    record(verb="policy.retired", actor=actor, subjects=[row.pk], data=data)
    return row.pk


def _record_published(row: Version, actor: Actor, *, previous: UUID | None, gate: str) -> None:
    family = rules.parse(row.source).family
    Policy.objects.filter(pk=row.policy_id).update(family=family)
    data = _bound(row) | {"number": row.number, "gate": gate, "previous": str(previous) if previous else None}
    record(verb="policy.published", actor=actor, subjects=[row.pk], data=data)


def _bound(row: Version) -> dict[str, Any]:
    return {"version": str(row.pk), "hash": row.hash}
