"""What the screens cost: the same number of queries however much waits."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviewapp.accounts.models import Person
from reviewapp.review.models import Task
from tests.bench import population
from tests.cast import Cast
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
MOST = {"/queues/scams-spam/next": 40, "screen": 45, "/queues/scams-spam": 12, "/": 40}


@pytest.mark.parametrize("waiting", [10, 1_000])
def test_queries_do_not_grow_with_the_queue(cast: Cast, client_for: SignIn, waiting: int) -> None:
    stage.line_up(2, version=stage.publish("fraud"))
    population.waiting_tasks(source=population.new_source("crowd"), queue=stage.queue_of(), upto=waiting)
    client = client_for(cast.ana)
    client.get("/")
    counted: dict[str, int] = {}
    with CaptureQueriesContext(
        connection,
    ) as made:
        path = client.post("/queues/scams-spam/next").url
    counted["/queues/scams-spam/next"] = len(made)
    for name, address in (("screen", path), ("/queues/scams-spam", "/queues/scams-spam"), ("/", "/")):
        client.get(address)
        with CaptureQueriesContext(connection) as made:
            assert client.get(address).status_code == 200
        counted[name] = len(made)
    assert Task.objects.filter(state="claimed").count() == 1
    over = {name: count for name, count in counted.items() if count > MOST[name]}
    assert not over, counted
