"""Sets the scene for review tests: a published policy, items that wait for a person, and what a machine said of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from reviewapp.intake.models import Flag, Item, ItemContent, Source
from reviewapp.policies.actions import import_policy
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.review.models import Queue
from reviewapp.screening.models import CurrentVerdict, Engine, Judgement, Run, Verdict

TEXT = "Send the code now.\nMeet me at the station."


def publish(slug: str = "fraud") -> Version:
    """One of the seeded policies, in force."""
    source = (settings.BASE_DIR / "policies_seed" / f"{slug}.md").read_text(encoding="utf-8")
    return import_policy(source=source, actor=OPERATOR, publish=True)


def wait_for_a_person(text: str = TEXT, *, flags: Sequence[str] = (), name: str = "", **fields: Any) -> UUID:
    """An item that awaits review."""
    source, _ = Source.objects.get_or_create(name=fields.pop("source", "forum"))
    item = Item.objects.create(
        source=source,
        external_id=name or uuid4().hex,
        state="awaiting_review",
        content_hash=uuid4().bytes * 2,
        **fields,
    )
    item.refresh_from_db()
    ItemContent.objects.create(item=item, received_at=item.received_at, text=text, key=b"k" * 32)
    for kind in flags:
        Flag.objects.create(item=item, kind=kind, digest=uuid4().bytes * 2)
    return item.pk


def say(
    item: UUID, version: Version, label: str = "violates", sections: Sequence[str] = (), *, confidence: str = "high",
    practice: bool = False, **fields: Any,
) -> UUID:  # fmt: skip
    """A current verdict on an item; a violating one cites the first section unless told."""
    engine, _ = Engine.objects.get_or_create(
        signature=f"test-{practice}", defaults={"model": "test-model", "practice": practice}
    )
    run, _ = Run.objects.get_or_create(kind="live")
    judgement, _ = Judgement.objects.update_or_create(
        run=run, version=version, item_id=item, defaults={"state": "done"}
    )
    cited = list(sections) or ([version.sections.all()[0].code] if label == "violates" else [])
    verdict = Verdict.objects.create(
        judgement=judgement, item_id=item, version=version, engine=engine, label=label, confidence=confidence,
        sections=cited, model="test-model", prompt_hash="p" * 64, policy_hash=version.hash, lease_epoch=1, at=Now(),
        **{"rationale": "It asks for a code.", "reasoning": "First thoughts.", "evidence_for": ["Send the code now."]} | fields,
    )  # fmt: skip
    CurrentVerdict.objects.update_or_create(
        item_id=item, policy=version.policy, defaults={"verdict": verdict}
    )
    return verdict.pk


def ask(item: UUID, version: Version) -> None:
    """A judgement of the live run that is still on its way."""
    run, _ = Run.objects.get_or_create(kind="live")
    Judgement.objects.create(run=run, version=version, item_id=item)


def line_up(count: int = 1, *, version: Version | None = None, label: str = "violates") -> list[UUID]:
    """Items in the default queue order, each with a verdict of `version`, admitted."""
    items = [
        wait_for_a_person(f"{TEXT} Number {number}.", name=f"item-{number:03}") for number in range(count)
    ]
    for item in items:
        if version is not None:
            say(item, version, label)
    actions.admit()
    return items


def queue_of(slug: str = "scams-spam") -> UUID:
    """A queue's key."""
    return Queue.objects.get(slug=slug).pk


def tell(table: str, assignment: str, key: UUID) -> None:
    """Change one row in the database, such as moving a lease into the past."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {assignment} WHERE id = %s", [key])


def verbs(item: UUID) -> list[str]:
    """What the audit log says of an item, in order."""
    return list(Event.objects.filter(subjects__contains=[item]).order_by("at").values_list("verb", flat=True))


def events(item: UUID, verb: str) -> list[dict[str, Any]]:
    """What the events of one verb say of an item, in order."""
    found = Event.objects.filter(subjects__contains=[item], verb=verb).order_by("at")
    return list(found.values_list("data", flat=True))
