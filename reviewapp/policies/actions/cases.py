"""Writing cases: from scratch, from an item, from a list; an edit is a new wording, and nothing is lost from history."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.audit.actions import Actor, record
from reviewapp.policies import rules_cases
from reviewapp.policies.actions import listing
from reviewapp.policies.actions.rows import (
    OPEN_STATES,
    checked_reason,
    found_version,
    locked_policy,
    refuse_stale,
    with_writer,
)
from reviewapp.policies.models import Case, CaseList, Policy, Section, Version
from reviewapp.policies.rules import VersionState
from reviewapp.policies.rules_cases import LABEL_WORDS, STANDING_WORDS, CaseFile, CaseRow, Standing, Way
from reviewapp.policies.rules_front import Problem
from reviewapp.ui.errors import Missing, ProductError, Stale


class UnfitCase(ProductError):
    """What was typed is no case yet."""

    status = 422
    code = "unfit_case"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import of a list did: counts, what was left out with its line, and whose expectation it turned around.

    `changed` counts those too; `now_allowed` and `now_violates` are their ids.
    """

    added: int
    changed: int
    same: int
    problems: tuple[Problem, ...]
    now_allowed: tuple[str, ...] = ()
    now_violates: tuple[str, ...] = ()

    @property
    def reworded(self) -> int:
        """How many are changed and expect what they did."""
        return self.changed - len(self.now_allowed) - len(self.now_violates)


@transaction.atomic
def add_case(
    *,
    policy: UUID,
    section: str,
    text: str,
    expect: str,
    person: Person,
    note: str = "",
    origin_item: UUID | None = None,
    code: str = "",
) -> Case:
    """Add a case to a policy; it gets the next free id unless `code` names one.

    A policy writer's case is in the open draft at once, or waits for the next one; anybody else's is a suggestion
    that a writer takes or declines. Raises UnfitCase, Missing, Forbidden.
    """
    check_may(person, "case.add")
    held = locked_policy(policy)
    problem = rules_cases.case_problem(section, text, expect, note, code)
    if problem:
        raise UnfitCase(problem)
    _check_section(held, section)
    row = Version.objects.filter(policy=held, state=VersionState.DRAFT).select_related("policy").first()
    _check_new(held, row, text, code)
    writes = may(person.roles, "policy.draft")
    standing = Standing.SUGGESTED if not writes else Standing.TAKEN if row else Standing.WAITING
    case = Case.objects.create(
        policy=held, code=code or _next_code(held, section), section=section, text=text, expect=expect, note=note,
        way=Way.ITEM if origin_item else Way.PAGE, standing=standing, made_by=person, origin_item=origin_item,
    )  # fmt: skip
    actor = Actor.person(person.pk)
    if row is not None and standing == Standing.TAKEN:
        _list(row, [*listing.listed(row), case], person)
        listing.tell("case.added", [case.pk], row, actor)
    else:
        verb = "case.suggested" if standing == Standing.SUGGESTED else "case.added"
        record(verb=verb, actor=actor, subjects=[case.pk], data={"policy": str(held.pk)})
    return case


@transaction.atomic
def edit_case(
    *,
    version: UUID,
    case: UUID,
    section: str,
    text: str,
    expect: str,
    reason: str,
    person: Person,
    note: str = "",
) -> Case:
    """Put a new wording in the place of a case of a draft; the old one stays in the history.

    Raises UnfitCase, StaleVersion for a version that is no draft, Stale when somebody changed the case first,
    Missing, Forbidden.
    """
    check_may(person, "policy.draft")
    row = _draft(version)
    cases = listing.listed(row)
    old = _of(cases, case)
    problem = rules_cases.case_problem(section, text, expect, note) or _no_reason(reason)
    if problem:
        raise UnfitCase(problem)
    _check_section(row.policy, section)
    if listing.content(old) == (section, text, expect, note):
        raise UnfitCase(_("Nothing in this case is different. Change it, or cancel."))
    new = Case(
        policy=row.policy, code=old.code, section=section, text=text, expect=expect, note=note, way=old.way,
        made_by=person, origin_item=old.origin_item, reason=checked_reason(reason),
    )  # fmt: skip
    listing.number(row.policy, [new])
    new.save(force_insert=True)
    _list(row, [new if each.pk == old.pk else each for each in cases], person)
    listing.tell("case.changed", [new.pk], row, Actor.person(person.pk), before=str(old.pk))
    return new


