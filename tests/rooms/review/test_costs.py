"""What the screens cost: the same number of queries at ten rows and at a thousand."""

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviewapp.accounts.models import Person
from reviewapp.review import actions
from reviewapp.review.models import Decision
from tests.bench import population
from tests.cast import Cast
from tests.robots import hidden_fields
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
ROWS = (10, 1_000)
MOST = {
    "next": 17, "screen": 5, "confirm": 18, "/queues/scams-spam": 10, "/": 29, "/authors/crowd/a": 17,
    "/settings/notices": 3, "/settings/calls": 8, "/audit/": 8,
}  # fmt: skip


def test_queries_are_as_many_at_a_thousand_rows_as_at_ten(cast: Cast, client_for: SignIn) -> None:
    fraud = stage.publish("fraud")
    for _ in range(6):
        stage.say(stage.wait_for_a_person(flags=["authority_order"]), fraud)
    actions.admit()
    crowd = population.new_source("crowd")
    ana, mo, sam, au = (client_for(each) for each in (cast.ana, cast.mo, cast.sam, cast.au))
    held = ana.post("/queues/scams-spam/next").url
    for each in (mo, sam):
        each.get("/")  # the first use of a session is stored
    counted: list[dict[str, int]] = []
    for rows, already in zip(ROWS, (0, *ROWS), strict=False):
        population.waiting_tasks(source=crowd, queue=stage.queue_of(), upto=2 * rows, already=2 * already)
        population.decided(source=crowd, author="a", person=cast.ana.pk, count=rows - already)
        population.notices(person=cast.ana.pk, count=rows - already)
        population.audit_events(rows, already=already)
        counted.append({"next": _queries(lambda: mo.post("/queues/scams-spam/next"))})
        mo.post("/shift/end")
        counted[-1]["confirm"] = _confirm(sam)
        for name in MOST.keys() - {"next", "confirm"}:
            client, path = au if name == "/audit/" else ana, held if name == "screen" else name
            assert client.get(path).status_code == 200
            counted[-1][name] = _queries(lambda client=client, path=path: client.get(path))  # type: ignore[misc]
    few, many = counted
    assert few == many
    over = {name: count for name, count in many.items() if count > MOST[name]}
    assert not over, sorted(many.items())


def _confirm(client: Client) -> int:
    """What a confirm costs with the screen of the reserved item in the answer."""
    path = client.post("/queues/scams-spam/next").url
    seat = hidden_fields(client.get(path).content.decode())
    client.post("/queues/scams-spam/reserve")
    count = _queries(lambda: client.post(f"{path}/confirm", seat, headers={"HX-Request": "true"}))
    assert Decision.objects.filter(item_id=path.removeprefix("/review/")).count() == 1
    client.post("/shift/end")
    return count


def _queries(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as made:
        ask()
    return len(made)
