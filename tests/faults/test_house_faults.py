"""The whole house under a small load while its parts are killed, emptied, stopped and changed: nothing lost, nothing twice."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis
from django.core.management import call_command
from django.db import connection, connections
from psycopg.conninfo import conninfo_to_dict

from reviewapp.audit.actions import OPERATOR
from reviewapp.policies.actions import import_policy
from reviewapp.review.models import Decision, Queue
from reviewapp.screening.models import Verdict
from tests import checker, loop, servers
from tests.cast import gather
from tests.embedded import PrivatePostgres, PrivateValkey
from tests.faults import prompts
from tests.faults.crew import NAMES, Crew
from tests.faults.load import Load
from tests.rooms.screening.desk import ROOT, execute

pytestmark = pytest.mark.fault


@contextmanager
def at_work(crew: Crew) -> Iterator[Load]:
    """A furnished house with its crew, under load once somebody has decided something."""
    key, cast = loop.furnish(), gather()
    queues = list(Queue.objects.values_list("slug", flat=True))
    try:
        crew.start()
        with Load(crew.address, key, [cast.ana, cast.mo], queues) as load:
            assert loop.wait_until(lambda: load.decided > 0 and bool(load.acknowledged), seconds=60)
            yield load
    finally:
        crew.end()


@pytest.fixture
def crew(db: str, private_valkey: PrivateValkey, tmp_path: Path) -> Crew:
    return Crew(tmp_path, servers.environment(db, tmp_path, {"REDIS_URL": private_valkey.url}))


def comes_to_rest(load: Load, seconds: float = 25) -> None:
    """All that was acknowledged is there once and has ended where it should; what people were told stands."""
    loop.wait_until(lambda: not checker.problems(at_rest=True), seconds=seconds)
    assert checker.problems(load.acknowledged, at_rest=True) == []
    told = {item for robot in load.robots for item in robot.decided}
    stored = {str(item) for item in Decision.objects.values_list("item_id", flat=True)}
    assert told <= stored and load.decided == len(told)
    assert load.answers.keys() <= {0, 202, 503}


def let_leases_lapse() -> None:
    """Forty seconds pass for whoever died with judgements in hand."""
    execute("UPDATE screening_judgement SET lease_until = clock_timestamp() WHERE state = 'leased'")


def test_a_power_cut_of_every_process_loses_nothing(crew: Crew) -> None:
    order = random.Random(3).sample(NAMES, len(NAMES))
    with at_work(crew) as load:
        time.sleep(1)
        for name in order:
            crew.kill(name)
            time.sleep(0.1)
        before = len(load.acknowledged)
        let_leases_lapse()
        crew.start(*order)
        assert loop.wait_until(lambda: len(load.acknowledged) > before + 50, seconds=10)
        load.finish()
        comes_to_rest(load)
    assert load.answers[0] > 0, "the driver noticed the cut"


def test_a_store_that_is_emptied_again_and_again_loses_nothing(
    crew: Crew, private_valkey: PrivateValkey
) -> None:
    client = redis.Redis.from_url(private_valkey.url)
    with at_work(crew) as load:
        for _ in range(10):
            client.flushall()
            time.sleep(0.4)
        assert crew.revive() == [], "no worker ends because its registration is gone"
        load.finish()
        comes_to_rest(load)
    assert load.answers.keys() == {202}


def test_without_the_store_people_and_senders_go_on(crew: Crew, private_valkey: PrivateValkey) -> None:
    with at_work(crew) as load:
        time.sleep(1)
        private_valkey.stop()
        stopped, sent, decided = time.monotonic(), len(load.acknowledged), load.decided
        time.sleep(4)
        assert len(load.acknowledged) > sent + 50 and load.decided > decided
        back = time.monotonic()
        assert load.slowest(stopped, back) < 1.0
        private_valkey.start()
        crew.revive()
        judged = Verdict.objects.count()
        assert loop.wait_until(lambda: Verdict.objects.count() > judged, seconds=20), "reasoning resumes"
        load.finish()
        comes_to_rest(load)
    assert load.answers.keys() == {202}


def test_versions_published_every_second_mix_no_text(crew: Crew) -> None:
    source = (ROOT / "policies_seed" / "harassment.md").read_text(encoding="utf-8")
    assert "This policy" in source
    with at_work(crew) as load:
        for number in range(5):
            changed = source.replace("This policy", f"In its wording number {number}, this policy", 1)
            import_policy(source=changed, actor=OPERATOR, publish=True)
            time.sleep(1)
        load.finish()
        comes_to_rest(load)
    rows = Verdict.objects.filter(version__policy__slug="harassment")
    assert rows.values("version").distinct().count() > 2
    assert prompts.mixed(rows) == []


@pytest.fixture
def own_database(private_postgres: PrivatePostgres) -> Iterator[PrivatePostgres]:
    """A migrated database on a cluster that may be killed; Django in this process works on it."""
    urls = {"default": private_postgres.url, "owner": private_postgres.owner_url}
    before = {alias: dict(connections[alias].settings_dict) for alias in urls}
    for alias, url in urls.items():
        parts = conninfo_to_dict(url)
        connections[alias].close()
        connections[alias].settings_dict.update(
            NAME=parts["dbname"], USER=parts["user"], HOST=parts["host"], PORT=parts.get("port", "")
        )
    try:
        call_command("migrate", verbosity=0)
        yield private_postgres
    finally:
        for alias, old in before.items():
            connections[alias].close()
            connections[alias].settings_dict.update(old)


def test_a_database_that_dies_answers_503_and_keeps_every_202(
    own_database: PrivatePostgres, private_valkey: PrivateValkey, tmp_path: Path
) -> None:
    extra = {
        "DATABASE_URL": own_database.url,
        "DATABASE_OWNER_URL": own_database.owner_url,
        "REDIS_URL": private_valkey.url,
    }
    crew = Crew(tmp_path, servers.environment("review", tmp_path, extra))
    with at_work(crew) as load:
        time.sleep(1)
        connection.close()
        own_database.stop("immediate")
        page = httpx.get(f"{crew.address}/", cookies=load.robots[0].web.cookies, trust_env=False, timeout=20)
        assert page.status_code == 503 and page.headers["Retry-After"].isdigit()
        assert loop.wait_until(lambda: bool(load.told), seconds=10)
        before = len(load.acknowledged)
        own_database.start()
        assert loop.wait_until(lambda: len(load.acknowledged) > before + 50, seconds=15), "no restart needed"
        crew.revive()
        let_leases_lapse()
        load.finish()
        comes_to_rest(load)
    assert all(told and told.isdigit() for told in load.told)
