"""What the screens cost: the same number of queries at ten rows and at a thousand."""

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviewapp.accounts.models import Person
from tests.bench import population
from tests.cast import Cast
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
ROWS = (10, 1_000)
MOST = {
    "next": 28, "screen": 42, "/queues/scams-spam": 12, "/": 32, "/authors/crowd/a": 21, "/settings/notices": 6,
    "/settings/calls": 10, "/audit/": 10,
}  # fmt: skip


def test_queries_are_as_many_at_a_thousand_rows_as_at_ten(cast: Cast, client_for: SignIn) -> None:
    stage.line_up(2, version=stage.publish("fraud"))
    crowd = population.new_source("crowd")
    ana, mo, au = client_for(cast.ana), client_for(cast.mo), client_for(cast.au)
    held = ana.post("/queues/scams-spam/next").url
    mo.get("/")  # the first use of a session is stored
    counted: list[dict[str, int]] = []
    for rows, already in zip(ROWS, (0, *ROWS), strict=False):
        population.waiting_tasks(source=crowd, queue=stage.queue_of(), upto=2 * rows, already=2 * already)
        population.decided(source=crowd, author="a", person=cast.ana.pk, count=rows - already)
        population.notices(person=cast.ana.pk, count=rows - already)
        population.audit_events(rows, already=already)
        counted.append({"next": _queries(lambda: mo.post("/queues/scams-spam/next"))})
        mo.post("/shift/end")
        for name in MOST.keys() - {"next"}:
            client, path = au if name == "/audit/" else ana, held if name == "screen" else name
            assert client.get(path).status_code == 200
            counted[-1][name] = _queries(lambda client=client, path=path: client.get(path))  # type: ignore[misc]
    few, many = counted
    assert few == many
    over = {name: count for name, count in many.items() if count > MOST[name]}
    assert not over, many


def _queries(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as made:
        ask()
    return len(made)
