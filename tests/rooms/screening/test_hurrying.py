"""Judge now: what waits comes first, what failed or is out of date is asked anew, and what needs nothing says why."""

from uuid import UUID

import pytest

from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from reviewapp.intake.models import Item
from reviewapp.policies.actions import import_policy
from reviewapp.policies.models import Version
from reviewapp.screening import actions, reads, reads_hurrying
from reviewapp.screening.actions import NotJudgedNow, Outcome
from reviewapp.screening.models import CurrentVerdict, Judgement
from reviewapp.ui.errors import Forbidden, Missing
from tests.cast import Cast
from tests.rooms.policies.test_import import seed
from tests.rooms.screening.desk import (
    ABUSE,
    ORDINARY,
    arrive,
    claimed,
    engine,
    execute,
    failure,
    publish,
    score,
    verdict,
)


@pytest.fixture
def item(cast: Cast, store: str) -> UUID:
    publish("harassment")
    (key,) = arrive(ABUSE, policies=["harassment"])
    score()
    return key


def answer(word: str = "") -> int:
    """Every waiting judgement answered, or failed with a word."""
    claims = claimed()
    said = [Outcome(claim, failure(word) if word else verdict(claim)) for claim in claims]
    actions.commit_verdicts(outcomes=said, engine=engine(), jitter=lambda: 0.0)
    return len(claims)


def test_a_failure_is_asked_anew_and_its_verdict_takes_its_place(cast: Cast, item: UUID) -> None:
    answer("refused")
    assert "refused" in reads.said_of(item).why_not
    offer = reads_hurrying.offer(item)
    assert offer.open and offer.why.endswith("no verdict came")
    assert actions.judge_now(item=item, person=cast.ana) == 1
    offer = reads_hurrying.offer(item)
    assert (offer.open, offer.waiting, offer.ahead) == (False, 1, True)
    assert "pending" in reads.said_of(item).why_not
    assert actions.judge_now(item=item, person=cast.ana) == 1, "pressed twice, it is in front once"
    assert answer() == 1
    assert reads.said_of(item).why_not == "" and reads.verdict_panel(item)[0].label == "violates"
    assert sorted(Judgement.objects.filter(item=item).values_list("replica", "state")) == [
        (0, "failed"),
        (1, "done"),
    ]
    hurried = Event.objects.filter(verb="judgement.hurried").order_by("at").values_list("data", flat=True)
    assert list(hurried) == [{"count": 0, "asked": 1}, {"count": 1, "asked": 0}]


def test_a_verdict_of_an_older_version_is_asked_under_the_one_in_force(cast: Cast, item: UUID) -> None:
    answer()
    with pytest.raises(NotJudgedNow, match="nothing to ask again"):
        actions.judge_now(item=item, person=cast.ana)
    newer: Version = import_policy(
        source=seed("harassment").replace("severity: 3", "severity: 2", 1), actor=OPERATOR, publish=True
    )
    assert reads_hurrying.offer(item).why == f"{newer.title} v2: only v1 judged it"
    assert actions.judge_now(item=item, person=cast.ana) == 1
    (claim,) = claimed()
    assert claim.version == newer.pk and claim.lane == 0
    actions.commit_verdicts(outcomes=[Outcome(claim, verdict(claim))], engine=engine(), jitter=lambda: 0.0)
    assert CurrentVerdict.objects.get(item=item).verdict.version_id == newer.pk
    assert not reads_hurrying.offer(item).open


def test_what_nothing_was_asked_about_is_asked_of_what_applies(cast: Cast, store: str) -> None:
    publish("harassment", "spam")
    (item,) = arrive(ORDINARY)
    score()
    execute("UPDATE intake_item SET state = 'awaiting_review'")
    assert not reads_hurrying.offer(item).asked_before
    assert actions.judge_now(item=item, person=cast.ana) == 2
    assert {claim.policy.slug for claim in claimed()} == {"harassment", "spam"}


def test_the_front_of_the_line_is_taken_before_what_came_first(cast: Cast, item: UUID) -> None:
    (second,) = arrive(ABUSE + " 2", policies=["harassment"])
    score()
    answer_first = actions.judge_now(item=second, person=cast.sam)
    assert answer_first == 1 and [claim.item for claim in claimed(1)] == [second]


def test_what_cannot_be_asked_says_why(cast: Cast, item: UUID) -> None:
    for state in ("decided", "passed", "superseded"):
        execute(f"UPDATE intake_item SET state = '{state}'")
        with pytest.raises(NotJudgedNow, match="does not wait"):
            actions.judge_now(item=item, person=cast.ana)
    execute("UPDATE intake_item SET state = 'awaiting_review'")
    with pytest.raises(Forbidden):
        actions.judge_now(item=item, person=cast.au)
    answer("too_long")
    with pytest.raises(NotJudgedNow):
        actions.judge_now(item=item, person=cast.ana)
    (empty,) = arrive("", content={"text": "", "attachments": [{"url": "https://example.com/a.png"}]})
    score()
    with pytest.raises(NotJudgedNow, match="no text"):
        actions.judge_now(item=empty, person=cast.ana)
    Item.objects.filter(pk=item).update(restricted=True)
    with pytest.raises(Missing):
        actions.judge_now(item=item, person=cast.ana)
