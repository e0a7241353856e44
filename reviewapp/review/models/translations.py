"""The table of what a translation engine made of items."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.intake.models import Item


class Translation(models.Model):
    """The text of one item (one revision of its content) in one language, as an engine gave it.

    `source`: the language that the engine took it for; `characters`: how many of the text it was given.
    """

    content_free: ClassVar = ("target", "source")
    erasable: ClassVar = ("text",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="translations", db_index=False)
    target = models.TextField(db_collation="C")
    source = models.TextField(default="und", db_collation="C")
    text = models.TextField()
    characters = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["item", "target"], name="review_translation_once"),)
