"""Drafts: started, saved, proposed, sent back, thrown away."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.actions import notify, notify_roles
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import MAY
from reviewapp.audit.actions import Actor, record
from reviewapp.policies import rules, rules_path
from reviewapp.policies.actions import listing
from reviewapp.policies.actions.rows import (
    OPEN_STATES,
    bound,
    change,
    checked_note,
    expect,
    found_version,
    locked_policy,
    read_for,
    readable,
    refuse_held,
    refuse_stale,
    with_writer,
)
from reviewapp.policies.actions.sittings import is_long_ago, tell_saves
from reviewapp.policies.models import Case, CaseList, Policy, TypedCopy, Version
from reviewapp.policies.rules import CaseText, Document, VersionState
from reviewapp.policies.rules_cases import Standing, Way
from reviewapp.ui.errors import Missing, ProductError, Stale


class NothingToPropose(ProductError):
    """The draft says the same as the published version."""

    status = 409
    code = "nothing_changed"


class StrayCases(ProductError):
    """Cases name sections that the text no longer has."""

    status = 422
    code = "stray_cases"


def create_policy(*, source: str, person: Person) -> Version:
    """Make a policy with its first draft out of a file's text.

    Raises PolicyFileError for text that is no policy, Stale for a slug that is taken, Forbidden.
    """
    check_may(person, "policy.draft")
    document = rules.parse(source)
    actor = Actor.person(person.pk)
    try:
        with transaction.atomic():
            policy = _empty_policy(document)
            row = add_version(policy, source, document, actor=actor, person=person)
            listing.store_file_cases(row, document.cases, before="", listed_before=(), actor=actor)
            return found_version(row.pk)
    except IntegrityError as error:
        raise Stale(
            _("There is a policy %(slug)s already. Open it and start a draft there.")
            % {"slug": document.slug}
        ) from error


@transaction.atomic
def start_draft(*, policy: UUID, person: Person, number: int | None = None) -> Version:
    """Start the next version from the text in force, the latest one, or version `number`: rolling back is that.

    Cases come along, in their present wording, and so do those that waited. Raises Missing, Forbidden, and Stale
    where a draft is already open.
    """
    check_may(person, "policy.draft")
    held = locked_policy(policy)
    if held.versions.filter(state__in=OPEN_STATES).exists():
        raise Stale(_("A draft of this policy is open already. Open it, or discard it first."))
    current = held.versions.filter(state=VersionState.PUBLISHED).first()
    origin = _origin(held, current, number)
    document = rules.parse(origin.source)
    row = add_version(
        held, origin.source, document, actor=Actor.person(person.pk), person=person, origin=origin
    )
    cases = listing.carried(origin, current, (section.code for section in document.sections))
    waited = [case for case in cases if case.standing != Standing.TAKEN]
    listing.take(waited)
    Version.objects.filter(pk=row.pk).update(
        writers=with_writer(row, *(case.made_by_id for case in waited)),
        change_note=f"Brings back version {number}." if number is not None else "",
    )
    listing.set_list(row, cases)
    listing.tell("case.taken", [case.pk for case in waited], row, Actor.person(person.pk))
    return found_version(row.pk)


@transaction.atomic
def save_draft(
    *, version: UUID, source: str, saves: int, change_note: str, person: Person, by_itself: bool = False
) -> Version:
    """Keep what was typed, also while it is no policy yet; then it has no hash and cannot be proposed.

    `saves` is the count the page was made from; `by_itself`: nobody pressed Save, so it is told with the sitting. Raises StaleVersion when somebody saved or proposed since,
    PolicyFileError only for text that cannot be stored (over 200 kB, NUL), Missing, Forbidden.
    """
    check_may(person, "policy.draft")
    row = found_version(version, lock=True)
    if row.state != VersionState.DRAFT:
        refuse_stale(row)
    refuse_held(row, person)
    if row.saves != saves:
        refuse_stale(row)
    document = readable(source, row.policy.slug)
    if row.saved_by_id != person.pk:
        tell_saves(row)
    before = row.source
    values = {"source": source, "saved_by": person, "change_note": checked_note(change_note)} | text_fields(
        document, row.title
    )
    change(row, saves=F("saves") + 1, saved_at=Now(), writers=with_writer(row, person.pk), **values)
    actor = Actor.person(person.pk)
    row = found_version(version)
    restore_text(row, document, before=before, actor=actor)
    TypedCopy.objects.filter(version=row, person=person).delete()
    row = found_version(version)
    if not by_itself or is_long_ago(row):
        tell_saves(row)
    return row


@transaction.atomic
def propose(*, version: UUID, person: Person, saves: int | None = None) -> Version:
    """Freeze the draft and ask a second person; `saves` binds it to what the page showed.

    Raises PolicyFileError while the text has problems, StrayCases, NothingToPropose, StaleVersion, Missing, Forbidden;
    ProductError without a change note where there is a version to differ from.
    """
    check_may(person, "policy.draft")
    row = found_version(version, lock=True)
    expect(row, VersionState.PROPOSED, saves=saves)
    refuse_held(row, person)
    tell_saves(row)
    document = read_for(row.source, row.policy.slug)
    _check_cases_fit(row, document)
    published = row.policy.versions.filter(state=VersionState.PUBLISHED).first()
    if published and (published.source, published.cases_hash) == (row.source, row.cases_hash):
        raise NothingToPropose(
            _("This draft says the same as the published version. Change it or discard it.")
        )
    if published and not row.change_note:
        raise ProductError(
            _("Say in the change note what changes and why; the approver and the history read it.")
        )
    # From here on the file says what the cases say, so that an export can be imported again.
    source = rules.with_case_lines(row.source, [_line_of(case) for case in listing.listed(row)])
    change(
        row,
        state=VersionState.PROPOSED,
        proposed_by=person,
        proposed_at=Now(),
        source=source,
        held_by=None,
        held_until=None,
    )
    record(verb="policy.proposed", actor=Actor.person(person.pk), subjects=[row.pk], data=bound(row))
    notify_roles(
        roles=MAY["policy.approve"], kind="version_proposed", about=row.policy_id, by=person.pk, but=person.pk
    )
    return found_version(version)


@transaction.atomic
def return_to_draft(*, version: UUID, person: Person) -> Version:
    """Send a proposed or approved version back, or take it back; any approval and any planned hour are void.

    Authors and approvers may. Raises StaleVersion, Missing, Forbidden.
    """
    if not {"policy_author", "admin"} & set(person.roles):
        check_may(person, "policy.approve")
    row = found_version(version, lock=True)
    expect(row, VersionState.DRAFT)
    proposer = row.proposed_by_id
    change(
        row, state=VersionState.DRAFT, proposed_by=None, proposed_at=None, approved_by=None, approved_at=None,
        publish_at=None, scheduled_by=None,
    )  # fmt: skip
    record(verb="policy.returned", actor=Actor.person(person.pk), subjects=[row.pk], data=bound(row))
    if proposer and proposer != person.pk:
        notify(person=proposer, kind="version_returned", about=row.policy_id, by=person.pk)
    return found_version(version)


@transaction.atomic
def discard_draft(*, version: UUID, person: Person) -> None:
    """Throw a draft away; its text stays in the history, and cases first made in it wait for the next draft.

    Raises StaleVersion for a version that is no draft any more, Missing, Forbidden.
    """
    check_may(person, "policy.draft")
    row = found_version(version, lock=True)
    if row.state != VersionState.DRAFT:
        refuse_stale(row)
    refuse_held(row, person)
    tell_saves(row)
    change(row, state=VersionState.DISCARDED, held_by=None, held_until=None)
    made_here = _cases_made_in(row)
    Case.objects.filter(pk__in=made_here).update(standing=Standing.WAITING)
    data = {"version": str(row.pk), "number": row.number}
    record(verb="policy.discarded", actor=Actor.person(person.pk), subjects=[row.pk], data=data)


def add_version(
    policy: Policy,
    source: str,
    document: Document,
    *,
    actor: Actor,
    person: Person | None = None,
    state: VersionState = VersionState.DRAFT,
    origin: Version | None = None,
) -> Version:
    """The next version with its sections; its list of cases is still empty."""
    latest = policy.versions.aggregate(latest=Max("number"))["latest"] or 0
    row = Version.objects.create(
        policy=policy, number=latest + 1, state=state, source=source, drafted_by=person, origin=origin,
        writers=[person.pk] if person else [], **text_fields(document, document.title),
    )  # fmt: skip
    data = {"version": str(row.pk), "number": row.number, "policy": str(policy.pk)}
    record(verb="policy.drafted", actor=actor, subjects=[row.pk], data=data)
    listing.store_sections(row, document)
    return found_version(row.pk)


def restore_text(row: Version, document: Document | None, *, before: str, actor: Actor) -> None:
    """Sections and cases follow the text that was just stored; while it has problems the cases stay as they were."""
    listing.store_sections(row, document)
    held = listing.listed(row)
    if document is None:
        listing.bind(row, held)
    else:
        listing.store_file_cases(row, document.cases, before=before, listed_before=held, actor=actor)


def text_fields(document: Document | None, title: str) -> dict[str, Any]:
    """The columns that follow from the text; without a readable one there is nothing to send and no hash."""
    if document is None:
        return {"title": title, "model_text": "", "hash": ""}
    return {
        "title": document.title, "language": document.language, "effort": document.effort,
        "applies": document.applies, "model_text": rules.model_text(document), "hash": rules.text_hash(document),
    }  # fmt: skip


def _empty_policy(document: Document) -> Policy:
    """A new policy, or one of this slug that never came further than drafts that were thrown away."""
    left = Policy.objects.select_for_update().filter(slug=document.slug).first()
    if left is not None and not left.versions.exclude(state=VersionState.DISCARDED).exists():
        return left
    return Policy.objects.create(slug=document.slug, family=document.family)


def _origin(policy: Policy, current: Version | None, number: int | None) -> Version:
    if number is not None:
        origin = policy.versions.filter(number=number).exclude(hash="").first()
    else:
        origin = current or policy.versions.exclude(hash="").order_by("-number").first()
    if origin is None:
        raise Missing(_("This policy has no such text yet. Import a file with its slug."))
    return origin


def _line_of(case: Case) -> CaseText:
    return CaseText(case.code, case.section, case.text, case.expect, case.note, 0)


def _check_cases_fit(row: Version, document: Document) -> None:
    known = {section.code for section in document.sections}
    stray = [case for case in listing.listed(row) if case.section not in known and not case.erased]
    if stray:
        named = rules_path.listed([f"{case.code} ({case.section})" for case in stray], most=5)
        raise StrayCases(
            _("Cases name sections that this text does not have: %(names)s. Move or remove them first.")
            % {"names": named},
            cases=[case.code for case in stray],
        )


def _cases_made_in(row: Version) -> list[UUID]:
    """Cases that were first made in this version on a page, by a list or from an item."""
    mine = CaseList.objects.filter(version=row).values_list("cases", flat=True).first() or []
    elsewhere = CaseList.objects.filter(version__policy=row.policy, cases__overlap=mine).exclude(version=row)
    known = {key for cases in elsewhere.values_list("cases", flat=True) for key in cases}
    fresh = [key for key in mine if key not in known]
    made = Case.objects.filter(pk__in=fresh, revision=1).exclude(way=Way.FILE)
    return list(made.values_list("pk", flat=True))
