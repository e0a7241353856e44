"""Tables of what follows from decisions and worries: escalations, strikes, accounts that need a senior."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.intake.models import Author, Item
from reviewapp.review.models.decisions import Decision
from reviewapp.review.models.tasks import Task
from reviewapp.review.rules_escalation import KINDS


class Escalation(models.Model):
    """One item that somebody escalated; open until its task is decided. The clock tells the next person on call."""

    content_free: ClassVar = ("kind", "reference")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="escalations")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="escalations")
    kind = models.TextField(db_collation="C")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    rings_at = models.DateTimeField()
    rung = models.PositiveSmallIntegerField(default=0)
    help_sent = models.BooleanField(null=True)
    authority_told = models.BooleanField(null=True)
    reference = models.TextField(default="", blank=True)
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=list(KINDS)), name="review_escalation_kind"),
            models.UniqueConstraint(
                fields=["task"], condition=Q(closed_at=None), name="review_escalation_one_open"
            ),
        )
        indexes = (
            models.Index(fields=["rings_at"], condition=Q(closed_at=None), name="review_escalation_clock"),
        )


class Strike(models.Model):
    """What one violation counts for its author until it expires or the decision is taken back."""

    content_free: ClassVar = ()

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    author = models.ForeignKey(Author, on_delete=models.PROTECT, related_name="strikes")
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="strike")
    severity = models.PositiveSmallIntegerField()
    at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["author", "-at"], name="review_strike_author"),)


class ProtectedAuthor(models.Model):
    """An account whose items only seniors decide."""

    content_free: ClassVar = ("reference",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    author = models.OneToOneField(Author, on_delete=models.PROTECT, related_name="protection")
    reference = models.TextField(default="", blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