@transaction.atomic
def remove_case(*, version: UUID, case: UUID, reason: str, person: Person) -> None:
    """Take a case out of a draft; versions that had it keep it. Raises as `edit_case`."""
    check_may(person, "policy.draft")
    row = _draft(version)
    cases = listing.listed(row)
    old = _of(cases, case)
    if _no_reason(reason):
        raise UnfitCase(_no_reason(reason))
    checked_reason(reason)
    _list(row, [each for each in cases if each.pk != old.pk], person)
    listing.tell("case.removed", [old.pk], row, Actor.person(person.pk))


@transaction.atomic
def take_case(*, case: UUID, person: Person) -> None:
    """Take a suggested or waiting case into the open draft. Raises Stale where none is open or it was handled, Missing."""
    check_may(person, "policy.draft")
    waiting = _waiting(case)
    row = (
        Version.objects.filter(policy=waiting.policy_id, state=VersionState.DRAFT)
        .select_related("policy")
        .first()
    )
    if row is None:
        raise Stale(_("No draft of this policy is open. Start one, then take the case in."))
    row = _draft(row.pk)
    _check_section(row.policy, waiting.section)
    listing.take([waiting])
    _list(row, [*listing.listed(row), waiting], person, waiting.made_by_id)
    listing.tell("case.taken", [waiting.pk], row, Actor.person(person.pk))


@transaction.atomic
def decline_case(*, case: UUID, person: Person) -> None:
    """Put a suggested or waiting case aside; it stays in the history. Raises Stale where it was handled, Missing."""
    check_may(person, "policy.draft")
    waiting = _waiting(case)
    Case.objects.filter(pk=waiting.pk).update(standing=Standing.DECLINED)
    data = {"policy": str(waiting.policy_id)}
    record(verb="case.declined", actor=Actor.person(person.pk), subjects=[waiting.pk], data=data)


@transaction.atomic
def import_cases(*, version: UUID, found: CaseFile, person: Person) -> Imported:
    """Take a list that `rules_cases.read_cases` read into a draft; the good rows go in, the others are told by line.

    Raises StaleVersion for a version that is no draft, Missing, Forbidden.
    """
    check_may(person, "policy.draft")
    row = _draft(version)
    held = listing.listed(row)
    problems = list(found.problems)
    fresh = _sorted_in(row, found.rows, held, problems)
    listing.number(row.policy, fresh)
    Case.objects.bulk_create(fresh, batch_size=1_000)
    known = {case.code: case for case in held}
    changed = [case for case in fresh if case.code in known]
    turned = {
        label: tuple(case.code for case in changed if case.expect == label != known[case.code].expect)
        for label in LABEL_WORDS
    }
    if fresh:
        known |= {case.code: case for case in fresh}
        for case in fresh:
            case.made_by = person
        _list(row, known.values(), person)
        listing.tell("case.added", [case.pk for case in fresh], row, Actor.person(person.pk))
    same = len(found.rows) - len(fresh) - (len(problems) - len(found.problems))
    return Imported(
        len(fresh) - len(changed),
        len(changed),
        same,
        tuple(sorted(problems)),
        turned["allowed"],
        turned["violates"],
    )


@transaction.atomic
def erase_content(*, item_ids: Sequence[UUID]) -> None:
    """Blank the cases that were copied from these items; they stay, without text, and are asked of nobody.

    A version still in the making is bound again, so that its gate has to be run on what is left.
    """
    erased = list(
        Case.objects.filter(origin_item__in=list(item_ids), erased=False).values_list("pk", flat=True)
    )
    Case.objects.filter(pk__in=erased).update(text="", note="", erased=True)
    touched = CaseList.objects.filter(cases__overlap=erased, version__state__in=OPEN_STATES) if erased else ()
    for held in touched:
        row = found_version(held.version_id, lock=True)
        listing.bind(row, listing.listed(row))


