"""Which cases test a version: its list, the hashes over it, and how the cases of files get into it."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, Func, Max

from reviewapp.audit.actions import Actor, record
from reviewapp.policies import rules_cases, rules_gate
from reviewapp.policies.actions.rows import readable
from reviewapp.policies.models import Case, CaseList, Policy, Section, Version
from reviewapp.policies.rules import CaseText, Document
from reviewapp.policies.rules_cases import Standing, Way

_BATCH = 1_000


def listed(row: Version) -> list[Case]:
    """The cases of a version by code."""
    keys = CaseList.objects.filter(version=row).values_list(Func(F("cases"), function="unnest"), flat=True)
    return list(Case.objects.filter(pk__in=keys).order_by("code"))


def set_list(row: Version, cases: Iterable[Case]) -> None:
    """Let exactly these cases test the version, and bind them into its hashes."""
    kept = list(cases)
    CaseList.objects.update_or_create(version=row, defaults={"cases": [case.pk for case in kept]})
    bind(row, kept)


def bind(row: Version, cases: Iterable[Case]) -> None:
    """Store the hashes that follow from the text as it stands and these cases; erased ones test nothing."""
    told = Version.objects.values("hash", "effort").get(pk=row.pk)
    live = [(case.code, case.section, case.text, case.expect) for case in cases if not case.erased]
    over_cases = rules_cases.cases_hash(live)
    targets = Section.objects.filter(version=row).order_by("ordinal")
    over_all = rules_gate.gate_hash(
        told["hash"], told["effort"], over_cases,
        targets.values_list("code", "recall_target", "precision_target"),
    )  # fmt: skip
    Version.objects.filter(pk=row.pk).update(cases_hash=over_cases, gate_hash=over_all)


def store_sections(row: Version, document: Document | None) -> None:
    """Put the sections of the document in the place of those that were there."""
    row.sections.all().delete()
    Section.objects.bulk_create(
        Section(
            version=row, code=each.code, ordinal=ordinal, title=each.title, severity=each.severity,
            response=each.response, model_text=each.model_text, guidance=each.guidance, public=each.public,
            public_in=dict(each.public_in), recall_target=each.recall, precision_target=each.precision,
            violating_examples=list(each.violating), allowed_examples=list(each.allowed),
        )
        for ordinal, each in enumerate(document.sections if document else (), start=1)
    )  # fmt: skip


def store_file_cases(
    row: Version, cases: Sequence[CaseText], *, before: str, listed_before: Sequence[Case], actor: Actor
) -> None:
    """The version's list = `listed_before` with what changed in the file since the text `before`.

    A case whose line is the same as in `before` stays as it is listed, also where it was edited on a page since.
    """
    old = {case.code: case for case in file_cases(before, row.policy.slug)}
    own = {case.code for case in file_cases(row.source, row.policy.slug)}
    held = {case.code: case for case in listed_before}
    fresh: list[Case] = []
    for case in cases:
        same = case.code in old and content(old[case.code]) == content(case)
        if case.code in held and (same or content(held[case.code]) == content(case)):
            continue
        fresh.append(_wording(row.policy, case, Way.FILE if case.code in own else Way.IMPORT))
    gone = [code for code in old.keys() - {case.code for case in cases} if code in held]
    gone = [code for code in gone if held[code].way == Way.FILE]
    removed = [held.pop(code).pk for code in gone]
    number(row.policy, fresh)
    Case.objects.bulk_create(fresh, batch_size=_BATCH)
    held |= {case.code: case for case in fresh}
    set_list(row, held.values())
    tell("case.added", [case.pk for case in fresh], row, actor)
    tell("case.removed", removed, row, actor)


def tell(verb: str, keys: Sequence[UUID], row: Version, actor: Actor, **more: Any) -> None:
    """One event for each thousand cases."""
    data = {"policy": str(row.policy_id), "version": str(row.pk)} | more
    for at in range(0, len(keys), _BATCH):
        record(verb=verb, actor=actor, subjects=list(keys[at : at + _BATCH]), data=data)


def file_cases(source: str, slug: str) -> tuple[CaseText, ...]:
    """The cases in a file's own block; none for a text with problems."""
    document = readable(source, slug) if source else None
    return document.cases if document else ()


def content(case: Case | CaseText) -> tuple[str, str, str, str]:
    """What makes two wordings the same."""
    return case.section, case.text, case.expect, case.note


def carried(row: Version, current: Version | None, codes: Iterable[str]) -> list[Case]:
    """The cases a new version starts with: those of the text it starts from, in the wording of `current`.

    Cases that `current` has and `row` has not come along where their section is one of `codes`, and so do those
    that waited for a draft.
    """
    sections = set(codes)
    held = {case.code: case for case in listed(row)}
    if current is not None and current.pk != row.pk:
        held |= {case.code: case for case in listed(current) if case.section in sections}
    waiting = row.policy.cases.filter(standing=Standing.WAITING, section__in=sections).order_by("created_at")
    held |= {case.code: case for case in waiting}
    return list(held.values())


def take(cases: Iterable[Case]) -> None:
    """Mark cases that waited as taken."""
    keys = [case.pk for case in cases if case.standing != Standing.TAKEN]
    Case.objects.filter(pk__in=keys).update(standing=Standing.TAKEN)


def _wording(policy: Policy, case: CaseText, way: Way) -> Case:
    return Case(
        policy=policy, code=case.code, section=case.section, text=case.text, expect=case.expect, note=case.note,
        way=way,
    )  # fmt: skip


def number(policy: Policy, fresh: Sequence[Case]) -> None:
    """Give each wording the next revision of its code."""
    codes = [case.code for case in fresh]
    latest = dict(
        policy.cases.filter(code__in=codes)
        .values_list("code")
        .annotate(latest=Max("revision"))
        .values_list("code", "latest")
    )
    for case in fresh:
        case.revision = latest.get(case.code, 0) + 1
