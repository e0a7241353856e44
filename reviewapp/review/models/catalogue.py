"""The actions that admins keep (while there are none, the supplied ones hold), and what is usual for a section."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from reviewapp.ids import new_id


class ActionKind(models.Model):
    """One action of the catalogue."""

    content_free: ClassVar = ("code", "label", "restriction", "territories", "requires")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True, db_collation="C")
    label = models.TextField()
    restriction = models.TextField(db_collation="C")
    days = models.PositiveIntegerField(default=0)
    territories = ArrayField(models.TextField(), default=list, blank=True)
    requires = ArrayField(models.TextField(), default=list, blank=True)
    severities = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    second = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    ordinal = models.PositiveSmallIntegerField(default=50)

    class Meta:
        ordering = ("ordinal", "code")


class SectionUsual(models.Model):
    """What a call on a section of a policy does unless the person says otherwise; holds across versions."""

    content_free: ClassVar = ("policy", "section", "action", "reason_code")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    policy = models.TextField(db_collation="C")
    section = models.TextField(db_collation="C")
    action = models.TextField(default="", db_collation="C", blank=True)
    reason_code = models.TextField(default="", db_collation="C", blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["policy", "section"], name="review_usual_once"),)