def _sorted_in(
    row: Version, rows: Sequence[CaseRow], held: Sequence[Case], problems: list[Problem]
) -> list[Case]:
    """New wordings for what is not there yet; rows that contradict or point nowhere are problems."""
    codes = {case.code: case for case in held}
    texts = {case.text: case for case in held}
    sections = _sections(row.policy)
    number = _number_after(row.policy)
    fresh: list[Case] = []
    for each in rows:
        same_code, same_text = codes.get(each.code) if each.code else None, texts.get(each.text)
        if each.section not in sections:
            problems.append(
                (
                    each.line,
                    _("Section %(section)s is not in this policy.") % {"section": repr(each.section[:40])},
                )
            )
        elif same_code is None and same_text is not None:
            if same_text.expect != each.expect:
                problems.append(
                    (
                        each.line,
                        _("Case %(code)s has the same text and expects the opposite.")
                        % {"code": same_text.code},
                    )
                )
        elif same_code is None or listing.content(same_code) != (
            each.section,
            each.text,
            each.expect,
            each.note,
        ):
            code = each.code or f"{_prefix(each.section)}-C{(number := number + 1)}"
            case = Case(
                policy=row.policy, code=code, section=each.section, text=each.text, expect=each.expect,
                note=each.note, way=same_code.way if same_code else Way.IMPORT,
                origin_item=same_code.origin_item if same_code else None,
            )  # fmt: skip
            fresh.append(case)
            codes[code] = texts[each.text] = case
    return list({case.code: case for case in fresh}.values())


def _draft(version: UUID) -> Version:
    row = found_version(version, lock=True)
    if row.state != VersionState.DRAFT:
        refuse_stale(row)
    return row


def _list(row: Version, cases: Sequence[Case] | object, person: Person, *others: UUID | None) -> None:
    writers = with_writer(row, person.pk, *others)
    Version.objects.filter(pk=row.pk).update(writers=writers)
    listing.set_list(row, cases)  # type: ignore[arg-type]


def _of(cases: Sequence[Case], key: UUID) -> Case:
    found = next((case for case in cases if case.pk == key), None)
    if found is None:
        raise Stale(
            _(
                "This case was changed or removed after you opened it. Reload the list; your text is still here."
            )
        )
    return found


def _waiting(key: UUID) -> Case:
    case = Case.objects.select_for_update().filter(pk=key).first()
    if case is None:
        raise Missing(_("There is no such case. Reload the page."))
    if case.standing not in (Standing.SUGGESTED, Standing.WAITING):
        raise Stale(
            _("This case is %(standing)s already. Reload the page.")
            % {"standing": STANDING_WORDS[case.standing]}
        )
    return case


def _no_reason(reason: str) -> str:
    return "" if reason.strip() else _("Say why the case changes; the approver reads it.")


def _sections(policy: Policy) -> set[str]:
    """The sections of the draft, else of the version in force, else of the latest one."""
    for state in (VersionState.DRAFT, VersionState.PUBLISHED):
        found = set(
            Section.objects.filter(version__policy=policy, version__state=state).values_list(
                "code", flat=True
            )
        )
        if found:
            return found
    latest = policy.versions.order_by("-number").first()
    return set(latest.sections.values_list("code", flat=True)) if latest else set()


def _check_section(policy: Policy, section: str) -> None:
    known = _sections(policy)
    if section not in known:
        values = {"section": repr(section[:40]), "known": ", ".join(sorted(known))}
        raise UnfitCase(
            _("Section %(section)s is not in this policy. It has %(known)s.") % values
            if known
            else _("Section %(section)s is not in this policy. It has none.") % values
        )


def _check_new(policy: Policy, row: Version | None, text: str, code: str) -> None:
    open_ones = policy.cases.exclude(standing__in=[Standing.TAKEN, Standing.DECLINED])
    there = [*(listing.listed(row) if row else ()), *open_ones]
    twin = next((case for case in there if case.text == text and not case.erased), None)
    if twin is not None:
        raise UnfitCase(
            _("Case %(code)s has this text already and expects %(label)s.")
            % {"code": twin.code, "label": LABEL_WORDS[twin.expect]}
        )
    if code and policy.cases.filter(code=code).exists():
        raise UnfitCase(
            _("The id %(code)s is taken. Leave it out and the next free one is given.") % {"code": code}
        )


def _next_code(policy: Policy, section: str) -> str:
    return f"{_prefix(section)}-C{_number_after(policy) + 1}"


def _prefix(section: str) -> str:
    return section.partition("-")[0]


def _number_after(policy: Policy) -> int:
    """The highest number that a case id of this policy ends with."""
    tails = (code.rpartition("C")[2] for code in policy.cases.values_list("code", flat=True).distinct())
    return max(
        (int(tail) for tail in tails if tail.isascii() and tail.isdigit() and len(tail) < 9), default=0
    )
