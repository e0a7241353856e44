"""The web processes under load: restarted one after the other, and asked for more than the product keeps up with."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings

from reviewapp.accounts.actions import issue_key
from reviewapp.audit.actions import OPERATOR
from reviewapp.boot.process import Child
from reviewapp.intake.models import Item
from reviewapp.review import actions as review
from reviewapp.review.models import Decision, Queue
from reviewapp.screening import actions as screening
from tests import checker, loop, servers
from tests.cast import gather
from tests.faults.balancer import Balancer
from tests.faults.load import Load
from tests.rooms.screening.desk import ORDINARY, arrive, execute, publish, score

pytestmark = pytest.mark.fault
WAITING = 400


@contextmanager
def web(port: int, database: str, home: Path, **extra: str) -> Iterator[Child]:
    """One web process on a port; ended in good order before the block ends, or the test fails."""
    env = servers.environment(database, home, {"REDIS_URL": settings.REDIS_URL, **extra})
    with servers.process(f"web-{port}", servers.web_command(port), env, home) as server:
        servers.wait_until_up(f"http://127.0.0.1:{port}/healthz", server, home / f"web-{port}.log")
        yield server
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) is not None


def items_that_wait_for_people() -> None:
    """More than two people decide meanwhile: no machine was there in time."""
    review.seed_queues(actor=OPERATOR)
    publish("harassment")
    arrive(*[f"{ORDINARY} {number}" for number in range(WAITING)])
    for table in ("intake_item", "intake_itemcontent"):
        execute(f"UPDATE {table} SET received_at = received_at - interval '61 s'")
    assert screening.sweep().unscored == WAITING and review.admit() == WAITING


def test_f24_web_processes_restart_one_after_the_other_under_load(
    db: str, store: str, tmp_path: Path
) -> None:
    cast, key = gather(), issue_key(name="feed", scopes=["ingest"], actor=OPERATOR).key
    items_that_wait_for_people()
    ports = [servers.free_port(), servers.free_port()]
    with ExitStack() as stack:
        running = [stack.enter_context(ExitStack()) for _ in ports]
        for each, port in zip(running, ports, strict=True):
            each.enter_context(web(port, db, tmp_path))
        balancer = stack.enter_context(Balancer(ports))
        queues = list(Queue.objects.values_list("slug", flat=True))
        load = stack.enter_context(Load(balancer.address, key, [cast.ana, cast.mo], queues))
        for each, port in zip(running, ports, strict=True):
            assert goes_on(load)
            each.close()
            assert goes_on(load), "the other one serves meanwhile"
            each.enter_context(web(port, db, tmp_path))
        assert goes_on(load)
        load.finish()
        assert balancer.refused == 0
    assert load.answers.keys() <= {0, 202} and load.answers[0] <= 4, "a broken connection is sent again"
    assert [trouble for robot in load.robots for trouble in robot.troubles] == []
    told = [item for robot in load.robots for item in robot.decided]
    stored = [str(item) for item in Decision.objects.exclude(kind="undone").values_list("item_id", flat=True)]
    assert len(stored) == len(set(stored)) and set(told) <= set(stored) and len(told) == len(set(told))
    assert len(load.acknowledged) == len(set(load.acknowledged)) > 0
    assert checker.problems(load.acknowledged) == []


def goes_on(load: Load) -> bool:
    """Whether items are taken and decisions made from now on."""
    sent, decided = len(load.acknowledged), load.decided
    return loop.wait_until(
        lambda: len(load.acknowledged) > sent + 20 and load.decided > decided + 1, seconds=20
    )


def test_f27_senders_wait_while_scoring_is_behind_and_go_on_when_it_caught_up(
    db: str, store: str, tmp_path: Path
) -> None:
    key = issue_key(name="feed", scopes=["ingest"], actor=OPERATOR).key
    port = servers.free_port()
    with (
        web(port, db, tmp_path, INGEST_BACKLOG_SECONDS="1"),
        httpx.Client(
            base_url=f"http://localhost:{port}", headers={"Authorization": f"Bearer {key}"}, trust_env=False
        ) as sender,
    ):
        taken: list[str] = []
        refused: list[httpx.Response] = []

        def send() -> int:
            """One batch of ten, as fast as they are made."""
            number = len(taken) + len(refused)
            answer = sender.post("/api/v1/items", json={"items": [_item(f"{number}-{n}") for n in range(10)]})
            if answer.status_code == 202:
                taken.extend(item["id"] for item in answer.json()["items"])
            else:
                refused.append(answer)
            return answer.status_code

        assert send() == 202
        assert loop.wait_until(lambda: send() == 429, seconds=15)
        before = len(taken)
        assert send() == 429, "until somebody scores"
        assert {(each.status_code, each.headers["Retry-After"]) for each in refused} == {(429, "30")}
        assert "waited longer than 1 s to be scored. Send again in 30 s." in refused[0].text
        assert Item.objects.count() == before, "nothing of a refused batch is stored"
        while score():
            pass
        assert loop.wait_until(lambda: send() == 202, seconds=15)
        assert Item.objects.count() == len(taken) == before + 10
    assert checker.problems(taken) == []


def _item(name: str) -> dict[str, Any]:
    return {"external_id": name, "source": "forum", "content": {"text": f"{ORDINARY} {name}"}}
