"""The publish gate end to end with a scripted reasoner: it passes, blocks by name, goes stale, and survives what happens."""

from collections.abc import Callable

import pytest
from django.test import Client

from inference import EngineIdentity
from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event
from reviewapp.lab import actions
from reviewapp.lab.actions.gating import GateRunning, NoGate
from reviewapp.lab.models import CaseResult, Study
from reviewapp.lab.rules_bounds import Rate
from reviewapp.policies import actions as policies
from reviewapp.policies import reads_cases, reads_gate
from reviewapp.policies.models import GateReport, Version
from reviewapp.screening import actions as screening
from reviewapp.screening.actions import Claim
from reviewapp.screening.models import Verdict
from reviewapp.ui.errors import Forbidden, Missing, Stale
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.lab import stage
from tests.rooms.screening import desk

Clients = Callable[[Person], Client]


@pytest.fixture
def pair(cast: Cast) -> tuple[Version, Version]:
    return stage.draft(cast)


def gate(cast: Cast, version: Version, repeats: int = 1) -> Study:
    return Study.objects.get(pk=actions.start_gate(version=version.pk, repeats=repeats, person=cast.bo))


def breaking(draft: Version, text: str) -> stage.Says:
    def says(claim: Claim) -> str:
        if claim.version == draft.pk and claim.subject.text == text:
            return "allowed"
        return stage.as_expected(claim)

    return says


def violating_case(version: Version) -> reads_cases.CaseLine:
    return next(case for case in reads_cases.gate_subject(version.pk).cases if case.expect == "violates")


