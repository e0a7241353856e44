"""The gate's door: what blocks publishing, what two people may waive, and what is audited."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from reviewapp.accounts.models import Notice
from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.clock import database_time
from reviewapp.audit.models import Event
from reviewapp.policies import actions, reads, reads_gate
from reviewapp.policies.actions import GateClosed, OwnVersion, StaleVersion, UnfitReport
from reviewapp.policies.models import GateReport, GateWaiver, Version
from reviewapp.policies.rules_gate import Blocker, Outcome, WaiverKind
from reviewapp.ui.errors import Forbidden, ProductError, Stale
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.policies import stage
from tests.rooms.policies.test_import import seed

BLOCKED = [Blocker("SP-C3", "SP-1.2", "It was right under version 1 and is wrong now.")]


@pytest.fixture
def row(cast: Cast) -> Version:
    """Version 2 of spam, proposed by Bo, no gate run yet."""
    draft = stage.draft_of(cast, stage.publish_seed())
    return actions.propose(version=draft.pk, person=cast.bo)


def approve(cast: Cast, row: Version, *, gaps_signed: bool = False) -> Version:
    return actions.approve(version=row.pk, hash=row.hash, person=cast.cy, gaps_signed=gaps_signed)


def publish(cast: Cast, row: Version) -> Version:
    return actions.publish(version=row.pk, hash=row.hash, person=cast.cy)


def waived(cast: Cast, row: Version, kind: WaiverKind) -> GateWaiver:
    waiver = actions.ask_waiver(version=row.pk, kind=kind, reason="raid going on", person=cast.bo)
    actions.grant_waiver(waiver=waiver.pk, person=cast.cy)
    return waiver


def test_without_a_report_nothing_is_approved(cast: Cast, row: Version) -> None:
    with pytest.raises(GateClosed, match="has not been run") as caught:
        approve(cast, row)
    assert caught.value.details["state"] == "missing"
    assert Version.objects.get(pk=row.pk).state == "proposed"


def test_a_broken_case_is_named_with_its_section(cast: Cast, row: Version) -> None:
    stage.report(row, Outcome.BLOCKED, blockers=BLOCKED)
    with pytest.raises(GateClosed, match=r"case SP-C3 of SP-1.2: It was right"):
        approve(cast, row)


def test_a_passing_report_opens_and_is_kept_with_the_version(cast: Cast, row: Version) -> None:
    report = stage.report(row)
    published = publish(cast, approve(cast, row))
    assert (published.gate, published.gate_waived) == ("passed", False)
    told = Event.objects.get(verb="policy.published", subjects__contains=[row.pk])
    assert told.data["gate"] == "passed"
    assert GateReport.objects.get().pk == report.pk


def test_a_newer_report_counts(cast: Cast, row: Version) -> None:
    stage.report(row)
    stage.report(row, Outcome.BLOCKED, blockers=BLOCKED)
    with pytest.raises(GateClosed):
        approve(cast, row)


def test_a_change_of_text_cases_or_target_makes_a_report_stale(cast: Cast, row: Version) -> None:
    stage.report(row)
    back = actions.return_to_draft(version=row.pk, person=cast.bo)
    kept = back.gate_hash
    text = back.source.replace(
        "### Public\nWe remove posts that mainly", "### Public\nWe take down posts that mainly"
    )
    back = actions.save_draft(version=row.pk, source=text, saves=back.saves, change_note="n", person=cast.bo)
    assert back.gate_hash == kept and reads_gate.gate_standing(row.pk).state == "passed"
    target = text.replace("severity: 2\n", "severity: 2\nrecall: 90 %\n", 1)
    back = actions.save_draft(
        version=row.pk, source=target, saves=back.saves, change_note="n", person=cast.bo
    )
    assert reads_gate.gate_standing(row.pk).state == "stale_text"
    back = actions.save_draft(version=row.pk, source=text, saves=back.saves, change_note="n", person=cast.bo)
    assert reads_gate.gate_standing(row.pk).state == "passed"
    actions.add_case(policy=row.policy_id, section="SP-1.1", text="new", expect="allowed", person=cast.bo)
    row = actions.propose(version=row.pk, person=cast.bo)
    with pytest.raises(GateClosed, match="changed after the gate"):
        approve(cast, row)


def test_cases_changed_after_the_page_was_made_void_the_approvers_click(cast: Cast, row: Version) -> None:
    seen = row.cases_hash
    actions.return_to_draft(version=row.pk, person=cast.bo)
    actions.add_case(policy=row.policy_id, section="SP-1.1", text="new", expect="allowed", person=cast.bo)
    row = actions.propose(version=row.pk, person=cast.bo)
    stage.report(row)
    with pytest.raises(StaleVersion):
        actions.approve(version=row.pk, hash=row.hash, cases_hash=seen, person=cast.cy)
    assert actions.approve(version=row.pk, hash=row.hash, cases_hash=row.cases_hash, person=cast.cy)


def test_another_engine_makes_a_report_stale_between_approval_and_publication(
    cast: Cast, row: Version
) -> None:
    assert actions.note_engine(engine="engine-1") and not actions.note_engine(engine="engine-1")
    stage.report(row)
    approved = approve(cast, row)
    assert actions.note_engine(engine="engine-2")
    with pytest.raises(GateClosed, match="Another engine"):
        publish(cast, approved)
    stage.report(row, engine="engine-2")
    assert publish(cast, approved).state == "published"
    assert Event.objects.filter(verb="gate.engine_changed").count() == 2


def test_a_gap_is_signed_by_the_approver_and_by_name(cast: Cast, row: Version) -> None:
    report = stage.report(row, Outcome.GAPS)
    with pytest.raises(GateClosed, match="too few cases"):
        approve(cast, row)
    approved = approve(cast, row, gaps_signed=True)
    report.refresh_from_db()
    assert report.gaps_signed_by == cast.cy and publish(cast, approved).gate == "gaps_signed"
    assert Event.objects.filter(verb="gate.gaps_signed", actor=str(cast.cy.pk)).count() == 1
    with pytest.raises(Stale):
        actions.sign_gaps(report=report.pk, person=cast.cy)


def test_a_gap_is_not_signed_by_its_writer(cast: Cast, row: Version) -> None:
    report = stage.report(row, Outcome.GAPS)
    for who, error in ((cast.bo, Forbidden), (cast.ana, Forbidden)):
        with pytest.raises(error):
            actions.sign_gaps(report=report.pk, person=who)
    GateReport.objects.filter(pk=report.pk).update(outcome="passed")
    with pytest.raises(Stale):
        actions.sign_gaps(report=report.pk, person=cast.cy)


def test_two_people_override_a_blocked_gate_with_a_reason(cast: Cast, row: Version) -> None:
    stage.report(row, Outcome.BLOCKED, blockers=BLOCKED)
    waiver = actions.ask_waiver(
        version=row.pk, kind=WaiverKind.OVERRIDE, reason="the case is wrong", person=cast.bo
    )
    with pytest.raises(GateClosed):
        approve(cast, row)
    for who in (cast.bo, cast.ana):
        with pytest.raises(Forbidden):
            actions.grant_waiver(waiver=waiver.pk, person=who)
    actions.grant_waiver(waiver=waiver.pk, person=cast.cy)
    with pytest.raises(Stale):
        actions.grant_waiver(waiver=waiver.pk, person=cast.cy)
    published = publish(cast, approve(cast, row))
    assert (published.gate, published.gate_waived, published.gate_due_at) == ("override", True, None)
    verbs = set(Event.objects.filter(subjects__contains=[row.pk]).values_list("verb", flat=True))
    assert {"gate.waiver_asked", "gate.waiver_granted"} <= verbs
    assert "the case is wrong" not in str(list(Event.objects.values_list("data", flat=True)))


def test_the_one_who_asks_never_grants_and_a_writer_grants_nothing(cast: Cast, row: Version) -> None:
    waiver = actions.ask_waiver(version=row.pk, kind=WaiverKind.OVERRIDE, reason="r", person=cast.cy)
    with pytest.raises(Forbidden, match="second person"):
        actions.grant_waiver(waiver=waiver.pk, person=cast.cy)
    Version.objects.filter(pk=row.pk).update(writers=[cast.ad.pk])
    with pytest.raises(OwnVersion):
        actions.grant_waiver(waiver=waiver.pk, person=cast.ad)


def test_a_waiver_is_asked_once_with_a_reason_for_a_frozen_text(cast: Cast, row: Version) -> None:
    with pytest.raises(ProductError, match="Say why"):
        actions.ask_waiver(version=row.pk, kind=WaiverKind.OVERRIDE, reason="  ", person=cast.bo)
    with pytest.raises(Forbidden):
        actions.ask_waiver(version=row.pk, kind=WaiverKind.OVERRIDE, reason="r", person=cast.ana)
    actions.ask_waiver(version=row.pk, kind=WaiverKind.OVERRIDE, reason="r", person=cast.bo)
    with pytest.raises(Stale, match="already"):
        actions.ask_waiver(version=row.pk, kind=WaiverKind.EMERGENCY, reason="r", person=cast.bo)
    actions.return_to_draft(version=row.pk, person=cast.bo)
    with pytest.raises(StaleVersion):
        actions.ask_waiver(version=row.pk, kind=WaiverKind.OVERRIDE, reason="r", person=cast.bo)


def test_a_changed_text_leaves_its_waiver_behind(cast: Cast, row: Version) -> None:
    waived(cast, row, WaiverKind.OVERRIDE)
    back = actions.return_to_draft(version=row.pk, person=cast.bo)
    text = back.source.replace("severity: 3", "severity: 4", 1)
    actions.save_draft(version=row.pk, source=text, saves=back.saves, change_note="n", person=cast.bo)
    row = actions.propose(version=row.pk, person=cast.bo)
    with pytest.raises(GateClosed):
        approve(cast, row)


def test_an_emergency_has_72_hours_then_shows_as_expired_and_people_are_told_once(
    cast: Cast, row: Version
) -> None:
    waived(cast, row, WaiverKind.EMERGENCY)
    published = publish(cast, approve(cast, row))
    assert published.gate == "emergency" and published.gate_due_at is not None
    left = published.gate_due_at - database_time()
    assert timedelta(hours=71, minutes=59) < left <= timedelta(hours=72)
    assert actions.expire_emergencies() == 0
    Version.objects.filter(pk=row.pk).update(gate_due_at=Now() - timedelta(seconds=1))
    assert (actions.expire_emergencies(), actions.expire_emergencies()) == (1, 0)
    assert Version.objects.get(pk=row.pk).gate == "expired"
    assert set(Notice.objects.filter(kind="emergency_expired").values_list("person", flat=True)) == {
        cast.bo.pk, cast.cy.pk,
    }  # fmt: skip
    assert [each.number for each in reads.published()] == [2]
    stage.report(row, Outcome.BLOCKED, blockers=BLOCKED)
    assert Version.objects.get(pk=row.pk).gate == "expired"
    stage.report(row)
    after = Version.objects.get(pk=row.pk)
    assert (after.gate, after.gate_due_at, after.gate_waived) == ("passed", None, False)
    assert Event.objects.filter(verb="gate.emergency_gated").count() == 1


def test_an_emergency_with_a_gap_is_settled_by_the_signature(cast: Cast, row: Version) -> None:
    waived(cast, row, WaiverKind.EMERGENCY)
    publish(cast, approve(cast, row))
    report = stage.report(row, Outcome.GAPS)
    assert Version.objects.get(pk=row.pk).gate == "emergency"
    actions.sign_gaps(report=report.pk, person=cast.cy)
    assert Version.objects.get(pk=row.pk).gate == "gaps_signed"


def test_the_same_run_reports_once_and_an_odd_report_is_refused(cast: Cast, row: Version) -> None:
    run = uuid4()
    values = {
        "version": row.pk, "gate_hash": row.gate_hash, "engine": "e", "model": "m", "sections": [], "case_count": 1,
        "run": run,
    }  # fmt: skip
    first = actions.record_gate_report(outcome=Outcome.PASSED, blockers=[], **values)
    assert actions.record_gate_report(outcome=Outcome.PASSED, blockers=[], **values) == first
    for outcome, blockers in ((Outcome.PASSED, BLOCKED), (Outcome.BLOCKED, [])):
        with pytest.raises(UnfitReport):
            actions.record_gate_report(outcome=outcome, blockers=blockers, **(values | {"run": uuid4()}))
    assert GateReport.objects.count() == 1


def test_a_report_comes_in_for_a_draft_that_was_discarded_meanwhile(cast: Cast, row: Version) -> None:
    actions.return_to_draft(version=row.pk, person=cast.bo)
    actions.discard_draft(version=row.pk, person=cast.bo)
    assert stage.report(row).outcome == "passed"


def test_a_planned_hour_is_kept_by_the_sweeper(cast: Cast, row: Version) -> None:
    stage.report(row)
    approved = approve(cast, row)
    at = database_time() + timedelta(hours=2)
    planned = actions.schedule(version=row.pk, hash=row.hash, at=at, person=cast.cy)
    assert (planned.state, planned.publish_at) == ("approved", at) and actions.publish_due() == 0
    Version.objects.filter(pk=row.pk).update(publish_at=Now() - timedelta(seconds=1))
    assert (actions.publish_due(), actions.publish_due()) == (1, 0)
    published = Version.objects.get(pk=approved.pk)
    assert (published.state, published.published_by, published.publish_at) == ("published", cast.cy, None)
    assert [each.number for each in reads.published()] == [2]
    told = Event.objects.get(verb="policy.published", subjects__contains=[row.pk])
    assert (told.actor_kind, told.actor) == ("machine", "sweeper")


def test_at_its_hour_a_closed_gate_stops_it_and_people_are_told(cast: Cast, row: Version) -> None:
    stage.report(row)
    approve(cast, row)
    actions.schedule(version=row.pk, hash=row.hash, at=database_time() + timedelta(hours=2), person=cast.cy)
    Version.objects.filter(pk=row.pk).update(publish_at=Now() - timedelta(seconds=1))
    actions.note_engine(engine="engine-2")
    assert actions.publish_due() == 0
    after = Version.objects.get(pk=row.pk)
    assert (after.state, after.publish_at) == ("approved", None)
    assert Notice.objects.filter(kind="publication_stopped").count() == 2
    assert Event.objects.get(verb="policy.unscheduled").data["why"] == "gate_closed"


def test_an_hour_is_to_come_and_can_be_taken_back(cast: Cast, row: Version) -> None:
    stage.report(row)
    approve(cast, row)
    now = database_time()
    for at in (now - timedelta(minutes=1), now + timedelta(days=400)):
        with pytest.raises(ProductError, match="hour"):
            actions.schedule(version=row.pk, hash=row.hash, at=at, person=cast.cy)
    with pytest.raises(Forbidden):
        actions.schedule(version=row.pk, hash=row.hash, at=now + timedelta(hours=1), person=cast.bo)
    actions.schedule(version=row.pk, hash=row.hash, at=now + timedelta(hours=1), person=cast.cy)
    assert actions.unschedule(version=row.pk, person=cast.cy).publish_at is None
    with pytest.raises(StaleVersion):
        actions.unschedule(version=row.pk, person=cast.cy)
    actions.schedule(version=row.pk, hash=row.hash, at=now + timedelta(hours=1), person=cast.cy)
    back = actions.return_to_draft(version=row.pk, person=cast.bo)
    assert (back.publish_at, back.scheduled_by) == (None, None)


def test_the_shell_still_publishes_with_the_gate_waived_and_audited(db: str) -> None:
    version = actions.import_policy(source=seed(), actor=OPERATOR, publish=True)
    assert (version.gate, version.gate_waived) == ("waived", True)
    assert Event.objects.get(verb="policy.published").data["gate"] == "waived"


def test_two_grants_at_once_are_one(cast: Cast, row: Version) -> None:
    waiver = actions.ask_waiver(version=row.pk, kind=WaiverKind.OVERRIDE, reason="r", person=cast.bo)
    outcomes = at_once(2, lambda _: actions.grant_waiver(waiver=waiver.pk, person=cast.cy))
    (lost,) = [each for each in outcomes if isinstance(each, Exception)]
    assert isinstance(lost, Stale), outcomes
    assert Event.objects.filter(verb="gate.waiver_granted").count() == 1
