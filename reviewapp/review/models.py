"""Tables of what people decided. A decision is never edited, only replaced by a newer one that names it."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review.rules import OPEN_TASK_STATES, Call, DecisionKind, Label, TaskKind, TaskState
from reviewapp.screening.models import Verdict


class Queue(models.Model):
    """A named line of tasks with a time target and an undo window."""

    content_free: ClassVar = ("slug", "name", "description")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(unique=True)
    name = models.TextField()
    description = models.TextField(default="", blank=True)
    ordinal = models.PositiveSmallIntegerField(default=100)
    target_minutes = models.PositiveIntegerField(default=240)
    undo_seconds = models.PositiveSmallIntegerField(default=10)

    class Meta:
        ordering = ("ordinal", "slug")

    def __str__(self) -> str:
        return self.name


class RoutingRule(models.Model):
    """First match wins: an item whose facts meet every named condition goes to the queue."""

    content_free: ClassVar = ("policies", "sources", "flag_kinds")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ordinal = models.PositiveSmallIntegerField(unique=True)
    policies = ArrayField(models.TextField(), default=list, blank=True)
    sources = ArrayField(models.TextField(), default=list, blank=True)
    flag_kinds = ArrayField(models.TextField(), default=list, blank=True)
    severity_from = models.PositiveSmallIntegerField(default=0)
    without_verdict = models.BooleanField(default=False)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="rules")

    class Meta:
        ordering = ("ordinal",)


class Task(models.Model):
    """The thing in a queue. `terms` are the minutes that made its rank; `policy` is the lead verdict's slug."""

    content_free: ClassVar = ("kind", "state", "terms", "policy", "no_verdict_reason", "hold_reason")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="tasks")
    kind = models.TextField(default=TaskKind.FIRST.value, db_collation="C")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="tasks")
    tier = models.PositiveSmallIntegerField(default=5)
    rank_at = models.DateTimeField()
    due_at = models.DateTimeField()
    terms = models.JSONField(default=dict)
    policy = models.TextField(default="", db_collation="C", blank=True)
    severity = models.PositiveSmallIntegerField(default=0)
    no_verdict_reason = models.TextField(default="", blank=True)
    state = models.TextField(default=TaskState.WAITING.value, db_collation="C")
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True)
    reserved = models.BooleanField(default=False)
    lease_until = models.DateTimeField(null=True)
    lease_epoch = models.PositiveIntegerField(default=0)
    hold_until = models.DateTimeField(null=True)
    hold_reason = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=list(TaskState)), name="review_task_state"),
            models.CheckConstraint(condition=Q(kind__in=list(TaskKind)), name="review_task_kind"),
            models.UniqueConstraint(
                fields=["item", "kind"], condition=Q(state__in=OPEN_TASK_STATES), name="review_task_one_open"
            ),
            models.UniqueConstraint(
                fields=["claimed_by"],
                condition=Q(state="claimed", reserved=False),
                name="review_task_one_active",
            ),
            models.UniqueConstraint(
                fields=["claimed_by"],
                condition=Q(state="claimed", reserved=True),
                name="review_task_one_reserved",
            ),
        )
        indexes = (
            models.Index(
                fields=["queue", "tier", "rank_at", "id"],
                condition=Q(state="waiting"),
                name="review_task_next",
            ),
            models.Index(fields=["queue", "due_at"], condition=Q(state="waiting"), name="review_task_due"),
            models.Index(fields=["lease_until"], condition=Q(state="claimed"), name="review_task_lease"),
            models.Index(fields=["hold_until"], condition=Q(state="held"), name="review_task_hold"),
        )


class Skip(models.Model):
    """Somebody passed over a task; it is not served straight back to them."""

    content_free: ClassVar = ()

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="skips")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["person", "at"], name="review_skip_person"),)


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
