"""Re-runs: what a draft would have changed on past items. Live verdicts, items and queues are never touched."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor
from reviewapp.intake import reads as intake_reads
from reviewapp.lab import selection
from reviewapp.lab.actions.studies import (
    end_study,
    fail_study,
    published_beside,
    tell_start,
    version_to_judge,
)
from reviewapp.lab.models import Sample, Study
from reviewapp.lab.rules import COMPARED, MOST_ITEMS, Stratum, StudyKind
from reviewapp.lab.rules_flips import FLIPS, GROUP_WORDS, Group, Said, changed, group, wants_people
from reviewapp.lab.selection import Estimate, Wish
from reviewapp.policies import actions as policies
from reviewapp.policies.models import Section, Version
from reviewapp.policies.rules import VersionState
from reviewapp.screening.actions import runs
from reviewapp.screening.models import Judgement, Verdict
from reviewapp.screening.rules import RunKind
from reviewapp.ui.errors import Missing, ProductError, Stale

AT_ONCE: Final = 500
FOR_PEOPLE: Final = "people"
ALONE: Final = "alone"
OTHERWISE: Final = "otherwise"
"""The group of an item that waits and is judged otherwise now; nobody has said yet which of the two is right."""

TEXT_MOVED: Final = gettext_noop(
    "The draft changed while the re-run went on. What stands here is about the text before; start it again."
)
DISCARDED: Final = gettext_noop(
    "The draft was discarded while the re-run went on. What was judged before stands here."
)


class NoBacktest(ProductError):
    """A re-run cannot be started like this; the message says what to change."""

    status = 422
    code = "no_backtest"


def look_ahead(*, version: UUID, wish: Wish, person: Person) -> Estimate:
    """What a re-run would take, before anything starts. Raises as `start_backtest`."""
    check_may(person, "lab.run")
    row, against = _both(version)
    _check(wish)
    return selection.estimate(selection.choose(row, against, wish))


@transaction.atomic
def start_backtest(*, version: UUID, wish: Wish, intended: Sequence[str], person: Person) -> UUID:
    """Start a re-run on the items that `wish` chooses now; returns the study. `intended`: sections meant to change.

    Raises NoBacktest where nothing is published, no item fits, or the wish makes no sense; Missing, Forbidden.
    """
    check_may(person, "lab.run")
    row, against = _both(version)
    _check(wish)
    chosen = selection.choose(row, against, wish)
    if not any(each.stratum in COMPARED for each in chosen):
        raise NoBacktest(
            _(
                "No decided item and none that waits fits this choice. Widen the dates, the section or the source."
            )
        )
    codes = set(Section.objects.filter(version__in=[row, against]).values_list("code", flat=True))
    run = runs.start_run(
        kind=RunKind.BACKTEST, person=person, title=f"Re-run of {row.policy.slug} v{row.number}"
    )
    study = Study.objects.create(
        kind=StudyKind.BACKTEST.value, policy_id=row.policy_id, version=row, number=row.number, hash=row.hash,
        against=against, against_number=against.number, against_hash=against.hash, run_id=run, effort=row.effort,
        options=wish.as_options(), estimate=selection.estimate(chosen).as_json(),
        intended=sorted(codes & set(intended)), total=len(chosen), started_by=person,
    )  # fmt: skip
    Sample.objects.bulk_create(
        (
            Sample(
                study=study, ordinal=ordinal, item_id=each.item, stratum=each.stratum, decision_id=each.decision,
                blind=each.blind, person_label=each.label, person_sections=list(each.sections), before_id=each.before,
            )
            for ordinal, each in enumerate(chosen)
        ),
        batch_size=AT_ONCE,
    )  # fmt: skip
    tell_start(study, Actor.person(person.pk))
    return study.pk


def advance_backtest(row: Study) -> None:
    """One step: ask the next items, group what has ended, close when all are. Within the caller's transaction."""
    run, version = row.run_id, row.version
    if run is None or version is None or version.state == VersionState.DISCARDED:
        fail_study(row, DISCARDED)
        return
    if version.hash != row.hash:
        _group_ended(row, run)
        fail_study(row, TEXT_MOVED)
        return
    if row.asked < row.total:
        _ask_next(row, run)
    row.answered += _group_ended(row, run)
    Study.objects.filter(pk=row.pk).update(answered=row.answered, asked=row.asked)
    if row.answered >= row.total:
        counts = group_counts(row.pk)
        end_study(row, {"groups": counts, "figures": _figures(counts, *waiting_counts(row.pk))})


