"""Tables of questions about the past."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.insights.rules import ExportState


class Export(models.Model):
    """One file asked for: written in keyset chunks by a job, resumable from `cursor`, proved by its SHA-256."""

    content_free: ClassVar = ("kind", "format", "filters", "state", "cursor", "failure", "sha256")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.TextField(db_collation="C")
    format = models.TextField(db_collation="C")
    filters = models.JSONField(default=dict)
    state = models.TextField(default=ExportState.QUEUED.value, db_collation="C")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_with = models.ForeignKey("accounts.ApiKey", null=True, on_delete=models.PROTECT, related_name="+")
    rows_done = models.BigIntegerField(default=0)
    rows_total = models.BigIntegerField(null=True)
    bytes_done = models.BigIntegerField(default=0)
    cursor = models.JSONField(default=dict)
    sha256 = models.TextField(default="", blank=True)
    failure = models.TextField(default="", blank=True)
    lease_until = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=list(ExportState)), name="insights_export_state"),
        )
        indexes = (models.Index(fields=["asked_at"], name="insights_export_asked"),)
