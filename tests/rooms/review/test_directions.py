"""Text that runs right to left, or both ways, is shown in its own direction and turns nothing around it, on every surface."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Final
from uuid import UUID, uuid4

import pytest
from django.test import Client

from reviewapp.accounts.models import Person
from reviewapp.intake.models import Author, Flag, ItemContent, Source
from reviewapp.policies.models import Section
from reviewapp.review import actions
from reviewapp.review.models import Queue
from tests.cast import Cast
from tests.hostile import TURNED
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]
TURNING: Final = re.compile("[\u0590-\u08ff]")
VOID: Final = {"area", "br", "col", "hr", "img", "input", "link", "meta", "use", "wbr", "path", "circle"}
ARABIC: Final = "أحمد (٣)"


class Walk(HTMLParser):
    """Collects every piece of turning text that neither `bdi` nor `dir="auto"` keeps to itself.

    Ids and addresses, which are read as code, may say `dir="ltr"` of themselves.
    """

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.loose: list[str] = []
        self.seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            said = dict(attrs)
            is_code = tag == "code" or "mono" in (said.get("class") or "").split()
            keeps = tag == "bdi" or (is_code and said.get("dir") == "ltr")
            self.open.append((tag, "auto" if keeps else said.get("dir")))

    def handle_endtag(self, tag: str) -> None:
        if tag in [each for each, _ in self.open]:
            while self.open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self.open]
        if not TURNING.search(data) or "title" in tags or "script" in tags:
            return
        self.seen += 1
        direction = next((each for _, each in reversed(self.open) if each), "ltr")
        if direction == "ltr":
            self.loose.append(f"<{tags[-1] if tags else ''}> {data.strip()[:60]}")


def loose(page: str) -> tuple[int, list[str]]:
    """How many pieces of turning text a page has, and those that are not kept to themselves."""
    walk = Walk()
    walk.feed(page)
    return walk.seen, walk.loose


@pytest.fixture
def turned(cast: Cast) -> UUID:
    """An item in a queue, where everything that somebody could have typed is Arabic or mixed."""
    version = stage.publish("fraud")
    Section.objects.filter(version=version).update(title=ARABIC, guidance=ARABIC)
    Person.objects.filter(pk__in=[cast.ana.pk, cast.mo.pk]).update(name=ARABIC)
    source = Source.objects.create(name="منتدى")
    author = Author.objects.create(source=source, external_id="كاتب-1", name=ARABIC)
    item = stage.wait_for_a_person(TURNED[0], source="منتدى", author=author, name="منشور-1")
    stage.wait_for_a_person(TURNED[1], source="منتدى", author=author)
    thread = [{"role": "مشرف", "author_id": "u2", "text": TURNED[2]}]
    ItemContent.objects.filter(item=item).update(context=thread)
    for kind in ("legal_notice", "user_report"):
        Flag.objects.create(item_id=item, kind=kind, reason=TURNED[2], org=ARABIC, digest=uuid4().bytes * 2)
    evidence = TURNED[0].split(" ")[0]
    stage.say(item, version, rationale=TURNED[1], reasoning=TURNED[3], evidence_for=[evidence])
    actions.admit()
    Queue.objects.update(name=ARABIC, description=ARABIC, blind_percent=0)
    actions.add_note(item=item, person=cast.ana, text=TURNED[3])
    return item


@pytest.mark.parametrize("text", TURNED)
def test_the_walk_finds_what_is_loose(text: str) -> None:
    assert loose(f"<p>{text}</p>")[1] and loose(f"<p dir='auto'><b>{text}</b></p>")[1] == []
    assert loose(f"<p dir='auto'>x<span dir='ltr'>{text}</span></p>")[1]


def test_no_text_turns_what_stands_around_it(
    cast: Cast, client_for: SignIn, turned: UUID, subtests: pytest.Subtests
) -> None:
    queue = Queue.objects.get(tasks__item=turned)
    claim = actions.claim_item(item=turned, person=Person.objects.get(pk=cast.mo.pk))
    actions.leave_queue_note(queue=queue.pk, person=cast.ana, text=TURNED[2])
    code = Section.objects.filter(severity__lt=4)[0]
    sam, mo = client_for(cast.sam), client_for(cast.mo)
    surfaces = {
        "review, held": (mo, f"/review/{turned}"), "review, by another": (sam, f"/review/{turned}"),
        "override": (mo, f"/review/{turned}?override=1"), "queues": (mo, "/"),
        "queue": (mo, f"/queues/{queue.slug}"), "verdicts": (sam, f"/queues/{queue.slug}?view=verdicts"),
        "members": (sam, f"/queues/{queue.slug}/members"), "author": (sam, "/authors/منتدى/كاتب-1"),
        "author part": (sam, f"/review/{turned}/author"), "make case": (sam, f"/lab/items/{turned}/case"),
    }  # fmt: skip
    for name, (client, path) in surfaces.items():
        with subtests.test(name):
            answer = client.get(path)
            assert answer.status_code == 200
            seen, left = loose(answer.content.decode())
            assert seen and left == []
    decided = actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="violates", sections=[(code.version_id, code.code)],
        person=Person.objects.get(pk=cast.mo.pk), reason=TURNED[3], reason_code="context_missed",
    )  # fmt: skip
    for name, (client, path) in {
        "decision": (sam, f"/decisions/{decided.decision}"), "last calls": (mo, "/settings/calls"),
        "replace": (mo, f"/decisions/{decided.decision}/replace"), "undo": (mo, f"/queues/{queue.slug}/next"),
        "audit": (sam, "/audit/"), "disagreements": (sam, "/disagreements/"), "admin": (client_for(cast.ad), "/members/"),
    }.items():  # fmt: skip
        with subtests.test(name):
            answer = client.get(path, follow=True)
            assert answer.status_code == 200 and loose(answer.content.decode())[1] == []