def _figures(counts: Mapping[str, int], otherwise: int, waiting: int) -> dict[str, Any]:
    """A re-run as `rules_results` puts it into a line."""
    return {
        "kind": "backtest", "flips": sum(counts[each.value] for each in FLIPS), "decided": sum(counts.values()),
        "fix": counts["fix"], "break": counts["break"], "otherwise": otherwise, "waiting": waiting,
    }  # fmt: skip


def group_counts(study: UUID) -> dict[str, int]:
    """How many decided items are in each group so far; every group is named."""
    rows = Sample.objects.filter(study=study, stratum=Stratum.DECIDED).exclude(group="")
    found: Mapping[str, int] = dict(rows.values_list("group").annotate(n=Count("pk")).order_by("group"))
    return {name: found.get(name, 0) for name in GROUP_WORDS}


def waiting_counts(study: UUID) -> tuple[int, int]:
    """Of the items that wait: how many are judged otherwise so far, and how many have two verdicts."""
    rows = Sample.objects.filter(study=study, stratum=Stratum.WAITING).exclude(
        group__in=["", Group.NO_ANSWER.value]
    )
    return rows.filter(group=OTHERWISE).count(), rows.count()


@transaction.atomic
def case_from_sample(*, study: UUID, sample: UUID, person: Person) -> str:
    """Make a case out of an item of a re-run, with the label that people gave it; returns its code.

    Raises Stale where it is one already, NoBacktest without a label or section, UnfitCase, Missing, Forbidden.
    """
    row = (
        Sample.objects.select_for_update(of=("self",))
        .select_related("study")
        .filter(pk=sample, study=study)
        .first()
    )
    if row is None:
        raise Missing(_("This item is not part of the re-run. Reload the page."))
    if row.case:
        raise Stale(_("This item is a case already."))
    if not row.person_label:
        raise NoBacktest(_("No person has decided this item, so there is no label that a case could expect."))
    content = intake_reads.contents([row.item_id]).get(row.item_id)
    if content is None:
        raise Missing(_("The item was erased or restricted, so it cannot become a case."))
    cited = [*row.person_sections, *row.before_sections, *row.after_sections]
    known = set(Section.objects.filter(version=row.study.version_id).values_list("code", flat=True))
    section = next((code for code in cited if code in known), "")
    if not section:
        raise NoBacktest(
            _("No section of this version is cited here. Add the case beside its section by hand.")
        )
    case = policies.add_case(
        policy=row.study.policy_id, section=section, text=content.text, expect=row.person_label, person=person,
        origin_item=row.item_id,
    )  # fmt: skip
    Sample.objects.filter(pk=row.pk).update(case=case.pk)
    return case.code


def cases_from_breaks(*, study: UUID, person: Person) -> tuple[int, int]:
    """Make a case of every break that is none yet; returns how many were made, and how many could not be."""
    made = left = 0
    wanted = Sample.objects.filter(study=study, group=Group.BREAK, case=None).order_by("ordinal")
    for key in list(wanted.values_list("pk", flat=True)[:AT_ONCE]):
        try:
            case_from_sample(study=study, sample=key, person=person)
            made += 1
        except ProductError as error:
            if error.status == 403:
                raise
            left += 1
    return made, left


def _both(version: UUID) -> tuple[Version, Version]:
    row = version_to_judge(version)
    against = published_beside(row)
    if not row.hash:
        raise NoBacktest(_("This draft cannot be read as a policy yet. Mend what the editor marks first."))
    if against is None:
        raise NoBacktest(
            _("No other version of this policy is published, so there is nothing to compare with.")
        )
    return row, against


def _check(wish: Wish) -> None:
    if not 1 <= wish.last <= MOST_ITEMS:
        raise NoBacktest(_("Choose 1 to %(most_items)s decided items.") % {"most_items": f"{MOST_ITEMS:,}"})
    if not all(0 <= each <= MOST_ITEMS for each in (wish.passed, wish.closed, wish.waiting)):
        raise NoBacktest(
            _("Choose 0 to %(most_items)s items that no person has decided.")
            % {"most_items": f"{MOST_ITEMS:,}"}
        )
    if wish.since and wish.until and wish.since >= wish.until:
        raise NoBacktest(_("The first day lies after the last. Turn them round."))


