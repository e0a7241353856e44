"""The canary: a changed engine answers the golden set first; drift raises an alarm that an admin has to accept."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.test import Client

from inference import EngineIdentity, Label
from reviewapp.accounts.models import Notice, Person
from reviewapp.audit.models import Event
from reviewapp.policies.models import Version
from reviewapp.screening import actions, golden, jobs, reads_trust
from reviewapp.screening.actions import Outcome
from reviewapp.screening.actions.steering import BadSetting
from reviewapp.screening.models import Canary, Judgement
from reviewapp.ui.errors import Forbidden, Missing, Stale
from tests import servers
from tests.cast import Cast
from tests.practice import practising
from tests.rooms.screening.desk import ABUSE, IDENTITY, ORDINARY, arrive, failure, publish, score, verdict

ClientFor = Callable[[Person], Client]
NEWER = replace(IDENTITY, version="2", signature="newer")


@pytest.fixture
def two_policies(cast: Cast, store: str, settings: Any) -> Cast:
    """One endpoint; two of the seeded policies are published."""
    settings.REASONER_URLS = ["http://127.0.0.1:9/v1"]
    publish("harassment", "spam")
    return cast


def asked() -> int:
    return sum(each.policy in {"harassment", "spam"} for each in golden.questions())


def answer(identity: EngineIdentity, *, wrong: int = 0, missing: int = 0) -> Canary:
    """Let an engine answer its canary: `wrong` answers differ from what is expected, `missing` ones fail."""
    engine = actions.note_engine(endpoint=0, identity=identity)
    actions.tend_canaries()
    expected = {each.text: each.expect for each in golden.questions()}
    outcomes = []
    claims = sorted(actions.claim_judgements(endpoint=0, limit=200), key=lambda claim: claim.subject.text)
    for place, claim in enumerate(claims):
        label = Label(expected[claim.subject.text])
        if place < wrong:
            label = Label.ALLOWED if label is Label.VIOLATES else Label.VIOLATES
        lost = wrong <= place < wrong + missing
        outcomes.append(
            Outcome(claim, failure("refused") if lost else verdict(claim, label=label, evidence_for=()))
        )
    actions.commit_verdicts(outcomes=outcomes, engine=engine)
    actions.tend_canaries()
    return Canary.objects.latest("started_at")


def test_the_first_engine_is_what_the_next_is_compared_with(two_policies: Cast) -> None:
    actions.note_engine(endpoint=0, identity=IDENTITY)
    assert "engine-1 has not answered" in reads_trust.automatic_outcomes_held()
    first = answer(IDENTITY, wrong=1)
    assert (first.state, first.total, first.as_expected, first.against_id) == (
        "passed",
        asked(),
        asked() - 1,
        None,
    )
    assert reads_trust.automatic_outcomes_held() == ""
    actions.note_engine(endpoint=0, identity=IDENTITY)
    actions.tend_canaries()
    assert Canary.objects.count() == 1, "the same engine is not asked twice"
    second = answer(NEWER, wrong=1)
    assert (second.state, second.changed, second.against_id) == ("passed", 0, first.pk)


def test_an_engine_that_answers_differently_raises_an_alarm(
    two_policies: Cast, client_for: ClientFor
) -> None:
    answer(IDENTITY)
    alarm = answer(NEWER, wrong=2, missing=1)
    assert (alarm.state, alarm.changed, alarm.unanswered) == ("alarm", 2, 1)
    assert "answers differently" in reads_trust.automatic_outcomes_held()
    assert [notice.person_id for notice in Notice.objects.filter(kind="canary_alarm")] == [two_policies.ad.pk]
    ready = client_for(two_policies.ana).get("/readyz")
    assert ready.status_code == 200 and "canary alarm" in ready.json()["notices"]
    page = client_for(two_policies.ana).get("/engine/").content.decode()
    assert "engine-1 answers differently" in page and "An admin can accept it" in page
    with pytest.raises(Forbidden):
        actions.accept_canary(canary=alarm.pk, reason="Looked at it", person=two_policies.sam)
    admin = client_for(two_policies.ad)
    assert admin.post(f"/engine/canary/{alarm.pk}/accept", {"reason": " "}).status_code == 422
    assert (
        admin.post(f"/engine/canary/{alarm.pk}/accept", {"reason": "Looked at all three"}).status_code == 302
    )
    assert reads_trust.automatic_outcomes_held() == ""
    with pytest.raises(Stale):
        actions.accept_canary(canary=alarm.pk, reason="again", person=two_policies.ad)
    verbs = list(
        Event.objects.filter(verb__startswith="canary.").order_by("at").values_list("verb", flat=True)
    )
    assert verbs == ["canary.started", "canary.passed", "canary.started", "canary.alarmed", "canary.accepted"]
    assert answer(replace(NEWER, signature="third"), wrong=2).state == "passed", (
        "compared with the accepted one"
    )


def test_putting_the_engine_back_ends_the_alarm(two_policies: Cast) -> None:
    answer(IDENTITY)
    assert answer(NEWER, wrong=5).state == "alarm"
    assert answer(IDENTITY).state == "passed"
    assert reads_trust.automatic_outcomes_held() == ""


def test_other_flags_are_another_engine(two_policies: Cast) -> None:
    engine = actions.note_engine(endpoint=0, identity=IDENTITY)
    same = actions.note_fingerprint(endpoint=0, engine=engine, fingerprint="vllm-1-aa")
    assert same == engine, "the first answer only names it"
    other = actions.note_fingerprint(endpoint=0, engine=engine, fingerprint="vllm-1-bb")
    assert other != engine
    assert actions.note_engine(endpoint=0, identity=IDENTITY) == other, "the next pump goes on with it"
    assert actions.note_fingerprint(endpoint=0, engine=other, fingerprint="vllm-1-bb") == other
    assert Event.objects.filter(verb="engine.changed").count() == 2


def test_a_new_version_is_asked_beside_the_one_it_replaced(two_policies: Cast) -> None:
    answer(IDENTITY)
    old = Version.objects.get(policy__slug="spam", state="published")
    Version.objects.filter(pk=old.pk).update(state="retired")
    new = Version.objects.create(
        policy=old.policy, number=2, state="published", title=old.title, source=old.source, model_text=old.model_text,
        hash="b" * 64,
    )  # fmt: skip
    spam = sum(each.policy == "spam" for each in golden.questions())
    second = answer(NEWER)
    assert second.total == asked() + spam
    third = answer(replace(NEWER, signature="third"))
    assert third.total == asked()
    assert set(Judgement.objects.filter(run=third.run_id).values_list("version", flat=True)) >= {new.pk}


def test_the_canary_goes_first_and_touches_no_item(two_policies: Cast) -> None:
    arrive(ABUSE, policies=["harassment"])
    score()
    actions.note_engine(endpoint=0, identity=IDENTITY)
    actions.tend_canaries()
    kinds = [claim.kind for claim in actions.claim_judgements(endpoint=0, limit=200)]
    assert kinds == ["canary"] * asked() + ["live"]


def test_a_canary_of_an_engine_that_is_gone_is_dropped_and_asked_anew_should_it_come_back(
    two_policies: Cast,
) -> None:
    actions.note_engine(endpoint=0, identity=IDENTITY)
    actions.tend_canaries()
    gone = Canary.objects.get()
    actions.note_engine(endpoint=0, identity=NEWER)
    actions.tend_canaries()
    assert not Canary.objects.filter(pk=gone.pk).exists() and Canary.objects.get().state == "running"
    assert not Judgement.objects.filter(run=gone.run_id, state="pending").exists()
    assert not Notice.objects.filter(kind="canary_alarm").exists()
    actions.note_engine(endpoint=0, identity=IDENTITY)
    actions.tend_canaries()
    assert Canary.objects.get().engine_id == gone.engine_id


def test_without_policies_nothing_is_asked(cast: Cast, store: str, settings: Any) -> None:
    settings.REASONER_URLS = ["http://127.0.0.1:9/v1"]
    actions.note_engine(endpoint=0, identity=IDENTITY)
    actions.tend_canaries()
    assert not Canary.objects.exists()
    with pytest.raises(Missing):
        actions.accept_canary(canary=uuid4(), reason="why", person=cast.ad)
    with pytest.raises(BadSetting):
        actions.accept_canary(canary=UUID(int=0), reason="", person=cast.ad)


@contextlib.contextmanager
def serving(*options: str) -> Iterator[None]:
    """A practice reasoner behind the one address that is configured."""
    port = settings.REASONER_URLS[0].split(":")[2].removesuffix("/v1")
    with practising("--port", port, *options):
        yield


def canary_of_whoever_answers() -> Canary:
    """The pump meets the reasoner, which then answers the golden set; the answers are compared."""
    jobs.pump_judgements()
    assert "has not answered" in reads_trust.automatic_outcomes_held(), "nothing is automatic before that"
    actions.tend_canaries()
    jobs.pump_judgements()
    actions.tend_canaries()
    return Canary.objects.latest("started_at")


def test_another_reasoner_behind_the_same_address_holds_everything_until_an_admin_accepts_it(
    cast: Cast, store: str, settings: Any, client_for: ClientFor
) -> None:
    settings.REASONER_URLS = [f"http://127.0.0.1:{servers.free_port()}/v1"]
    publish("harassment")
    (item,) = arrive(ORDINARY, policies=["harassment"], flags=[{"kind": "user_report"}])
    other = ("--served-model-name", "practice-reasoner-v2", "--plain")
    with serving():
        first = canary_of_whoever_answers()
    assert (first.state, first.engine.model) == ("passed", "practice-reasoner-v1")
    assert reads_trust.automatic_outcomes_held() == "" and first.unanswered == 0
    with serving(*other):
        alarm = canary_of_whoever_answers()
        violating = sum(
            each.expect == "violates" for each in golden.questions() if each.policy == "harassment"
        )
        assert (alarm.state, alarm.engine.model, alarm.against_id) == (
            "alarm",
            "practice-reasoner-v2",
            first.pk,
        )
        assert alarm.unanswered == 0 and alarm.changed >= violating // 2 > 0
        score()
        assert jobs.pump_judgements() == 1, "people go on with its verdicts"
    held = reads_trust.automatic_outcomes_held()
    assert "answers differently" in held and reads_trust.why_people_decide([item]) == {item: held}
    assert [notice.person_id for notice in Notice.objects.filter(kind="canary_alarm")] == [cast.ad.pk]
    page = client_for(cast.ad).get("/engine/").content.decode()
    assert "engine-1 answers differently" in page and "practice-reasoner-v2" in page
    with serving():
        assert canary_of_whoever_answers().state == "passed", "the first one is put back"
    assert reads_trust.why_people_decide([item]) == {item: ""}
    with serving(*other):
        again = canary_of_whoever_answers()
    assert again.state == "alarm"
    accepted = client_for(cast.ad).post(f"/engine/canary/{again.pk}/accept", {"reason": "A newer model"})
    assert accepted.status_code == 302 and reads_trust.automatic_outcomes_held() == ""
    with serving():
        assert canary_of_whoever_answers().state == "alarm", (
            "the accepted one is what it is compared with now"
        )
    told = Event.objects.filter(verb="engine.changed").count()
    assert told == 5 and Judgement.objects.filter(run__kind="canary", state="failed").count() == 0
