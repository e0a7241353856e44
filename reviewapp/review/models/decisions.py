"""Tables of what people decided. A decision is never edited, only replaced by a newer one that names it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review.models.tasks import Task
from reviewapp.review.rules import Call, DecisionKind, Label
from reviewapp.screening.models import Verdict


class Decision(models.Model):
    """One call by one person in one round. Final once `release_at` has passed and it was not undone."""

    content_free: ClassVar = (
        "kind", "label", "actions", "ground", "detection", "automation", "exception", "shown", "reason_code",
    )  # fmt: skip
    erasable: ClassVar = ("reason",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="decisions")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="decisions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField(default=DecisionKind.FIRST.value, db_collation="C")
    label = models.TextField(null=True, db_collation="C")  # noqa: DJ001  undone says nothing
    actions = models.JSONField(default=list)
    ground = models.TextField(default="incompatible", db_collation="C")
    detection = models.TextField(default="own_initiative", db_collation="C")
    automation = models.TextField(default="not", db_collation="C")
    exception = models.TextField(default="", db_collation="C", blank=True)
    reason_code = models.TextField(default="", db_collation="C", blank=True)
    reason = models.TextField(default="", blank=True)
    lead = models.ForeignKey(Verdict, null=True, on_delete=models.PROTECT, related_name="+")
    shown = models.JSONField(default=dict)
    nonce = models.UUIDField(unique=True)
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    at = models.DateTimeField(db_default=Now())
    release_at = models.DateTimeField()
    undo_until = models.DateTimeField(null=True)
    awaits_second = models.BooleanField(default=False, db_default=False)
    review_on = models.DateField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=list(DecisionKind)), name="review_decision_kind"),
            models.CheckConstraint(
                condition=Q(label__in=list(Label)) | Q(kind="undone", label=None),
                name="review_decision_label",
            ),
        )
        indexes = (
            models.Index(fields=["item", "at"], name="review_decision_item"),
            models.Index(fields=["person", "at"], name="review_decision_person"),
            models.Index(
                fields=["review_on"], condition=Q(review_on__isnull=False), name="review_decision_review"
            ),
        )


class Finding(models.Model):
    """A section that a decision rests on, in the version that was on the screen."""

    content_free: ClassVar = ("section",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="findings")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    section = models.TextField(db_collation="C")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["decision", "version", "section"], name="review_finding_once"),
        )


class VerdictCall(models.Model):
    """What a decision did with one verdict."""

    content_free: ClassVar = ("call",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="calls")
    verdict = models.ForeignKey(Verdict, on_delete=models.PROTECT, related_name="calls")
    call = models.TextField(db_collation="C")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(call__in=list(Call)), name="review_call_word"),
            models.UniqueConstraint(fields=["decision", "verdict"], name="review_call_once"),
        )


class BlindCall(models.Model):
    """What somebody called before they saw any verdict; it never changes, whatever they decide afterwards."""

    content_free: ClassVar = (
        "label",
        "findings",
        "action",
        "days",
        "territories",
        "exception",
        "reason_code",
        "policy",
        "confidence",
        "verdict_label",
    )
    erasable: ClassVar = ("reason",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="blind_calls")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    label = models.TextField(db_collation="C")
    findings = models.JSONField(default=list)
    action = models.TextField(default="", db_collation="C", blank=True)
    days = models.TextField(default="", db_collation="C", blank=True)
    territories = models.TextField(default="", db_collation="C", blank=True)
    exception = models.TextField(default="", db_collation="C", blank=True)
    review_on = models.DateField(null=True)
    reason_code = models.TextField(default="", db_collation="C", blank=True)
    reason = models.TextField(default="", blank=True)
    verdict = models.ForeignKey(Verdict, null=True, on_delete=models.PROTECT, related_name="+")
    verdict_label = models.TextField(default="", db_collation="C", blank=True)
    policy = models.TextField(default="", db_collation="C", blank=True)
    confidence = models.TextField(default="", db_collation="C", blank=True)
    same_label = models.BooleanField(null=True)
    same_section = models.BooleanField(null=True)
    decision = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(label__in=list(Label)), name="review_blindcall_label"),
            models.UniqueConstraint(fields=["task", "person"], name="review_blindcall_once"),
        )
        indexes = (
            models.Index(fields=["policy", "confidence", "-at"], name="review_blindcall_measure"),
            models.Index(fields=["person", "-at"], name="review_blindcall_person"),
        )


class VerdictsSeen(models.Model):
    """Somebody saw the verdict of a waiting task in a list, so their call on it cannot count as blind."""

    content_free: ClassVar = ()

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["task", "person"], name="review_seen_once"),)
