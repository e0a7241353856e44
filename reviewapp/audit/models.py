"""Tables of the ground floor. Rows are only ever inserted; the database refuses the rest."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Event(models.Model):
    """One thing that happened, in leaf format v1 (see `rules.leaf`). Partitioned by month of `at`."""

    content_free: ClassVar = ("verb", "actor_kind", "actor", "data", "subjects")

    pk = models.CompositePrimaryKey("id", "at")
    id = models.UUIDField()
    at = models.DateTimeField()
    verb = models.TextField(db_collation="C")
    actor_kind = models.TextField(db_collation="C")
    actor = models.TextField(db_collation="C")
    subjects = ArrayField(models.UUIDField(), default=list)
    data = models.JSONField(default=dict)
    leaf = models.BinaryField(max_length=32)

    class Meta:
        indexes = (
            models.Index(fields=["at", "id"], name="audit_event_at"),
            models.Index(fields=["verb", "at"], name="audit_event_verb"),
            GinIndex(fields=["subjects"], name="audit_event_subjects"),
        )


class Position(models.Model):
    """The place of one subject in a public feed, given once by the one sequencer after commit; gap-free from 1."""

    content_free: ClassVar = ("feed",)

    pk = models.CompositePrimaryKey("feed", "position")
    feed = models.TextField(db_collation="C")
    position = models.BigIntegerField()
    subject = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["feed", "subject"], name="audit_position_once"),)


class Unplaced(models.Model):
    """A committed event that waits for its position; gone once it has one."""

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
