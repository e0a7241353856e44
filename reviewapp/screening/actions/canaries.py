"""The canary: a changed engine is put to the golden set first, and what it answers is compared with the engine before."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.actions import notify_roles
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import MAY
from reviewapp.audit.actions import REASONER, Actor, record
from reviewapp.policies import reads as policies
from reviewapp.policies.models import Case
from reviewapp.screening import golden, rules_canary
from reviewapp.screening.actions.runs import RunMoved, ask, cancel_run, finish_asking, start_run
from reviewapp.screening.actions.steering import LONGEST_REASON, BadSetting
from reviewapp.screening.models import Canary, Circuit, Judgement, ScreeningSettings
from reviewapp.screening.rules import RunKind
from reviewapp.screening.rules_canary import TRUSTED, CanaryState
from reviewapp.ui.errors import Missing, Stale

Question = tuple[UUID, str]
"""A version and a text."""


def tend_canaries() -> None:
    """Start the canary of every engine that changed, compare those that ended, and drop those of engines that are gone.

    For the sweeper, every few seconds.
    """
    for canary in Canary.objects.filter(state=CanaryState.RUNNING, run__state__in=["done", "cancelled"]):
        _finish(canary.pk)
    here = Circuit.objects.filter(engine__isnull=False, endpoint__lt=len(settings.REASONER_URLS))
    for canary in Canary.objects.filter(state=CanaryState.RUNNING).exclude(engine__in=here.values("engine")):
        with suppress(RunMoved):  # it ended in the same moment, and is compared next time
            _drop(canary.pk)
    asked = Canary.objects.filter(engine=OuterRef("engine"), started_at__gte=OuterRef("engine_since"))
    changed = here.filter(~Exists(asked))
    for engine in changed.values_list("engine", flat=True).distinct():
        if engine:
            start_canary(engine=engine)


@transaction.atomic
def start_canary(*, engine: UUID) -> UUID | None:
    """Put the golden set to `engine`; returns the canary, or None while no policy with questions is published.

    The questions are asked under the versions of the last trusted canary, so that only the engine differs, and under
    the versions in force, so that the next one can be compared.
    """
    Circuit.objects.select_for_update().filter(engine=engine).order_by("pk").first()
    if Canary.objects.filter(engine=engine, state=CanaryState.RUNNING).exists():
        return None
    before = Canary.objects.filter(state__in=TRUSTED).order_by("-finished_at").first()
    questions = _questions(before)
    if not questions:
        return None
    run = start_run(kind=RunKind.CANARY, person=None, title="Golden set", engine=engine)
    by_version: dict[UUID, list[str]] = defaultdict(list)
    for version, text in questions:
        by_version[version].append(text)
    for version, texts in by_version.items():
        ask(run=run, version=version, texts=texts)
    finish_asking(run=run)
    canary = Canary.objects.create(engine_id=engine, run_id=run, against=before, total=len(questions))
    record(
        verb="canary.started", actor=REASONER, subjects=[engine],
        data={
            "engine": str(engine), "run": str(run), "against": str(before.engine_id) if before else None,
            "count": len(questions),
        },
    )  # fmt: skip
    return canary.pk


@transaction.atomic
def accept_canary(*, canary: UUID, reason: str, person: Person) -> None:
    """Trust an engine that answers differently: automatic outcomes go on, and the next engine is compared with it.

    Raises Forbidden, Missing, BadSetting without a reason, Stale when it waits for nobody.
    """
    check_may(person, "engine.manage")
    said = " ".join(reason.split())
    if not said or len(said) > LONGEST_REASON:
        raise BadSetting(
            _("Say in up to %(longest_reason)s letters why this engine is accepted.")
            % {"longest_reason": LONGEST_REASON}
        )
    row = Canary.objects.select_for_update().filter(pk=canary).first()
    if row is None:
        raise Missing(_("There is no such run of the golden set. Look at the engine page."))
    if row.state != CanaryState.ALARM:
        raise Stale(_("This engine was accepted already. Load the page again."))
    Canary.objects.filter(pk=canary).update(
        state=CanaryState.ACCEPTED.value, accepted_by=person, accepted_at=Now(), accepted_reason=said
    )
    record(
        verb="canary.accepted", actor=Actor.person(person.pk), subjects=[row.engine_id],
        data={"engine": str(row.engine_id)},
    )  # fmt: skip


@transaction.atomic
def _drop(canary: UUID) -> None:
    """Ask no more: nobody can answer. Should the engine come back, it is asked everything."""
    row = Canary.objects.select_for_update().get(pk=canary)
    if row.state == CanaryState.RUNNING:
        row.delete()
        cancel_run(run=row.run_id, person=None)


@transaction.atomic
def _finish(canary: UUID) -> None:
    row = Canary.objects.select_for_update().get(pk=canary)
    if row.state != CanaryState.RUNNING:
        return
    now = _answers(row.run_id)
    before = _answers(row.against.run_id) if row.against else {}
    found = rules_canary.drift(before, now)
    switches = ScreeningSettings.objects.filter(pk=True).first() or ScreeningSettings()
    state = rules_canary.verdict_on(found, switches.canary_share)
    Canary.objects.filter(pk=canary).update(
        state=state.value, total=found.total, changed=found.changed, unanswered=found.unanswered,
        as_expected=_as_expected(now), finished_at=Now(),
    )  # fmt: skip
    record(
        verb="canary.passed" if state is CanaryState.PASSED else "canary.alarmed", actor=REASONER,
        subjects=[row.engine_id],
        data={"engine": str(row.engine_id), "changed": found.changed, "unanswered": found.unanswered},
    )  # fmt: skip
    if state is CanaryState.ALARM:
        notify_roles(roles=MAY["engine.manage"], kind="canary_alarm", about=row.engine_id)


def _questions(before: Canary | None) -> list[Question]:
    asked = list(_answers(before.run_id)) if before else []
    in_force = _in_force()
    fresh = {version for version, _ in in_force} - {version for version, _ in asked}
    still = {version for version, _ in in_force} - fresh
    slugs = _slugs({version for version, _ in asked} | {version for version, _ in in_force})
    replaced = {slugs[version] for version in fresh}
    kept = [(version, text) for version, text in asked if version in still or slugs[version] in replaced]
    return [*kept, *(each for each in in_force if each[0] in fresh)]


def _in_force() -> list[Question]:
    """The questions of every published policy: the file's, else a few of its own cases."""
    found = []
    for policy in policies.published():
        texts = [each.text for each in golden.questions() if each.policy == policy.slug]
        found += [(policy.version_id, text) for text in texts or _case_texts(policy.policy_id)]
    return found


def _case_texts(policy: UUID) -> list[str]:
    most = golden.CASES_OF_ONE_LABEL
    rows = (
        Case.objects.filter(policy=policy, erased=False, origin_item=None).exclude(text="").order_by("code")
    )
    return [
        text
        for expect in ("violates", "allowed")
        for text in rows.filter(expect=expect).values_list("text", flat=True)[:most]
    ]


def _answers(run: UUID) -> dict[Question, str]:
    """Label by question, empty where there is no verdict."""
    rows = (
        Judgement.objects.filter(run=run).order_by("pk").values_list("version_id", "text", "verdict__label")
    )
    return {(version, text or ""): label or "" for version, text, label in rows}


def _as_expected(answers: Mapping[Question, str]) -> int:
    slugs = _slugs({version for version, _ in answers})
    expected = {(each.policy, each.text): each.expect for each in golden.questions()}
    return sum(expected.get((slugs[version], text)) == label for (version, text), label in answers.items())


def _slugs(versions: set[UUID]) -> dict[UUID, str]:
    return policies.slugs_of(versions)
