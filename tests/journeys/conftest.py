"""What the journeys share: an address of every screen, in a house where something has happened."""

from uuid import uuid4

import pytest

from reviewapp.accounts.actions import issue_key, notify
from reviewapp.audit.actions import OPERATOR, place_events
from reviewapp.insights.actions import ask_export
from reviewapp.intake.models import Author, Item, ItemContent, Source
from reviewapp.policies.models import Case, Version
from reviewapp.review import actions
from reviewapp.review.models import Decision
from reviewapp.review.rules import UnsentForm
from reviewapp.webhooks.actions import add_endpoint, send_test
from tests.cast import Cast
from tests.rooms.lab import stage as lab
from tests.rooms.review import stage

Screens = dict[str, str]


@pytest.fixture
def fraud(cast: Cast) -> Version:
    """The policy on fraud, in force."""
    return stage.publish("fraud")


@pytest.fixture
def screens(cast: Cast, store: str) -> Screens:
    """The name and one address of each screen, in a house where something has happened."""
    version = stage.publish("fraud")
    first, second, *_ = stage.line_up(4, version=version)
    ItemContent.objects.filter(item__in=[first, second]).update(
        text=f"{stage.TEXT} You bitch.",
        attachments=[{"url": "https://a.example/1.png", "media_type": "image/png"}],
    )
    Item.objects.filter(pk__in=[first, second]).update(likeness=1)
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ad)
    assert claim is not None
    decided = actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="allowed", reason="A joke.", person=cast.ad
    )
    actions.keep_unsent(item=second, person=cast.ad, form=UnsentForm.NOTE, typed={"text": "77"})
    of_the_lab = lab.screens(cast)
    judged = Decision.objects.filter(person=cast.ana).latest("at")
    case = Case.objects.filter(policy__slug="spam").earliest("code")
    stage.wait_for_a_person("Written by somebody.", author=_author())
    endpoint = add_endpoint(name="Hooks", url="https://hooks.example.org/in", events=(), actor=OPERATOR)
    delivery = send_test(endpoint=endpoint.endpoint, actor=OPERATOR)
    issue_key(name="feed", scopes=["ingest"], actor=OPERATOR)
    notify(person=cast.ad.pk, kind="handed_over", about=second, by=cast.ana.pk)
    ask_export(kind="audit", format="csv", actor=OPERATOR, person=cast.ad.pk)
    place_events()
    plain = ("audit", "exports", "members", "keys", "webhooks", "prefilter", "engine", "help", "policies",
        "actions", "routing")  # fmt: skip
    return (
        {"home": "/", **{name: f"/{name}/" for name in plain}}
        | of_the_lab
        | {
            "one's own": "/settings/me",
            "notices": "/settings/notices",
            "care": "/settings/care",
            "one's languages": "/settings/languages",
            "usual actions": "/actions/sections",
            "case of an item": f"/lab/items/{second if decided.item == first else first}/case",
            "one's keys": "/settings/keys",
            "one's calls": "/settings/calls",
            "one's agreement": "/settings/agreement",
            "keys of the review screen": "/help/keys",
            "a page of the manual": "/help/queues",
            "queue": "/queues/scams-spam?view=verdicts",
            "queue members": "/queues/scams-spam/members",
            "claiming": "/queues/scams-spam/next",
            "review": f"/review/{second if decided.item == first else first}",
            "making a case": f"/lab/items/{second if decided.item == first else first}/case",
            "author": "/authors/forum/u1",
            "decision": f"/decisions/{decided.decision}",
            "replacing": f"/decisions/{judged.pk}/replace",
            "new policy": "/policies/new",
            "policy version": "/policies/fraud/versions/1",
            "policy draft": "/policies/spam/draft",
            "policy compared": "/policies/spam/versions/1/diff/2",
            "cases": "/policies/spam/versions/2/cases",
            "history of a case": f"/policies/spam/cases/{case.code}",
            "webhook": f"/webhooks/{endpoint.endpoint}?delivery={delivery}",
            "member": f"/members/{cast.bo.pk}",
        }
    )


def _author() -> Author:
    source, _ = Source.objects.get_or_create(name="forum")
    return Author.objects.create(source=source, external_id="u1", name="Somebody")
