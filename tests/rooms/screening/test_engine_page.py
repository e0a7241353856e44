"""The engine page: pausing, draining, resuming, settings; what it shows; who may, twice, and when it is too late."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event
from reviewapp.screening import actions, reads_engine
from reviewapp.screening.actions import Outcome, ReasonerSettings
from reviewapp.screening.actions.steering import BadSetting
from reviewapp.screening.models import Circuit, ScreeningSettings
from reviewapp.ui.errors import Forbidden, Missing, Stale
from tests.cast import Cast
from tests.rooms.screening.desk import ABUSE, arrive, claimed, engine, execute, publish, score, verdict

ClientFor = Callable[[Person], Client]
URLS = ["http://127.0.0.1:9/v1", "http://127.0.0.1:10/v1"]


@pytest.fixture
def two(cast: Cast, store: str, settings: Any) -> Cast:
    """Two configured endpoints, the first one known."""
    settings.REASONER_URLS = URLS
    actions.align_endpoints(addresses=URLS)
    engine()
    return cast


def pause(person: Person, **fields: Any) -> None:
    given: dict[str, Any] = {"endpoint": 0, "reason": "Driver update", "drop": False, "minutes": None}
    actions.pause_engine(**given | fields, person=person)


def test_only_an_admin_pauses_and_only_once(two: Cast) -> None:
    for person in (two.ana, two.sam, two.bo, two.cy, two.au):
        with pytest.raises(Forbidden):
            pause(person)
    with pytest.raises(BadSetting):
        pause(two.ad, reason="  ")
    with pytest.raises(BadSetting):
        pause(two.ad, minutes=0)
    with pytest.raises(Missing):
        pause(two.ad, endpoint=2)
    pause(two.ad)
    with pytest.raises(Stale):
        pause(two.ad)
    assert (actions.note_probe(endpoint=0), actions.note_probe(endpoint=1)) == ("open", "closed")
    assert Event.objects.get(verb="engine.paused").data == {"endpoint": 0, "drop": False, "minutes": None}
    with pytest.raises(Forbidden):
        actions.resume_engine(endpoint=0, person=two.sam)
    actions.resume_engine(endpoint=0, person=two.ad)
    with pytest.raises(Stale):
        actions.resume_engine(endpoint=0, person=two.ad)
    assert actions.note_probe(endpoint=0) == "closed"


def test_a_pause_ends_at_its_time(two: Cast) -> None:
    pause(two.ad, minutes=30)
    assert actions.note_probe(endpoint=0) == "open"
    execute("UPDATE screening_circuit SET paused_until = clock_timestamp() WHERE endpoint = 0")
    assert actions.note_probe(endpoint=0) == "closed"
    assert Event.objects.get(verb="engine.resumed").actor_kind == "machine"


@pytest.mark.parametrize(("drop", "told"), [(False, "drain"), (True, "drop")])
def test_the_pump_is_told_when_it_tells(two: Cast, drop: bool, told: str) -> None:
    def tell() -> str:
        return actions.note_pace(endpoint=0, in_flight=3, window=32, verdicts_per_second=1.0)

    assert tell() == ""
    pause(two.ad, drop=drop)
    assert tell() == told


def test_a_pause_follows_its_address_when_the_list_changes(two: Cast) -> None:
    pause(two.ad)
    actions.open_circuit(endpoint=1, reason="Away.", failures=1)
    actions.align_endpoints(addresses=["http://127.0.0.1:11/v1", URLS[0]])
    rows = list(Circuit.objects.order_by("endpoint").values_list("paused", "paused_reason", "state"))
    assert rows == [(False, "", "closed"), (True, "Driver update", "closed")]
    actions.align_endpoints(addresses=[URLS[0]])
    assert Circuit.objects.get(pk=0).paused
    assert Event.objects.filter(verb="engine.moved").count() == 3


def test_the_pages_of_a_pause(two: Cast, client_for: ClientFor) -> None:
    admin = client_for(two.ad)
    assert "Pause engine-1?" in admin.get("/engine/0/pause").content.decode()
    assert admin.get("/engine/7/pause").status_code == 404
    refused = admin.post("/engine/0/pause", {"reason": " ", "drop": "yes", "minutes": "30"})
    assert refused.status_code == 422
    kept = refused.content.decode()
    assert "Say why" in kept and 'value="yes" checked' in kept and 'value="30" selected' in kept
    assert admin.post("/engine/0/pause", {"reason": "Fan <b>noise</b>", "drop": ""}).status_code == 302
    page = admin.get("/engine/").content.decode()
    assert "Fan &lt;b&gt;noise&lt;/b&gt;" in page and "Resume" in page and "paused engine-1" in page
    assert "/engine/0/pause" not in client_for(two.ana).get("/engine/").content.decode()
    assert admin.post("/engine/0/pause", {"reason": "again", "drop": ""}).status_code == 409
    assert admin.post("/engine/0/resume").status_code == 302
    assert client_for(two.mo).post("/engine/0/resume").status_code == 403


def test_settings_are_kept_told_and_checked(two: Cast, client_for: ClientFor) -> None:
    form = {"price": "2,5", "severity": "3", "times": "2", "canary_percent": "20", "second_look_on": "on"}
    assert client_for(two.ad).post("/engine/settings", form).status_code == 302
    row = ScreeningSettings.objects.get()
    assert (row.engine_hour_price, row.second_look_severity, row.second_look_times) == (2.5, 3, 2)
    assert (row.second_look_on, row.second_look_doubtful, row.escalate_on, row.canary_share) == (
        True,
        False,
        False,
        0.2,
    )
    assert Event.objects.filter(verb="engine.set").count() == 6
    for field, value in (("price", "much"), ("times", "9"), ("severity", "0"), ("canary_percent", "101")):
        refused = client_for(two.ad).post("/engine/settings", form | {field: value})
        assert refused.status_code == 422, field
    for field, value, says in (
        ("price", "", "A number is missing"),
        ("times", "nan", "nan is not a number"),
        ("severity", "inf", "inf is not"),
    ):
        page = client_for(two.ad).post("/engine/settings", form | {field: value}).content.decode()
        assert says in page, field
    assert (
        'value="much"'
        in client_for(two.ad).post("/engine/settings", form | {"price": "much"}).content.decode()
    )
    assert client_for(two.sam).post("/engine/settings", form).status_code == 403
    actions.set_reasoner(wanted=ReasonerSettings(), person=two.ad)


def test_the_page_tells_rate_cost_lanes_and_reach(two: Cast, client_for: ClientFor) -> None:
    publish("harassment")
    arrive(ABUSE, ABUSE + " 2", policies=["harassment"])
    arrive("The train was on time")
    score()
    (claim,) = claimed(1)
    actions.commit_verdicts(
        outcomes=[Outcome(claim, verdict(claim, seconds=1.5))], engine=engine(), endpoint=0
    )
    tally = actions.Tally(
        verdicts=600, prompt_tokens=1_000, cached_tokens=940, completion_tokens=70, busy_seconds=36.0
    )
    actions.note_pace(endpoint=0, in_flight=48, window=64, verdicts_per_second=31.2, tally=tally)
    actions.note_pace(
        endpoint=0,
        in_flight=48,
        window=64,
        verdicts_per_second=31.2,
        tally=actions.Tally(verdicts=0, busy_seconds=24.0),
    )
    actions.set_reasoner(wanted=ReasonerSettings(engine_hour_price=3.0), person=two.ad)
    page = reads_engine.engine_page()
    assert page.rate == 2.0 and page.hour.cached_percent == 94
    assert page.hour.seconds_a_verdict == pytest.approx(0.1) and page.cost == pytest.approx(
        0.1 * 1000 / 3600 * 3
    )
    assert [(each.lane, each.waiting) for each in page.lanes] == [(1, 1)]
    assert (page.reach.total, page.reach.reason) == (3, 2)
    row = page.engines[0]
    assert (row.in_flight, row.window, row.rate, row.median, row.retried) == (48, 64, 31.2, 1.5, 0)
    assert page.engines[1].state == "Closed, healthy" and page.engines[1].median is None
    text = client_for(two.ana).get("/engine/").content.decode()
    for words in ("94<small> %</small>", "48 of 64", "Live items", "67<small> %</small>", "0.083"):
        assert words in text, words


def test_what_the_metrics_page_adds(two: Cast, client: Client) -> None:
    actions.note_pace(
        endpoint=0,
        in_flight=1,
        window=4,
        verdicts_per_second=1.0,
        tally=actions.Tally(verdicts=1, busy_seconds=2.5),
    )
    text = client.get("/metrics").content.decode()
    assert "review_engine_busy_seconds_last_hour 2.5" in text and "review_verdicts_last_hour 1.0" in text
