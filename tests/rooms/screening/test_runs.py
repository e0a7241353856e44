"""Runs: started, asked, judged, paused, cancelled, read; what may not be judged is not; items stay as they are."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from reviewapp.audit.models import Event
from reviewapp.policies import actions as policies
from reviewapp.policies.models import Case, Version
from reviewapp.screening import actions, reads_runs
from reviewapp.screening.actions import Outcome
from reviewapp.screening.actions.runs import BadRun, RunMoved
from reviewapp.screening.models import CurrentVerdict, Judgement, Run, Verdict
from reviewapp.screening.rules import RunKind
from reviewapp.screening.rules_line import Lane
from reviewapp.ui.errors import Missing
from tests.cast import Cast
from tests.rooms.screening.desk import (
    ABUSE,
    IDENTITY,
    arrive,
    claimed,
    engine,
    execute,
    failure,
    one,
    publish,
    score,
    state_of,
    verdict,
)

KINDS = ["gate", "backtest", "try_it", "evaluate", "canary"]


def version() -> UUID:
    return UUID(str(Version.objects.get(policy__slug="harassment", state="published").pk))


def started(cast: Cast, kind: str = "backtest", **fields: object) -> UUID:
    return actions.start_run(kind=kind, person=cast.bo, title="A look back", **fields)  # type: ignore[arg-type]


def answer() -> int:
    """Answer whatever waits; returns how many."""
    claims = claimed()
    actions.commit_verdicts(outcomes=[Outcome(claim, verdict(claim)) for claim in claims], engine=engine())
    return len(claims)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_judges_items_and_leaves_them_as_they_are(cast: Cast, store: str, kind: str) -> None:
    publish("harassment")
    items = arrive(ABUSE, ABUSE + " 2", policies=["harassment"])
    run = started(cast, kind)
    asked = actions.ask(run=run, version=version(), items=items, replicas=2)
    actions.finish_asking(run=run)
    assert None not in asked.judgements and len(set(asked.judgements)) == 4
    assert reads_runs.progress(run).pending == 4
    assert answer() == 4
    told = reads_runs.progress(run)
    assert (told.state, told.done, told.failed, told.over) == ("done", 4, 0, True)
    assert told.prompt_tokens == 400 and told.cached_tokens == 200 and told.seconds == pytest.approx(2.0)
    assert {state_of(item) for item in items} == {"received"}
    assert not CurrentVerdict.objects.exists()
    rows = reads_runs.results(run)
    assert {(row.item, row.replica) for row in rows} == {
        (item, replica) for item in items for replica in (0, 1)
    }
    assert {(row.label, row.failure) for row in rows} == {("violates", "")}
    assert [row.judgement for row in reads_runs.results(run, after=rows[1].judgement)] == [
        row.judgement for row in rows[2:]
    ]


def test_a_draft_is_judged_by_its_own_text_until_it_changes(cast: Cast, store: str) -> None:
    publish("harassment")
    published = Version.objects.get(state="published")
    draft = policies.start_draft(policy=published.policy_id, person=cast.bo)
    source = draft.source.replace("This policy", "This stricter policy", 1)
    policies.save_draft(version=draft.pk, source=source, saves=draft.saves, change_note="", person=cast.bo)
    draft.refresh_from_db()
    run = started(cast, "try_it")
    first = actions.ask(run=run, version=draft.pk, texts=[ABUSE])
    (claim,) = claimed()
    assert "This stricter policy" in claim.policy.text and claim.policy.number == 2
    assert claim.lane == Lane.TRY_IT
    actions.commit_verdicts(outcomes=[Outcome(claim, verdict(claim))], engine=engine())
    second = actions.ask(run=run, version=draft.pk, texts=[ABUSE])
    policies.save_draft(
        version=draft.pk,
        source=source.replace("stricter", "milder"),
        saves=draft.saves,
        change_note="",
        person=cast.bo,
    )
    assert claimed() == []
    told = reads_runs.results_of([*first.judgements, *second.judgements])  # type: ignore[list-item]
    assert [told[key].state for key in (*first.judgements, *second.judgements)] == ["done", "failed"]  # type: ignore[index]
    assert told[second.judgements[0]].failure_kind == "rewritten"  # type: ignore[index]


def test_cases_and_texts_are_judged_and_a_deleted_case_takes_its_result_with_it(
    cast: Cast, store: str
) -> None:
    publish("harassment")
    cases = [case.pk for case in Case.objects.order_by("code")[:3]]
    run = started(cast, "gate")
    actions.ask(run=run, version=version(), cases=cases)
    actions.ask(run=run, version=version(), texts=["", "one more"])
    flying = claimed()
    actions.commit_verdicts(
        outcomes=[Outcome(claim, verdict(claim, evidence_for=())) for claim in flying[:-1]], engine=engine()
    )
    assert len(flying) == 5
    Case.objects.filter(pk__in=cases).delete()
    last = actions.commit_verdicts(outcomes=[Outcome(flying[-1], verdict(flying[-1]))], engine=engine())
    assert last.done + last.dropped == 1
    actions.finish_asking(run=run)
    assert {row.text for row in reads_runs.results(run)} == {"", "one more"}
    assert reads_runs.progress(run).state == "done"


def test_what_is_restricted_erased_or_gone_is_not_judged(cast: Cast, store: str) -> None:
    publish("harassment")
    fine, restricted, erased = arrive(ABUSE, ABUSE + " 2", ABUSE + " 3", policies=["harassment"])
    run = started(cast)
    execute("UPDATE intake_item SET restricted = true WHERE id = %s", restricted)
    asked = actions.ask(run=run, version=version(), items=[restricted, fine, uuid4(), erased])
    assert [key is None for key in asked.judgements] == [True, False, True, False] and asked.left_out == 2
    actions.erase_content(item_ids=[erased])
    (claim,) = claimed()
    assert claim.item == fine
    execute("UPDATE intake_item SET restricted = true WHERE id = %s", fine)
    again = actions.ask(run=run, version=version(), items=[fine])
    assert again.left_out == 1
    told = {row.item: row for row in reads_runs.results(run)}
    assert told[erased].failure_kind == "withdrawn" and "taken out" in told[erased].failure


def test_erasing_an_item_erases_what_was_quoted_from_a_case_of_it(cast: Cast, store: str) -> None:
    publish("harassment")
    (item,) = arrive(ABUSE)
    case = Case.objects.create(
        policy=Version.objects.get(pk=version()).policy, code="X-1", section="HA-1", text=ABUSE, expect="violates",
        origin_item=item,
    )  # fmt: skip
    run = started(cast, "gate")
    actions.ask(run=run, version=version(), cases=[case.pk])
    answer()
    assert Verdict.objects.get().rationale
    actions.erase_content(item_ids=[item])
    row = Verdict.objects.get()
    assert (row.rationale, row.reasoning, row.raw, row.evidence_for) == ("", "", "", [])
    Case.objects.filter(pk=case.pk).update(erased=True, text="")
    assert actions.ask(run=run, version=version(), cases=[case.pk], replicas=2).left_out == 2


def test_a_paused_run_rests_and_a_cancelled_one_ends(cast: Cast, store: str) -> None:
    publish("harassment")
    items = arrive(*[f"{ABUSE} {number}" for number in range(6)])
    run = started(cast)
    actions.ask(run=run, version=version(), items=items)
    flying = claimed(2)
    actions.pause_run(run=run, person=cast.bo)
    assert claimed() == []
    with pytest.raises(RunMoved):
        actions.pause_run(run=run, person=cast.bo)
    actions.resume_run(run=run, person=cast.bo)
    with pytest.raises(RunMoved):
        actions.resume_run(run=run, person=cast.bo)
    flying += claimed(1)
    assert actions.cancel_run(run=run, person=cast.bo) == 3
    with pytest.raises(RunMoved):
        actions.ask(run=run, version=version(), items=items)
    outcomes = [Outcome(flying[0], verdict(flying[0])), Outcome(flying[1], failure("transient"))]
    actions.commit_verdicts(outcomes=outcomes, engine=engine(), jitter=lambda: 0.0)
    actions.tend_runs()
    told = reads_runs.progress(run)
    assert (told.state, told.pending, told.leased, told.done) == ("cancelled", 0, 1, 1)
    verbs = Event.objects.filter(subjects__contains=[run]).order_by("at").values_list("verb", flat=True)
    assert [verb for verb in verbs if verb.startswith("run.")] == [
        "run.started", "run.asked", "run.paused", "run.resumed", "run.cancelled",
    ]  # fmt: skip


def test_asking_twice_adds_nothing(cast: Cast, store: str) -> None:
    publish("harassment")
    items = arrive(ABUSE, ABUSE + " 2")
    run = started(cast)
    first = actions.ask(run=run, version=version(), items=items)
    assert actions.ask(run=run, version=version(), items=items) == first
    assert Judgement.objects.count() == 2
    wider = actions.ask(run=run, version=version(), items=items, replicas=3)
    assert wider.judgements[0] == first.judgements[0] and len(set(wider.judgements)) == 6


def test_what_makes_no_run_is_refused(cast: Cast, store: str) -> None:
    publish("harassment")
    (item,) = arrive(ABUSE)
    for fields in ({"kind": "live"}, {"kind": "gate", "effort": "none"}):
        with pytest.raises(BadRun):
            started(cast, **fields)  # type: ignore[arg-type]
    with pytest.raises(Missing):
        started(cast, engine=uuid4())
    run = started(cast)
    for subjects in (
        {},
        {"items": [item], "texts": ["a"]},
        {"texts": ["a"] * 501, "replicas": 2},
        {"texts": ["a"], "replicas": 0},
    ):
        with pytest.raises(BadRun):
            actions.ask(run=run, version=version(), **subjects)  # type: ignore[arg-type]
    with pytest.raises(Missing):
        actions.ask(run=run, version=uuid4(), items=[item])
    with pytest.raises(Missing):
        actions.finish_asking(run=uuid4())
    with pytest.raises(Missing):
        reads_runs.progress(uuid4())
    Version.objects.filter(pk=version()).update(hash="")
    with pytest.raises(BadRun, match="cannot be read"):
        actions.ask(run=run, version=version(), items=[item])
    actions.finish_asking(run=run)
    assert reads_runs.progress(run).state == "done", "an empty run is over at once"


def test_a_run_for_one_engine_waits_for_it(cast: Cast, store: str, settings: Any) -> None:
    settings.REASONER_URLS = ["http://127.0.0.1:9/v1", "http://127.0.0.1:10/v1"]
    publish("harassment")
    mine = engine()
    other = actions.note_engine(endpoint=1, identity=replace(IDENTITY, model="other-120b", signature="other"))
    run = started(cast, "evaluate", engine=other)
    actions.ask(run=run, version=version(), texts=["a"])
    assert actions.claim_judgements(endpoint=0, limit=10) == []
    assert {each.engine for each in reads_runs.engines()} == {mine, other}
    newer = replace(IDENTITY, model="other-120b", signature="newer", version="2")
    actions.note_engine(endpoint=1, identity=newer)
    assert not reads_runs.progress(run).waits_for_engine
    assert len(actions.claim_judgements(endpoint=1, limit=10)) == 1, (
        "a newer version of the same model may go on"
    )
    actions.note_engine(endpoint=1, identity=IDENTITY)
    assert reads_runs.progress(run).waits_for_engine


def test_live_work_goes_first_and_judge_now_before_it(cast: Cast, store: str) -> None:
    publish("harassment")
    run = started(cast)
    texts = actions.ask(run=run, version=version(), texts=["a", "b"])
    assert texts.left_out == 0
    first, second = arrive(ABUSE, ABUSE + " 2", policies=["harassment"])
    score()
    assert actions.judge_now(item=second, person=cast.ana) == 1
    quick = actions.claim_judgements(endpoint=0, limit=0, quick=5)
    assert [claim.item for claim in quick] == [second]
    assert [claim.item for claim in claimed(1)] == [first]
    assert [claim.item for claim in claimed(5)] == [None, None]
    assert actions.judge_now(item=second, person=cast.ana) == 0, "it is being judged"


def test_the_live_run_is_nobodys_to_stop(cast: Cast, store: str) -> None:
    publish("harassment")
    arrive(ABUSE, policies=["harassment"])
    score()
    live = Run.objects.get(kind=RunKind.LIVE)
    with pytest.raises(Missing):
        actions.cancel_run(run=live.pk, person=cast.ad)


def test_a_lapsed_lease_of_a_run_comes_back(cast: Cast, store: str) -> None:
    publish("harassment")
    run = started(cast)
    actions.ask(run=run, version=version(), texts=["a"])
    claimed()
    execute("UPDATE screening_judgement SET lease_until = clock_timestamp() - interval '1 s'")
    assert actions.sweep().requeued == 1
    assert one("SELECT state FROM screening_judgement") == "pending"
    assert len(claimed()) == 1


def test_a_replaced_revision_is_judged_for_the_lab_and_not_for_people(cast: Cast, store: str) -> None:
    publish("harassment")
    (item,) = arrive(ABUSE, policies=["harassment"])
    score()
    run = started(cast)
    actions.ask(run=run, version=version(), items=[item])
    execute("UPDATE intake_item SET state = 'superseded' WHERE id = %s", item)
    claims = claimed()
    assert [claim.run for claim in claims] == [run]
    assert actions.sweep().withdrawn == 0
    assert Judgement.objects.get(run__kind="live").failure_kind == "withdrawn"
