"""Re-runs with a scripted reasoner: groups that reconcile, nothing live touched, and no loss when somebody is killed."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

from inference import EngineIdentity
from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event
from reviewapp.intake.models import Item
from reviewapp.lab import actions
from reviewapp.lab.actions.backtesting import NoBacktest
from reviewapp.lab.models import Sample, Study
from reviewapp.lab.reads import lab_page
from reviewapp.lab.reads_backtest import backtest_page
from reviewapp.lab.selection import Wish
from reviewapp.policies import actions as policies
from reviewapp.policies.models import Case, Version
from reviewapp.review.models import Decision, Task
from reviewapp.screening import actions as screening
from reviewapp.screening.actions import Claim
from reviewapp.screening.models import CurrentVerdict, Judgement, Verdict
from reviewapp.screening.rules_line import Lane
from reviewapp.ui.errors import Forbidden, Missing, Stale
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.lab import stage
from tests.rooms.review.stage import tell

Clients = Callable[[Person], Client]
V, A = "violates", "allowed"


@pytest.fixture
def pair(cast: Cast) -> tuple[Version, Version]:
    published, draft = stage.draft(cast)
    past = [
        ("stays", A, A, False), ("breaks", A, A, False), ("fixed", V, A, True), ("worse", A, V, False), ("same", V, V, True),
    ]  # fmt: skip
    for text, said, person, blind in past:
        stage.decide(cast, published, text, said=said, person=person, blind=blind)
    stage.pass_by("passed quietly")
    stage.pass_by("passed but bad")
    stage.pass_by("closed", state="closed_by_machine")
    return published, draft


def new_says(claim: Claim) -> str:
    """What the draft says of the items above."""
    return {"breaks": V, "fixed": A, "worse": "unsure", "same": V, "passed but bad": V}.get(
        claim.subject.text, A
    )


def start(cast: Cast, draft: Version, **wish: object) -> Study:
    intended = wish.pop("intended", ())
    key = actions.start_backtest(version=draft.pk, wish=Wish(**wish), intended=intended, person=cast.bo)  # type: ignore[arg-type]
    return Study.objects.get(pk=key)


def groups(study: Study) -> dict[str, str]:
    rows = Sample.objects.filter(study=study, stratum="decided").select_related("item")
    return {each.item.contents.get().text: each.group for each in rows}


def test_each_past_item_is_in_one_group_and_the_totals_reconcile(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    study = stage.run_to_its_end(start(cast, draft).pk, new_says)
    assert study.state == "done" and study.answered == study.total == 8
    assert groups(study) == {
        "stays": "unchanged", "breaks": "break", "fixed": "fix", "worse": "new_disagreement", "same": "unchanged",
    }  # fmt: skip
    page = backtest_page(study.pk)
    assert page.sums == "1 + 1 + 1 + 2 = 5"
    blind, anchored = page.agreement
    assert (blind.before.hits, blind.after.hits, blind.before.n) == (1, 2, 2)
    assert (anchored.before.hits, anchored.after.hits, anchored.before.n) == (2, 1, 3)
    passed, closed = page.unseen
    assert (passed.rate.hits, passed.rate.n, closed.rate.hits, closed.rate.n) == (1, 2, 0, 1)
    assert passed.extra == pytest.approx(0.5 * 2 / 7)
    html = client_for(cast.sam).get(f"/backtests/{study.pk}").content.decode()
    assert "1 + 1 + 1 + 2 = 5" in html and html.index("breaks") < html.index("fixed")
    assert "It asks for a code." in html and "Because." in html, "old and new rationale side by side"


def test_items_that_wait_flip_without_a_person_and_blind_ones_are_left_out(
    cast: Cast, client_for: Clients
) -> None:
    published, draft = stage.draft(cast)
    tasks = {
        text: stage.wait(published, text, said=V) for text in ("breaks", "fixed", "blindly", "fixed too")
    }
    Task.objects.filter(pk=tasks["blindly"]).update(blind=True)
    study = stage.run_to_its_end(
        start(cast, draft).pk, lambda claim: A if "fixed" in claim.subject.text else V
    )
    assert study.state == "done" and study.total == 3
    assert lab_page().lines[0].result == "2 of 3 that wait judged otherwise"
    page = backtest_page(study.pk)
    assert (page.waiting.hits, page.waiting.n, page.judged, page.flipped) == (2, 3, 0, 2)
    html = client_for(cast.bo).get(f"/backtests/{study.pk}?group=otherwise").content.decode()
    assert "fixed too" in html and "blindly" not in html and "Make case" not in html
    with pytest.raises(NoBacktest, match="No person has decided this item"):
        actions.case_from_sample(
            study=study.pk, sample=Sample.objects.filter(group="otherwise")[0].pk, person=cast.bo
        )


def test_its_files_reconcile_carry_no_text_and_are_recorded(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    study = stage.run_to_its_end(start(cast, draft).pk, new_says)
    au = client_for(cast.au)
    table = au.get(f"/backtests/{study.pk}/items.csv").content.decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    told = au.get(f"/backtests/{study.pk}/report.json").json()
    decided = [row["group"] for row in rows if row["stratum"] == "decided"]
    assert len(rows) == told["items"] == 8 and told["totals"].pop("decided") == len(decided) == 5
    assert {name: decided.count(name) for name in told["totals"]} == told["totals"]
    assert {flip["group"] for flip in told["flips"]} == {"fix", "break", "new_disagreement"}
    assert (told["agreement"][0]["before"]["hits"], told["agreement"][0]["before"]["n"]) == (1, 2)
    assert "passed quietly" not in table and "breaks" not in table.replace("break,", "")
    taken = Event.objects.filter(verb="export.downloaded", actor=str(cast.au.pk))
    assert [event.data for event in taken] == [{"kind": "backtest"}] * 2
    assert client_for(cast.ana).get(f"/backtests/{study.pk}/items.csv").status_code == 403
    assert au.get(f"/backtests/{cast.bo.pk}/report.json").status_code == 404


def test_looking_again_leads_to_an_address_that_holds_the_choice_and_no_token(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    path, client = f"/lab/drafts/{draft.pk}/backtest", client_for(cast.bo)
    assert 'method="get"' not in client.get(path).content.decode()
    typed = {"csrfmiddlewaretoken": "x" * 64, "look": "yes", "last": "3", "intended": ["a", "b"]}
    answer = client.post(path, typed)
    assert answer.status_code == 302 and answer.url == f"{path}?last=3&intended=a&intended=b"  # type: ignore[attr-defined]
    assert client.get(answer.url).context["estimate"].decided == 3  # type: ignore[attr-defined]
    assert not Study.objects.exists()


def test_a_change_in_a_section_meant_to_change_is_intended(cast: Cast, pair: tuple[Version, Version]) -> None:
    _, draft = pair
    section = draft.sections.all()[0].code
    study = stage.run_to_its_end(start(cast, draft, intended=[section, "ZZ-9"]).pk, new_says)
    assert groups(study)["breaks"] == "intended" and groups(study)["fixed"] == "fix"
    assert study.intended == [section]


def test_nothing_live_is_touched_and_live_work_goes_first(cast: Cast, pair: tuple[Version, Version]) -> None:
    _, draft = pair
    before = (
        sorted(Item.objects.values_list("pk", "state", "changed_at")),
        sorted(CurrentVerdict.objects.values_list("item", "verdict")), Task.objects.count(), Decision.objects.count(),
    )  # fmt: skip
    stage.run_to_its_end(start(cast, draft).pk, new_says)
    after = (
        sorted(Item.objects.values_list("pk", "state", "changed_at")),
        sorted(CurrentVerdict.objects.values_list("item", "verdict")), Task.objects.count(), Decision.objects.count(),
    )  # fmt: skip
    assert before == after
    lanes = set(Judgement.objects.filter(run__kind="backtest").values_list("lane", flat=True))
    assert lanes == {Lane.BACKTEST.value} and Lane.LIVE < Lane.BACKTEST


def test_old_verdicts_are_used_where_the_engine_is_the_same_and_asked_anew_where_not(
    cast: Cast, pair: tuple[Version, Version]
) -> None:
    _, draft = pair
    wish = Wish(passed=0, closed=0)
    assert actions.look_ahead(version=draft.pk, wish=wish, person=cast.bo).calls == 5
    screening.note_engine(
        endpoint=0, identity=EngineIdentity("other", "", "2", 16_384, False, "other-signature")
    )
    assert actions.look_ahead(version=draft.pk, wish=wish, person=cast.bo).calls == 10
    study = stage.run_to_its_end(start(cast, draft, passed=0, closed=0).pk, new_says)
    assert Judgement.objects.filter(run=study.run_id).count() == 10
    assert study.answered == 5 and set(groups(study).values()) == {"unchanged"}, (
        "both engines say the same of both texts"
    )


@pytest.mark.parametrize(
    ("wish", "count"),
    [
        ({"last": 2}, 2), ({"source": "forum"}, 5), ({"source": "elsewhere"}, 0), ({"section": "ZZ-9"}, 0),
        ({"stratified": True, "last": 4}, 4), ({"stratified": True, "last": 2}, 2),
    ],
)  # fmt: skip
def test_the_choice(cast: Cast, pair: tuple[Version, Version], wish: dict[str, object], count: int) -> None:
    _, draft = pair
    assert actions.look_ahead(version=draft.pk, wish=Wish(**wish), person=cast.bo).decided == count  # type: ignore[arg-type]


def test_what_a_person_undid_or_has_not_released_is_not_the_past(
    cast: Cast, pair: tuple[Version, Version]
) -> None:
    _, draft = pair
    first, second, *_ = Decision.objects.order_by("at")
    tell("review_decision", "release_at = now() + interval '1 hour'", first.pk)
    tell("intake_item", "restricted = true", second.item_id)
    assert actions.look_ahead(version=draft.pk, wish=Wish(), person=cast.bo).decided == 3


def test_killed_halfway_and_resumed_the_totals_are_equal(cast: Cast, pair: tuple[Version, Version]) -> None:
    """Sweepers that race, a pump that dies with its leases, a pause: the same groups as an undisturbed run."""
    _, draft = pair
    quiet = stage.run_to_its_end(start(cast, draft).pk, new_says)
    loud = start(cast, draft)
    at_once(3, lambda n: actions.advance_studies())
    stage.answer(new_says, limit=2)
    stage.claim_judgements(endpoint=0, limit=3)  # and dies
    actions.pause_study(study=loud.pk, person=cast.bo)
    actions.advance_studies()
    actions.resume_study(study=loud.pk, person=cast.bo)
    Judgement.objects.filter(state="leased").update(state="pending", lease_until=None)
    loud = stage.run_to_its_end(loud.pk, new_says)
    assert loud.state == "done" and groups(loud) == groups(quiet)
    assert (loud.report or {})["groups"] == (quiet.report or {})["groups"]


def test_items_erased_or_refused_on_the_way_are_counted_without_an_answer(
    cast: Cast, pair: tuple[Version, Version]
) -> None:
    _, draft = pair
    study = start(cast, draft, passed=0, closed=0)
    gone = Sample.objects.filter(study=study).order_by("ordinal").last()
    assert gone is not None
    tell("intake_item", "restricted = true", gone.item_id)
    row = stage.run_to_its_end(
        study.pk, lambda claim: "refused" if claim.subject.text == "same" else new_says(claim)
    )
    counts = (row.report or {})["groups"]
    assert row.state == "done" and sum(counts.values()) == 5 and counts["no_answer"] == 2


def test_a_draft_that_changes_or_goes_stops_it_and_keeps_what_there_is(
    cast: Cast, pair: tuple[Version, Version]
) -> None:
    _, draft = pair
    study = start(cast, draft)
    actions.advance_studies()
    stage.answer(new_says, limit=4)
    policies.save_draft(
        version=draft.pk, source=draft.source.replace("any link", "some link"), saves=draft.saves, change_note="",
        person=cast.bo,
    )  # fmt: skip
    row = stage.run_to_its_end(study.pk, new_says)
    assert row.state == "failed" and "draft changed" in row.failure
    assert Sample.objects.filter(study=study).exclude(group="").count() >= 4
    second = start(cast, Version.objects.get(pk=draft.pk))
    policies.discard_draft(version=draft.pk, person=cast.bo)
    assert "discarded" in stage.run_to_its_end(second.pk, new_says).failure


def test_what_two_rationales_have_apart_is_marked(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    published, draft = pair
    study = stage.run_to_its_end(start(cast, draft).pk, new_says)
    for version, words in ((published, "It sells shoes"), (draft, "It sells lamps")):
        Verdict.objects.filter(version=version).update(rationale=words)
    html = client_for(cast.bo).get(f"/backtests/{study.pk}").content.decode()
    assert "It sells <del>shoes</del>" in html and "It sells <ins>lamps</ins>" in html


def test_a_flip_becomes_a_case_once(cast: Cast, pair: tuple[Version, Version], client_for: Clients) -> None:
    _, draft = pair
    study = stage.run_to_its_end(start(cast, draft).pk, new_says)
    broken = Sample.objects.get(study=study, group="break")
    client = client_for(cast.bo)
    answer = client.post(f"/backtests/{study.pk}/items/{broken.pk}/case")
    case = Case.objects.get(origin_item=broken.item_id)
    assert case.code in answer.content.decode() and (case.expect, case.text) == (A, "breaks")
    assert client.post(f"/backtests/{study.pk}/items/{broken.pk}/case").status_code == 409
    with pytest.raises(Stale):
        actions.case_from_sample(study=study.pk, sample=broken.pk, person=cast.bo)
    unseen = Sample.objects.filter(study=study, stratum="passed")[0]
    with pytest.raises(NoBacktest, match="No person"):
        actions.case_from_sample(study=study.pk, sample=unseen.pk, person=cast.bo)
    with pytest.raises(Missing):
        actions.case_from_sample(study=draft.pk, sample=broken.pk, person=cast.bo)
    assert case.code in client.get(f"/backtests/{study.pk}").content.decode()


def test_all_breaks_become_cases(cast: Cast, pair: tuple[Version, Version], client_for: Clients) -> None:
    published, draft = pair
    stage.decide(cast, published, "breaks too", said=A, person=A)
    study = stage.run_to_its_end(
        start(cast, draft).pk, lambda claim: V if claim.subject.text.startswith("breaks") else A
    )
    answer = client_for(cast.bo).post(f"/backtests/{study.pk}/breaks")
    assert "3 made" in answer.content.decode()
    assert Sample.objects.filter(study=study, group="break", case=None).count() == 0


def test_the_form_shows_the_cost_first_and_refuses_what_makes_no_sense(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    _, draft = pair
    client, where = client_for(cast.bo), f"/lab/drafts/{draft.pk}/backtest"
    page = client.get(where, {"last": "3"}).content.decode()
    assert "Start the re-run" in page and "<dd>8</dd>" not in page and "<dt>Calls</dt><dd>6</dd>" in page
    assert not Study.objects.exists()
    for sent, words in (
        ({"last": "many"}, "not a whole number"), ({"last": "-4"}, "from 0 to 999"), ({"since": "2026-13-01"}, "not a day"), ({"last": "0"}, "Choose 1 to"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "lies after"),
    ):  # fmt: skip
        answer = client.get(where, sent)
        assert answer.status_code == 422 and words in answer.content.decode()
    answer = client.post(where, {"last": "5", "source": "elsewhere"})
    assert answer.status_code == 422 and "No decided item" in answer.content.decode()
    started = client.post(where, {"last": "5", "intended": "SP-1"})
    study = Study.objects.get()
    assert started.headers["Location"] == f"/backtests/{study.pk}" and study.estimate["calls"] == 8
    assert "Pause" in client.get(f"/backtests/{study.pk}/progress").content.decode()
    with pytest.raises(Forbidden):
        actions.start_backtest(version=draft.pk, wish=Wish(), intended=(), person=cast.ana)


def test_open_items_are_judged_anew_when_somebody_chooses_so(
    cast: Cast, pair: tuple[Version, Version], client_for: Clients
) -> None:
    published, draft = pair
    waiting = stage.review_stage.wait_for_a_person("waits")
    old = stage.review_stage.say(waiting, published)
    client = client_for(cast.cy)
    assert client.get(f"/lab/versions/{draft.pk}/open-items").content.strip() == b""
    stage.policy_stage.into_force(cast, draft)
    page = client.get(f"/lab/versions/{draft.pk}/open-items").content.decode()
    assert "1 open item has" in page and "Judge open items anew" in page
    assert "1 open item" in client.post(f"/lab/versions/{draft.pk}/rejudge").content.decode()
    assert CurrentVerdict.objects.get(item=waiting).verdict_id == old
    while stage.answer(lambda claim: A):
        pass
    assert CurrentVerdict.objects.get(item=waiting).verdict.version_id == draft.pk
    assert actions.rejudge_open(version=draft.pk, person=cast.cy) == 0
