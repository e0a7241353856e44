"""The whole loop once with the real engine behind the app: fed by the API, judged by vLLM, decided by a person."""

import json
import time
from pathlib import Path

import pytest

from reviewapp.review.models import Decision
from reviewapp.screening.models import Engine, Judgement, Verdict
from tests import checker, loop
from tests.cast import Cast
from tests.engine.real_engine import KEY, SERVED, running_engine

pytestmark = pytest.mark.real_vllm
ITEMS = 12
TEXTS = (
    "Cheap followers and likes, visit example.com today and earn money from home",
    "You are a worthless idiot and everybody hates you",
    "The train was late again today",
)


def test_from_ingest_to_decision_with_the_real_engine(
    db: str, store: str, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = tmp_path / "items.jsonl"
    lines = [
        {"external_id": f"post-{n}", "source": "forum", "content": {"text": f"{TEXTS[n % 3]}. Post {n}."}, "policies": ["spam"],
         "flags": [{"kind": "user_report", "reason": "spam", "reporter_id": f"u{n}"}]}
        for n in range(ITEMS)
    ]  # fmt: skip
    feed.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with running_engine(tmp_path / "engine.log", "--max-model-len", "8192") as address:
        engine = {
            "REASONER_URL": f"{address}/v1#priority=on",
            "REASONER_API_KEY": KEY,
            "REASONER_MODEL": SERVED,
        }
        with loop.running_house(db, tmp_path, engine=engine) as house:
            started = time.monotonic()
            loop.feed(house, feed)
            assert loop.wait_until(_all_judged, seconds=300), checker.counts_by_state()
            judged = time.monotonic() - started
            loop.decide_until_empty(house, [cast.ana], seconds=120)
    verdicts = list(Verdict.objects.all())
    # An unsure verdict is looked at twice; a decision that comes first withdraws the second look.
    failures = set(Judgement.objects.filter(state="failed").values_list("failure_kind", flat=True))
    assert failures <= {"withdrawn"}
    assert Judgement.objects.filter(run__kind="live", state="done").count() == ITEMS <= len(verdicts)
    assert {(verdict.label, verdict.confidence) for verdict in verdicts} == {("unsure", "low")}
    assert all(len(verdict.prompt_hash) == 64 and verdict.reasoning and verdict.raw for verdict in verdicts)
    assert {(each.model, each.practice) for each in Engine.objects.all()} == {(SERVED, False)}
    assert Decision.objects.values("item").distinct().count() == ITEMS
    assert checker.counts_by_state() == {"decided": ITEMS}
    with capsys.disabled():
        print(
            f"\n{ITEMS} items: {len(verdicts)} verdicts of the real engine in {judged:.1f} s, {ITEMS} decisions"
        )


def _all_judged() -> bool:
    return checker.counts_by_state() == {"awaiting_review": ITEMS}
