"""Tables of queues: the lines that tasks wait in, and the rules that choose one."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from reviewapp.ids import new_id


class Queue(models.Model):
    """A named line of tasks with a time target and an undo window. One that `translates` serves people what they do not read."""

    content_free: ClassVar = ("slug", "name", "description", "escalation")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(unique=True)
    name = models.TextField()
    description = models.TextField(default="", blank=True)
    ordinal = models.PositiveSmallIntegerField(default=100)
    target_minutes = models.PositiveIntegerField(default=240)
    undo_seconds = models.PositiveSmallIntegerField(default=10)
    escalation = models.TextField(default="", db_default="", db_collation="C", blank=True)
    clock_minutes = models.PositiveIntegerField(default=0, db_default=0)
    blind_percent = models.PositiveSmallIntegerField(default=10, db_default=10)
    oldest_first = models.BooleanField(default=False, db_default=False)
    members_only = models.BooleanField(default=False, db_default=False)
    translates = models.BooleanField(default=False, db_default=False)
    # Its leads were told of everything that passed the target until then.
    late_told_until = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("ordinal", "slug")

    def __str__(self) -> str:
        return self.name


class RoutingRule(models.Model):
    """First match wins: an item whose facts meet every named condition goes to the queue."""

    content_free: ClassVar = (
        "policies", "sources", "flag_kinds", "languages", "countries", "authors", "labels", "confidences",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ordinal = models.PositiveSmallIntegerField(unique=True)
    policies = ArrayField(models.TextField(), default=list, blank=True)
    sources = ArrayField(models.TextField(), default=list, blank=True)
    flag_kinds = ArrayField(models.TextField(), default=list, blank=True)
    languages = ArrayField(models.TextField(), default=list, db_default=[], blank=True)
    countries = ArrayField(models.TextField(), default=list, db_default=[], blank=True)
    authors = ArrayField(models.TextField(), default=list, db_default=[], blank=True)
    labels = ArrayField(models.TextField(), default=list, db_default=[], blank=True)
    confidences = ArrayField(models.TextField(), default=list, db_default=[], blank=True)
    severity_from = models.PositiveSmallIntegerField(default=0)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="rules")

    class Meta:
        ordering = ("ordinal",)


class QueueNote(models.Model):
    """What one shift tells the next about a queue; the latest one is shown."""

    content_free: ClassVar = ("text",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="shift_notes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["queue", "-at"], name="review_queuenote_latest"),)


class QueueMember(models.Model):
    """Somebody who works a queue; `ordinal` is the order in which the clock of an escalation tells them."""

    content_free: ClassVar = ()

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    ordinal = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ("ordinal", "id")
        constraints = (models.UniqueConstraint(fields=["queue", "person"], name="review_member_once"),)


class RoutingVersion(models.Model):
    """The whole list of rules as it stood after one change; the latest is in force."""

    content_free: ClassVar = ("rules",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.PositiveIntegerField(unique=True)
    rules = models.JSONField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
