"""Rows for tests of exports: items, decisions and verdicts as the rooms below leave them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import DECISIONS_FEED, place_in_feed
from reviewapp.intake.models import Author, Item, ItemContent, Source
from reviewapp.policies.models import Policy, Version
from reviewapp.review.models import Decision, Finding, Queue, Task
from reviewapp.screening.models import Engine, Judgement, Run, Verdict


def an_item(text: str = "hello", *, source: str = "forum", author: str = "u1", **fields: Any) -> Item:
    """A stored item with its content."""
    place, _ = Source.objects.get_or_create(name=source)
    writer, _ = Author.objects.get_or_create(source=place, external_id=author)
    now = timezone.now()
    item = Item.objects.create(
        source=place, external_id=fields.pop("external_id", f"post-{uuid4().hex[:8]}"), author=writer,
        content_hash=b"h" * 32, received_at=now, **fields,
    )  # fmt: skip
    ItemContent.objects.create(item=item, received_at=now, text=text, key=b"k" * 32)
    return item


def a_version() -> Version:
    """Version 1 of a policy `spam`."""
    policy, _ = Policy.objects.get_or_create(slug="spam")
    version, _ = Version.objects.get_or_create(
        policy=policy,
        number=1,
        defaults={"title": "Spam", "source": "s", "model_text": "m", "hash": "abc", "state": "published"},
    )
    return version


def a_decision(item: Item, person: Person, *, final: bool = True, **fields: Any) -> Decision:
    """A decision; with `final` it has its position in the feed."""
    queue, _ = Queue.objects.get_or_create(slug="general", defaults={"name": "General"})
    now = timezone.now()
    task = Task.objects.create(item=item, queue=queue, rank_at=now, due_at=now, state="done")
    defaults: dict[str, Any] = {"label": "violates", "actions": [{"code": "remove", "parameters": {}}]}
    decision = Decision.objects.create(
        item=item,
        task=task,
        person=person,
        nonce=uuid4(),
        release_at=now + timedelta(seconds=10),
        **(defaults | fields),
    )
    if decision.label == "violates":
        Finding.objects.create(decision=decision, version=a_version(), section="SP-1.1")
    if final:
        release(decision.pk)
    return decision


def release(*decisions: UUID) -> None:
    """Give decisions their positions."""
    with transaction.atomic():
        place_in_feed(feed=DECISIONS_FEED, subjects=decisions)


def a_verdict(item: Item, **fields: Any) -> Verdict:
    """A verdict of a practice reasoner."""
    run, _ = Run.objects.get_or_create(kind="live")
    engine, _ = Engine.objects.get_or_create(signature="e", defaults={"model": "practice", "practice": True})
    judgement = Judgement.objects.create(item=item, version=a_version(), run=run, state="done")
    defaults: dict[str, Any] = {
        "label": "violates", "confidence": "high", "sections": ["SP-1.1"], "rationale": "because", "reasoning": "SECRET THOUGHT",
    }  # fmt: skip
    return Verdict.objects.create(
        judgement=judgement, item=item, version=a_version(), engine=engine, model="practice", prompt_hash="p", policy_hash="abc",
        lease_epoch=1, **(defaults | fields),
    )  # fmt: skip
