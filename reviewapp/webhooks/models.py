"""Tables of what leaves: endpoints, one delivery for each announcement and endpoint, and what each try met."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.webhooks.rules import DeliveryState


class Endpoint(models.Model):
    """An address that wants to be told, with the secret that signs what it gets, and its own circuit.

    `failures` are tries in a row that failed, since `failing_since`; until `retry_at` nothing is sent. One that was
    removed keeps its log, and its held deliveries keep the place of their decisions in the feed; it is told nothing.
    """

    content_free: ClassVar = ("name", "url", "secret", "previous_secret", "events", "stopped_why")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.TextField(default="", blank=True)
    url = models.TextField()
    secret = models.TextField()
    previous_secret = models.TextField(default="", blank=True)
    previous_until = models.DateTimeField(null=True)
    events = ArrayField(models.TextField(), default=list)
    active = models.BooleanField(default=True)
    stopped_why = models.TextField(default="", blank=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name or self.url


class Delivery(models.Model):
    """The outbox: one row for an announcement and an endpoint; without endpoints one row that names none.

    The body is built from `item` and `decision` when it is sent, so that an erased or restricted item leaves nothing.
    """

    content_free: ClassVar = ("event", "state")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    announcement = models.UUIDField()
    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.PROTECT, related_name="deliveries")
    event = models.TextField(db_collation="C")
    item = models.UUIDField()
    decision = models.UUIDField(null=True)
    state = models.TextField(default=DeliveryState.HELD.value)
    attempts = models.PositiveSmallIntegerField(default=0)
    release_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=list(DeliveryState)), name="webhooks_delivery_state"
            ),
            models.UniqueConstraint(
                fields=["announcement", "endpoint"], name="webhooks_delivery_once", nulls_distinct=False
            ),
        )
        indexes = (
            models.Index(fields=["release_at"], condition=Q(state="held"), name="webhooks_delivery_held"),
            models.Index(
                fields=["endpoint", "release_at"], condition=Q(state="waiting"), name="webhooks_delivery_due"
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state="sending"), name="webhooks_delivery_lease"
            ),
            models.Index(fields=["decision"], name="webhooks_delivery_decision"),
            models.Index(fields=["endpoint", "created_at", "id"], name="webhooks_delivery_log"),
        )


class Attempt(models.Model):
    """One try: the status it met, or the problem that kept it from one; `answer` is the start of what came back."""

    content_free: ClassVar = ("problem", "answer")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField(db_default=Now(), editable=False)
    status = models.PositiveSmallIntegerField(null=True)
    problem = models.TextField(default="", blank=True)
    seconds = models.FloatField()
    answer = models.TextField(default="", blank=True)

    class Meta:
        indexes = (models.Index(fields=["at"], name="webhooks_attempt_at"),)
