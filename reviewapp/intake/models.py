"""Tables of what arrived. The item is slim and never erased; its text lives in one erasable row beside it."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.accounts.models import ApiKey
from reviewapp.ids import new_id
from reviewapp.intake.rules import ItemState, Purpose


class Source(models.Model):
    """A place that items come from, with the policies that judge it (none named: all published)."""

    content_free: ClassVar = ("name", "policies")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.TextField(unique=True, db_collation="C")
    policies = ArrayField(models.TextField(), default=list, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name


class Author(models.Model):
    """Somebody who wrote items on a source, under the id that the source gave."""

    content_free: ClassVar = ("external_id",)
    erasable: ClassVar = ("name",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="authors", db_index=False)
    external_id = models.TextField(db_collation="C")
    name = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source", "external_id"], name="intake_author_once"),)


class Item(models.Model):
    """One revision of one piece of content. `admitted`: the review room has taken note of this await, and of what was said since.

    `language` is as sent; `detected` is what the score worker read where none was sent, `und` where it could not tell.

    `likeness` and `thread` are numbers that like texts, and items of one thread, share (see `rules`); they go with the text.
    """

    content_free: ClassVar = (
        "external_id",
        "state",
        "purpose",
        "language",
        "detected",
        "country",
        "policies",
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="items", db_index=False)
    external_id = models.TextField(db_collation="C")
    revision = models.PositiveIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    state = models.TextField(default=ItemState.RECEIVED.value, db_collation="C")
    purpose = models.TextField(default=Purpose.LIVE.value, db_collation="C")
    restricted = models.BooleanField(default=False)
    admitted = models.BooleanField(default=False)
    flagged = models.BooleanField(default=False)
    content_hash = models.BinaryField(max_length=32)
    likeness = models.BigIntegerField(null=True)
    thread = models.BigIntegerField(null=True)
    author = models.ForeignKey(
        Author, null=True, on_delete=models.PROTECT, related_name="items", db_index=False
    )
    language = models.TextField(default="und", db_collation="C")
    detected = models.TextField(default="und", db_default="und", db_collation="C")
    country = models.TextField(default="", db_collation="C", blank=True)
    policies = ArrayField(models.TextField(), default=list, blank=True)
    attachments = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=list(ItemState)), name="intake_item_state"),
            models.CheckConstraint(condition=Q(purpose__in=list(Purpose)), name="intake_item_purpose"),
            models.UniqueConstraint(
                fields=["source", "external_id", "revision"], name="intake_item_revision"
            ),
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=Q(is_current=True), name="intake_item_current"
            ),
        )
        indexes = (
            models.Index(fields=["received_at", "id"], name="intake_item_list"),
            models.Index(fields=["received_at"], condition=Q(state="received"), name="intake_item_received"),
            models.Index(
                fields=["changed_at"],
                condition=Q(state="awaiting_review", admitted=False),
                name="intake_item_admit",
            ),
            models.Index(
                fields=["changed_at"], condition=Q(state="awaiting_verdict"), name="intake_item_verdict"
            ),
            models.Index(fields=["author", "received_at"], name="intake_item_author"),
            models.Index(
                fields=["likeness", "received_at"],
                condition=Q(likeness__isnull=False),
                name="intake_item_likeness",
            ),
            models.Index(
                fields=["thread", "received_at"], condition=Q(thread__isnull=False), name="intake_item_thread"
            ),
        )


class ItemContent(models.Model):
    """What an item says, and the key of its commitments: one erasable row. Partitioned by month of `received_at`."""

    erasable: ClassVar = ("text", "context", "attachments", "url")

    pk = models.CompositePrimaryKey("item_id", "received_at")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="contents", db_index=False)
    received_at = models.DateTimeField()
    text = models.TextField()
    context = models.JSONField(default=list)
    attachments = models.JSONField(default=list)
    url = models.TextField(default="", blank=True)
    key = models.BinaryField(max_length=32)


class Flag(models.Model):
    """Somebody pointed at an item. The same kind, reporter, reason and time is the same flag (`digest`)."""

    content_free: ClassVar = ("kind", "reporter_id", "org", "reference")
    erasable: ClassVar = ("reason",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="flags", db_index=False)
    kind = models.TextField(db_collation="C")
    reason = models.TextField(default="", blank=True)
    reporter_id = models.TextField(default="", db_collation="C", blank=True)
    org = models.TextField(default="", blank=True)
    reference = models.TextField(default="", blank=True)
    deadline = models.DateTimeField(null=True)
    at = models.DateTimeField(null=True)
    digest = models.BinaryField(max_length=32)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["item", "digest"], name="intake_flag_once"),)


class Hold(models.Model):
    """A legal hold: refuses erasure until it is lifted or ends."""

    content_free: ClassVar = ("why", "reference")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="holds")
    why = models.TextField()
    reference = models.TextField(default="", blank=True)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    placed_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["item"], condition=Q(lifted_at=None), name="intake_hold_open"),)


class Erasure(models.Model):
    """A wish to erase one item, and the rooms that have answered it."""

    content_free: ClassVar = ("asked_by", "answered")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="erasure")
    asked_by = models.TextField(db_collation="C")
    asked_at = models.DateTimeField(db_default=Now())
    answered = ArrayField(models.TextField(), default=list)
    done_at = models.DateTimeField(null=True)


class IdempotentAnswer(models.Model):
    """The first answer to a request that carried an Idempotency-Key; kept for 48 hours."""

    content_free: ClassVar = ("key", "answer")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    key = models.TextField(db_collation="C")
    body_hash = models.BinaryField(max_length=32)
    answer = models.JSONField()
    at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["api_key", "key"], name="intake_answer_once"),)
