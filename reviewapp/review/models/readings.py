"""The table of who read which change of a policy."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.policies.models import Version


class PolicyReading(models.Model):
    """Somebody read what a version changed, before they took an item that it judges."""

    content_free: ClassVar = ()

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="readings")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "version"], name="review_reading_once"),)
