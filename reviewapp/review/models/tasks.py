"""Tables of tasks: who works on what, for how long, and what they typed or noted meanwhile."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review.models.queues import Queue
from reviewapp.review.rules import OPEN_TASK_STATES, NoteKind, TaskKind, TaskState, UnsentForm


class Task(models.Model):
    """The thing in a queue. `terms` are the minutes that made its rank; `policy` is the lead verdict's slug.

    `language` is the base that its readers are found by: of what was sent, else detected; `und` is for everybody.
    """

    content_free: ClassVar = (
        "kind", "state", "terms", "policy", "no_verdict_reason", "hold_reason", "language",
    )  # fmt: skip

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
    language = models.TextField(default="und", db_default="und", db_collation="C")
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
    hold_returns = models.BooleanField(default=False, db_default=False)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    assigned_until = models.DateTimeField(null=True)
    answers = models.ForeignKey(
        "review.Decision", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    blind = models.BooleanField(default=False, db_default=False)
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
            models.Index(
                fields=["queue", "language", "tier", "rank_at", "id"],
                condition=Q(state="waiting"),
                name="review_task_next_spoken",
            ),
            models.Index(
                fields=["queue", "language", "due_at", "id"],
                condition=Q(state="waiting"),
                name="review_task_due_spoken",
            ),
            # Next to empty: what was past its target when it came, found by when it came.
            models.Index(
                fields=["created_at"],
                condition=Q(state="waiting", due_at__lte=F("created_at")),
                name="review_task_born_late",
            ),
            models.Index(fields=["lease_until"], condition=Q(state="claimed"), name="review_task_lease"),
            models.Index(
                fields=["assigned_to", "queue"],
                condition=Q(state="waiting", assigned_to__isnull=False),
                name="review_task_assigned",
            ),
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


class Draft(models.Model):
    """What somebody typed into the form of a task and has not sent; one a person and task, gone with the decision."""

    content_free: ClassVar = ("section", "other", "action", "exception", "reason_code")
    erasable: ClassVar = ("reason", "days", "territories", "review_on")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="drafts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    section = models.TextField(default="", blank=True)
    other = models.TextField(default="", blank=True)
    action = models.TextField(default="", blank=True)
    days = models.TextField(default="", blank=True)
    territories = models.TextField(default="", blank=True)
    exception = models.TextField(default="", blank=True)
    review_on = models.TextField(default="", blank=True)
    reason_code = models.TextField(default="", blank=True)
    reason = models.TextField(default="", blank=True)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["task", "person"], name="review_draft_once"),)


class Unsent(models.Model):
    """A note or a case that somebody typed on an item and has not sent; one a person, item and form, gone when it is sent."""

    content_free: ClassVar = ("form",)
    erasable: ClassVar = ("typed",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="unsent")
    form = models.TextField(db_collation="C")
    typed = models.JSONField()
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["item", "person", "form"], name="review_unsent_once"),
            models.CheckConstraint(condition=Q(form__in=list(UnsentForm)), name="review_unsent_form"),
        )


class Note(models.Model):
    """What somebody wrote on an item for the people after them; `mentions` are people who were told."""

    content_free: ClassVar = ("kind", "section")
    erasable: ClassVar = ("text",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="notes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField(default=NoteKind.NOTE.value, db_collation="C")
    text = models.TextField()
    mentions = ArrayField(models.UUIDField(), default=list)
    version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    section = models.TextField(default="", db_collation="C", blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(kind__in=list(NoteKind)), name="review_note_kind"),)
        indexes = (models.Index(fields=["item", "at"], name="review_note_item"),)


class Stay(models.Model):
    """How long one claim was held and how much of it somebody worked; kept 90 days, outside the audit log."""

    content_free: ClassVar = ()

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="stays")
    epoch = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    active_seconds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["task", "epoch"], name="review_stay_once"),)
        indexes = (models.Index(fields=["person", "seen_at"], name="review_stay_person"),)