def test_a_gate_passes_and_the_report_opens_the_way(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    study = stage.run_to_its_end(gate(cast, draft).pk)
    cases = reads_cases.gate_subject(draft.pk).cases
    assert study.state == "done" and study.answered == study.total == 2 * len(cases)
    report = GateReport.objects.get()
    assert report.outcome == "passed" and report.case_count == len(cases) and report.run == study.run_id
    assert reads_gate.gate_standing(draft.pk).state == "passed"
    page = client_for(cast.cy).get(f"/gates/{study.pk}").content.decode()
    assert "Gate passed" in page and f"{len(cases)} of {len(cases)} cases right" in page
    verbs = list(
        Event.objects.filter(verb__startswith="study.").order_by("at").values_list("verb", flat=True)
    )
    assert verbs == ["study.started", "study.ended"]


def test_a_broken_case_blocks_and_is_named_with_both_rationales(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    case = violating_case(draft)
    study = stage.run_to_its_end(gate(cast, draft).pk, breaking(draft, case.text))
    report = GateReport.objects.get()
    assert report.outcome == "blocked"
    assert report.blockers[0][:2] == [case.code, case.section]
    row = policies.propose(version=draft.pk, person=cast.bo)
    with pytest.raises(policies.GateClosed, match=f"case {case.code} of {case.section}"):
        policies.approve(version=row.pk, hash=row.hash, person=cast.cy)
    page = client_for(cast.bo).get(f"/gates/{study.pk}").content.decode()
    assert "Cannot be published" in page and case.code in page and case.section in page
    assert page.count("Because.") >= 2, "both rationales stand side by side"
    Verdict.objects.filter(version=draft).update(rationale="Because it asks.")
    page = client_for(cast.bo).get(f"/gates/{study.pk}").content.decode()
    assert "Because<ins> it asks</ins>." in page
    fragment = client_for(cast.cy).get(f"/lab/drafts/{draft.pk}/gate").content.decode()
    assert case.code in fragment and "Run gate" in fragment


def test_repeats_decide_by_majority_and_show_what_is_unstable(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    case = violating_case(draft)
    asked = {"n": 0}

    def says(claim: Claim) -> str:
        if claim.version == draft.pk and claim.subject.text == case.text:
            asked["n"] += 1
            return "allowed" if asked["n"] == 1 else "violates"
        return stage.as_expected(claim)

    study = stage.run_to_its_end(gate(cast, draft, repeats=3).pk, says)
    result = CaseResult.objects.get(study=study, case=case.id)
    assert sorted(result.votes) == ["allowed", "violates", "violates"] and len(result.before) == 3
    assert GateReport.objects.get().outcome == "passed"
    page = client_for(cast.au).get(f"/gates/{study.pk}").content.decode()
    of_section = [each for each in reads_cases.gate_subject(draft.pk).cases if each.section == case.section]
    assert Rate(1, len(of_section)).words in page
    fragment = client_for(cast.ana).get(f"/lab/sections/spam/{case.section}/overrides").content.decode()
    assert case.code in fragment


def test_editing_the_draft_stops_its_gate_and_discarding_it_too(
    cast: Cast, pair: tuple[Version, Version]
) -> None:
    _, draft = pair
    first = gate(cast, draft)
    actions.advance_studies()
    policies.save_draft(
        version=draft.pk,
        source=draft.source.replace("any link", "some link"),
        saves=draft.saves,
        change_note="",
        person=cast.bo,
    )
    study = stage.run_to_its_end(first.pk)
    assert study.state == "failed" and "changed while the gate ran" in study.failure
    assert not GateReport.objects.exists()
    draft.refresh_from_db()
    second = gate(cast, draft)
    actions.advance_studies()
    stage.answer(stage.as_expected, limit=3)
    policies.discard_draft(version=draft.pk, person=cast.bo)
    study = stage.run_to_its_end(second.pk)
    assert study.state == "failed" and "discarded" in study.failure


def test_an_engine_that_changes_in_the_middle_proves_nothing(
    cast: Cast, pair: tuple[Version, Version]
) -> None:
    _, draft = pair
    study = gate(cast, draft)
    actions.advance_studies()
    stage.answer(stage.as_expected, limit=5)
    other = screening.note_engine(
        endpoint=0, identity=EngineIdentity("another", "", "2", 16_384, False, "other-signature")
    )
    while stage.answer(stage.as_expected, engine=other):
        pass
    row = stage.run_to_its_end(study.pk)
    assert row.state == "failed" and "engine changed" in row.failure
    assert not GateReport.objects.exists()


def test_an_engine_that_is_away_in_mid_gate_costs_time_and_no_case(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    started = gate(cast, draft)
    actions.advance_studies()
    assert stage.answer(stage.as_expected, limit=5) == 5
    while stage.answer(lambda claim: "transient"):
        pass
    actions.advance_studies()
    started.refresh_from_db()
    assert (started.state, started.answered) == ("running", 5) and started.total > 5
    page = client_for(cast.bo).get(f"/gates/{started.pk}").content.decode()
    assert f"5 of {started.total} judged" in page and "Pause" in page
    desk.execute("UPDATE screening_judgement SET not_before = NULL WHERE state = 'pending'")
    study = stage.run_to_its_end(started.pk)
    assert study.state == "done" and GateReport.objects.get().outcome == "passed"


def test_another_engine_in_force_makes_a_passed_gate_stale(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    study = stage.run_to_its_end(gate(cast, draft).pk)
    actions.tell_engine()
    assert reads_gate.gate_standing(draft.pk).state == "passed"
    screening.note_engine(
        endpoint=0, identity=EngineIdentity("another", "", "2", 16_384, False, "other-signature")
    )
    actions.tell_engine()
    assert reads_gate.gate_standing(draft.pk).state == "stale_engine"
    assert "Another engine judges items now" in client_for(cast.bo).get(f"/gates/{study.pk}").content.decode()


def test_cases_without_any_answer_block(cast: Cast, pair: tuple[Version, Version]) -> None:
    _, draft = pair
    case = violating_case(draft)
    study = stage.run_to_its_end(
        gate(cast, draft).pk,
        lambda claim: "refused" if claim.subject.text == case.text else stage.as_expected(claim),
    )
    assert study.state == "done"
    assert "no readable answer" in GateReport.objects.get().blockers[0][2]


def test_a_dead_engine_fails_the_gate_with_words(cast: Cast, pair: tuple[Version, Version]) -> None:
    _, draft = pair
    study = stage.run_to_its_end(gate(cast, draft).pk, lambda claim: "refused")
    assert study.state == "failed" and "Not one case got an answer" in study.failure


def test_pause_resume_and_cancel(cast: Cast, pair: tuple[Version, Version], client_for: Clients) -> None:
    _, draft = pair
    study = gate(cast, draft)
    actions.advance_studies()
    client = client_for(cast.bo)
    assert client.post(f"/lab/studies/{study.pk}/pause").headers["Location"] == f"/gates/{study.pk}"
    assert stage.answer(stage.as_expected) == 0, "a paused run is not claimed"
    assert "Paused" in client.get(f"/gates/{study.pk}/progress").content.decode()
    with pytest.raises(Stale):
        actions.pause_study(study=study.pk, person=cast.bo)
    client.post(f"/lab/studies/{study.pk}/resume")
    assert stage.answer(stage.as_expected, limit=2) == 2
    client.post(f"/lab/studies/{study.pk}/cancel")
    study.refresh_from_db()
    assert study.state == "cancelled" and study.ended_at
    assert client.get(f"/gates/{study.pk}/progress").headers["HX-Refresh"] == "true"
    assert not GateReport.objects.exists()
    with pytest.raises(Stale):
        actions.resume_study(study=study.pk, person=cast.bo)


def test_a_gate_is_started_once_and_only_by_those_who_may(cast: Cast, pair: tuple[Version, Version]) -> None:
    _, draft = pair
    answers = at_once(4, lambda n: actions.start_gate(version=draft.pk, repeats=1, person=cast.bo))
    assert sum(not isinstance(each, Exception) for each in answers) == 1
    assert sum(isinstance(each, GateRunning) for each in answers) == 3
    for person in (cast.ana, cast.sam, cast.au):
        with pytest.raises(Forbidden):
            actions.start_gate(version=draft.pk, repeats=1, person=person)
    with pytest.raises(NoGate, match="1 to 9"):
        actions.start_gate(version=draft.pk, repeats=10, person=cast.bo)
    with pytest.raises(Missing):
        actions.start_gate(version=cast.bo.pk, repeats=1, person=cast.bo)


def test_a_draft_that_cannot_be_read_has_no_gate(cast: Cast, pair: tuple[Version, Version]) -> None:
    _, draft = pair
    policies.save_draft(
        version=draft.pk, source="# not a policy", saves=draft.saves, change_note="", person=cast.bo
    )
    with pytest.raises(NoGate, match="cannot be read"):
        actions.start_gate(version=draft.pk, repeats=1, person=cast.bo)


def test_the_button_starts_it_or_leads_to_the_one_that_runs(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    client = client_for(cast.cy)
    first = client.post(f"/lab/drafts/{draft.pk}/gate/run", {"repeats": "1"}).headers["Location"]
    assert client.post(f"/lab/drafts/{draft.pk}/gate/run", {"repeats": "1"}).headers["Location"] == first
    assert Study.objects.count() == 1
    assert client.post(f"/lab/drafts/{draft.pk}/gate/run", {"repeats": "many"}).status_code == 422
    assert "Gate" in client.get("/lab/").content.decode()


def test_a_killed_sweeper_loses_nothing(cast: Cast, pair: tuple[Version, Version]) -> None:
    """Two sweepers at once, and one after another: no case is asked twice, the votes are one a case."""
    _, draft = pair
    study = gate(cast, draft)
    at_once(3, lambda n: actions.advance_studies())
    row = stage.run_to_its_end(study.pk)
    assert row.state == "done" and row.answered == row.total
    assert set(map(len, CaseResult.objects.filter(study=study).values_list("votes", flat=True))) == {1}
