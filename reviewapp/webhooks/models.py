"""Tables of what leaves: endpoints, and one delivery for each announcement and endpoint."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.webhooks.rules import DeliveryState


class Endpoint(models.Model):
    """An address that wants to be told, with the secret that signs what it gets."""

    content_free: ClassVar = ("url", "secret", "events")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    url = models.TextField()
    secret = models.TextField()
    events = ArrayField(models.TextField(), default=list)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)


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
            models.Index(fields=["release_at"], condition=Q(state="waiting"), name="webhooks_delivery_due"),
            models.Index(fields=["decision"], name="webhooks_delivery_decision"),
        )
