"""Tables of policies: a version is one text, frozen by its hash from `proposed` on."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.policies.rules import VersionState


class Policy(models.Model):
    """One policy through all its versions. `family` is the prefilter head that finds its candidates, or none."""

    content_free: ClassVar = ("slug", "family")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.TextField(unique=True, db_collation="C")
    family = models.TextField(null=True, db_collation="C")  # noqa: DJ001  none is not an empty word
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.slug


class Version(models.Model):
    """One version. `source` is the markdown file byte for byte; `model_text` is what the reasoner reads."""

    content_free: ClassVar = (
        "state", "title", "language", "effort", "applies", "source", "model_text", "hash", "change_note",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.TextField(default=VersionState.DRAFT.value)
    title = models.TextField()
    language = models.TextField(default="en")
    effort = models.TextField(default="low")
    applies = models.JSONField(default=dict)
    source = models.TextField()
    model_text = models.TextField()
    hash = models.TextField(db_collation="C")
    change_note = models.TextField(default="", blank=True)
    saves = models.PositiveIntegerField(default=0)
    gate_waived = models.BooleanField(default=False)
    publish_at = models.DateTimeField(null=True)
    # Everybody whose words are in it: none of them may approve or publish it.
    writers = ArrayField(models.UUIDField(), default=list)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    drafted_at = models.DateTimeField(db_default=Now())
    saved_at = models.DateTimeField(db_default=Now())
    proposed_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=list(VersionState)), name="policies_version_state"),
            models.UniqueConstraint(fields=["policy", "number"], name="policies_version_number"),
            models.UniqueConstraint(
                fields=["policy"], condition=Q(state="published"), name="policies_one_published"
            ),
            models.UniqueConstraint(
                fields=["policy"],
                condition=Q(state__in=["draft", "proposed", "approved"]),
                name="policies_one_draft",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class Section(models.Model):
    """One section of a version: `model_text` is sent, `guidance` is for reviewers, `public` for author and reporter."""

    content_free: ClassVar = (
        "code", "title", "response", "model_text", "guidance", "public", "violating_examples", "allowed_examples",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="sections")
    code = models.TextField(db_collation="C")
    ordinal = models.PositiveSmallIntegerField()
    title = models.TextField()
    severity = models.PositiveSmallIntegerField()
    response = models.TextField(default="", blank=True)
    model_text = models.TextField()
    guidance = models.TextField(default="", blank=True)
    public = models.TextField(default="", blank=True)
    violating_examples = ArrayField(models.TextField(), default=list)
    allowed_examples = ArrayField(models.TextField(), default=list)

    class Meta:
        ordering = ("ordinal",)
        constraints = (
            models.UniqueConstraint(fields=["version", "code"], name="policies_section_code"),
            models.CheckConstraint(condition=Q(severity__range=(1, 4)), name="policies_section_severity"),
        )


class Case(models.Model):
    """A test of a policy: a text and the label it must get. `origin_item` ties a copied text to its erasure."""

    content_free: ClassVar = ("code", "section", "expect")
    erasable: ClassVar = ("text", "note")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="cases")
    code = models.TextField(db_collation="C")
    section = models.TextField(db_collation="C")
    text = models.TextField()
    expect = models.TextField()
    note = models.TextField(default="", blank=True)
    origin_item = models.UUIDField(null=True, db_index=True)
    erased = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["policy", "code"], name="policies_case_code"),
            models.CheckConstraint(
                condition=Q(expect__in=["violates", "allowed"]), name="policies_case_expect"
            ),
        )
