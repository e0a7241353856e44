"""Policy files that come in from the shell."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from reviewapp.audit.actions import Actor, record
from reviewapp.policies import rules
from reviewapp.policies.actions import listing
from reviewapp.policies.actions.drafting import add_version, restore_text, text_fields
from reviewapp.policies.actions.rows import (
    OPEN_STATES,
    bound,
    change,
    found_version,
    locked_policy,
    record_published,
    retire_published,
)
from reviewapp.policies.models import Policy, Version
from reviewapp.policies.rules import CaseText, Document, VersionState
from reviewapp.policies.rules_cases import Way
from reviewapp.policies.rules_gate import Entry
from reviewapp.ui.errors import Forbidden, Stale


@transaction.atomic
def import_policy(
    *, source: str, actor: Actor, publish: bool, more_cases: tuple[CaseText, ...] = ()
) -> Version:
    """Take a policy file in as a draft, or with `publish` straight into force with the gate waived.

    The same text and cases again change nothing and return the version that has them. `more_cases` are those of a
    file beside it. Raises PolicyFileError; Stale where the policy's open draft is a person's; Forbidden where a
    person would publish alone.
    """
    if publish and actor.kind == "person":
        raise Forbidden("A person proposes and another one publishes. Only the shell publishes on import.")
    document = rules.with_cases(rules.parse(source), more_cases)
    made, _new = Policy.objects.get_or_create(slug=document.slug, defaults={"family": document.family})
    policy = locked_policy(made.pk)
    published = policy.versions.filter(state=VersionState.PUBLISHED).first()
    if published is not None and published.source == source and _has(published, more_cases):
        return published
    if not publish:
        return _imported_draft(policy, source, document, actor, published)
    previous = retire_published(policy, actor)
    own = policy.versions.filter(state=VersionState.DRAFT, writers=[]).first()
    if own is not None:
        row = _imported_draft(policy, source, document, actor, published)
    else:
        # A person's open draft stays as it is: the shell's version passes it by.
        row = _new_version(policy, source, document, actor, published, VersionState.PUBLISHED)
    change(row, state=VersionState.PUBLISHED, published_at=Now(), gate_waived=True, gate=Entry.WAIVED)
    record_published(row, actor, previous=previous, gate="waived")
    return found_version(row.pk)


def _has(row: Version, cases: tuple[CaseText, ...]) -> bool:
    """Whether each of the cases is in the version's list as the file has it."""
    held = {case.code: listing.content(case) for case in listing.listed(row)}
    return all(held.get(case.code) == listing.content(case) for case in cases)


def _imported_draft(
    policy: Policy, source: str, document: Document, actor: Actor, published: Version | None
) -> Version:
    """The shell's own open draft with the imported text, or a new one; raises Stale where a person's is open."""
    open_one = policy.versions.filter(state__in=OPEN_STATES).first()
    if open_one is None:
        return _new_version(policy, source, document, actor, published, VersionState.DRAFT)
    if open_one.state != VersionState.DRAFT or open_one.writers:
        raise Stale(
            f"Version {open_one.number} of {policy.slug} is open ({open_one.state}) and somebody works on it. "
            "Publish or discard it, then import again.",
            state=open_one.state,
        )
    before = open_one.source
    if before == source and _has(open_one, document.cases):
        return open_one
    values = {"source": source} | text_fields(document, document.title)
    change(open_one, saves=F("saves") + 1, told_saves=F("saves") + 1, saved_at=Now(), **values)
    row = found_version(open_one.pk)
    restore_text(row, document, before=before, actor=actor)
    record(verb="policy.saved", actor=actor, subjects=[row.pk], data=bound(row) | {"saves": row.saves})
    return found_version(row.pk)


def _new_version(
    policy: Policy,
    source: str,
    document: Document,
    actor: Actor,
    published: Version | None,
    state: VersionState,
) -> Version:
    row = add_version(policy, source, document, actor=actor, state=state, origin=published)
    held = listing.listed(published) if published else []
    before = published.source if published else ""
    codes = {section.code for section in document.sections}
    kept = [case for case in held if case.section in codes or case.way == Way.FILE]
    listing.store_file_cases(row, document.cases, before=before, listed_before=kept, actor=actor)
    return found_version(row.pk)
