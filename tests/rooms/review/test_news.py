"""What is new for somebody on the list of queues: it stays until they have read it, and is nobody else's."""

from collections.abc import Callable

from django.test import Client

from reviewapp.accounts.actions import notify
from reviewapp.accounts.models import Notice, Person
from reviewapp.review import actions, reads_news
from tests.cast import Cast
from tests.rooms.review import stage
from tests.rooms.review.test_changes import change

SignIn = Callable[[Person], Client]


def test_a_changed_policy_is_new_until_its_change_was_read(cast: Cast, client_for: SignIn) -> None:
    stage.line_up(1, version=stage.publish("fraud"))
    assert not reads_news.news(cast.ana)
    second = change()
    (line,) = reads_news.news(cast.ana).changes
    assert (line.slug, line.before, line.number, line.touched) == ("fraud", 1, 2, ())
    page = client_for(cast.ana).get("/").content.decode()
    assert "New for you" in page and "/policies/fraud/versions/1/diff/2" in page
    assert client_for(cast.ana).get("/policies/fraud/versions/1/diff/2").status_code == 200
    actions.read_changes(versions=[second.pk], person=cast.ana)
    assert not reads_news.news(cast.ana).changes and reads_news.news(cast.mo).changes
    assert "Nothing new." in client_for(cast.ana).get("/").content.decode()


def test_the_sections_that_changed_are_named_in_their_order(cast: Cast) -> None:
    first = stage.publish("fraud")
    codes = [each.code for each in first.sections.all()]
    second = change()
    second.sections.filter(code=codes[2]).update(guidance="Look twice.")
    second.sections.filter(code=codes[0]).update(severity=4, title="Another title")
    second.sections.filter(code=codes[1]).delete()
    assert reads_news.news(cast.ana).changes[0].touched == tuple(codes[:3])


def test_new_notices_stand_newest_first_and_lead_to_what_they_are_about(
    cast: Cast, client_for: SignIn
) -> None:
    (item,) = stage.line_up(1, version=stage.publish("fraud"))
    actions.add_note(item=item, person=cast.mo, text="@ana look at this")
    for kind in ("hold_ended", "handed_over", "taken_over", "second_needed", "policy_published"):
        notify(person=cast.ana.pk, kind=kind, about=item, by=cast.mo.pk)
    Notice.objects.filter(kind="handed_over").update(read_at="2026-01-01T00:00:00Z")
    found = reads_news.news(cast.ana)
    assert [row.icon for row in found.notices] == ["users", "replace", "timer", "user"]
    assert found.unread == 5
    client = client_for(cast.ana)
    page = client.get("/").content.decode()
    assert "<bdi>Mo</bdi> mentioned you in a note" in page and "All notices, 5 new" in page
    opened = client.post(f"/settings/notices/{found.notices[-1].id}")
    assert opened.url == f"/review/{item}"
    assert "mentioned you" not in client.get("/").content.decode()