def _ask_next(row: Study, run: UUID) -> None:
    rows = list(
        Sample.objects.filter(study=row, ordinal__gte=row.asked, ordinal__lt=row.asked + AT_ONCE)
        .order_by("ordinal")
        .values_list("item_id", "stratum", "before_id")
    )
    if row.version_id and rows:
        runs.ask(run=run, version=row.version_id, items=[item for item, _, _ in rows])
    unknown = [item for item, stratum, before in rows if stratum in COMPARED and before is None]
    if row.against_id and unknown:
        runs.ask(run=run, version=row.against_id, items=unknown)
    row.asked += len(rows)
    if row.asked >= row.total:
        runs.finish_asking(run=run)


def _group_ended(row: Study, run: UUID) -> int:
    """Group up to 500 items whose judgements have ended; returns how many. One that may not be judged has no answer."""
    waiting = list(
        Sample.objects.filter(study=row, group="", ordinal__lt=row.asked).select_related("before").defer("before__raw", "before__reasoning", "before__rationale").order_by("ordinal")[:AT_ONCE]
    )  # fmt: skip
    asked = _asked(run, [each.item_id for each in waiting])
    ended = []
    for each in waiting:
        mine = asked[each.item_id]
        if any(state in {"pending", "leased"} for state, _ in mine.values()):
            continue
        _, after = mine.get(row.version_id, ("", None)) if row.version_id else ("", None)
        before = each.before
        if before is None and row.against_id:
            _, before = mine.get(row.against_id, ("", None))
        _fill(each, before, after, row.intended)
        ended.append(each)
    _store(ended)
    return len(ended)


def _store(ended: Sequence[Sample]) -> None:
    """One statement a row in one round trip: Django's bulk update would build a CASE for every cell."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            UPDATE lab_sample SET before_id = %s, before_label = %s, before_sections = %s, after_id = %s, after_label = %s,
                after_sections = %s, "group" = %s WHERE id = %s
            """,
            [
                (
                    each.before_id, each.before_label, each.before_sections, each.after_id, each.after_label,
                    each.after_sections, each.group, each.pk,
                )
                for each in ended
            ],
        )  # fmt: skip


def _asked(run: UUID, items: Sequence[UUID]) -> dict[UUID, dict[UUID, tuple[str, Verdict | None]]]:
    """Item and version to the state of the judgement and its verdict."""
    rows = (
        Judgement.objects.filter(run=run, item__in=items)
        .select_related("verdict")
        .only("state", "item_id", "version_id", "verdict__label", "verdict__sections")
    )
    found: dict[UUID, dict[UUID, tuple[str, Verdict | None]]] = defaultdict(dict)
    for row in rows:
        if row.item_id:
            found[row.item_id][row.version_id] = (row.state, getattr(row, "verdict", None))
    return found


def _fill(each: Sample, before: Verdict | None, after: Verdict | None, intended: Sequence[str]) -> None:
    was, now = _said(before), _said(after)
    each.before, each.after = before, after
    each.before_label, each.before_sections = (was.label, sorted(was.sections)) if was else ("", [])
    each.after_label, each.after_sections = (now.label, sorted(now.sections)) if now else ("", [])
    if each.stratum == Stratum.WAITING:
        each.group = _waiting_group(was, now)
        return
    if each.stratum != Stratum.DECIDED:
        each.group = FOR_PEOPLE if wants_people(now) else ALONE
        return
    person = Said(each.person_label, frozenset(each.person_sections))
    each.group = group(person=person, before=was, after=now, intended=intended).value


def _waiting_group(was: Said | None, now: Said | None) -> str:
    if was is None or now is None:
        return Group.NO_ANSWER.value
    return OTHERWISE if changed(was, now) else Group.UNCHANGED.value


def _said(verdict: Verdict | None) -> Said | None:
    if verdict is None:
        return None
    return Said(verdict.label, frozenset(verdict.sections) if verdict.label == "violates" else frozenset())
