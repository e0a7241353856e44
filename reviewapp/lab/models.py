"""Tables of the lab: a study is one question asked of a version, with one row for each case, item or labelled text."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.intake.models import Item
from reviewapp.lab.rules import OPEN_STATES, Stratum, StudyKind, StudyState
from reviewapp.policies.models import Policy, Version
from reviewapp.review.models import Decision
from reviewapp.screening.models import Run, Verdict


class Study(models.Model):
    """One gate, re-run or evaluation. It keeps number, hash and engine: what it says outlives a discarded draft.

    `answered` of `total` subjects have ended; `options` and `report` hold ids, numbers and closed words only.
    """

    content_free: ClassVar = (
        "kind", "state", "hash", "against_hash", "cases_hash", "signature", "model", "effort", "options", "estimate",
        "report", "failure", "file", "intended",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.TextField(db_collation="C")
    state = models.TextField(default=StudyState.RUNNING.value, db_collation="C")
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(Version, null=True, on_delete=models.SET_NULL, related_name="+")
    number = models.PositiveIntegerField()
    hash = models.TextField(default="", blank=True, db_collation="C")
    cases_hash = models.TextField(default="", blank=True, db_collation="C")
    against = models.ForeignKey(Version, null=True, on_delete=models.SET_NULL, related_name="+")
    against_number = models.PositiveIntegerField(null=True)
    against_hash = models.TextField(default="", blank=True, db_collation="C")
    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="+")
    signature = models.TextField(default="", blank=True, db_collation="C")
    model = models.TextField(default="", blank=True)
    effort = models.TextField(default="", blank=True)
    repeats = models.PositiveSmallIntegerField(default=1)
    options = models.JSONField(default=dict)
    estimate = models.JSONField(default=dict)
    intended = ArrayField(models.TextField(), default=list)
    file = models.TextField(default="", blank=True)
    total = models.PositiveIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)
    report = models.JSONField(null=True)
    failure = models.TextField(default="", blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=list(StudyKind)), name="lab_study_kind"),
            models.CheckConstraint(condition=Q(state__in=list(StudyState)), name="lab_study_state"),
            models.UniqueConstraint(
                fields=["version"], condition=Q(kind="gate", state__in=OPEN_STATES), name="lab_study_one_gate"
            ),
        )
        indexes = (
            models.Index(fields=["started_at"], condition=Q(state="running"), name="lab_study_running"),
            models.Index(fields=["kind", "-started_at"], name="lab_study_list"),
            models.Index(fields=["version", "kind", "-started_at"], name="lab_study_version"),
        )


class CaseResult(models.Model):
    """What a gate found for one case. It keeps code, section and label: the case itself may be edited or removed."""

    content_free: ClassVar = ("code", "section", "expect", "votes", "before")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="case_results")
    case = models.UUIDField()
    code = models.TextField(db_collation="C")
    section = models.TextField(db_collation="C")
    expect = models.TextField()
    votes = ArrayField(models.TextField(), default=list)
    before = ArrayField(models.TextField(), default=list)
    verdict = models.ForeignKey(Verdict, null=True, on_delete=models.SET_NULL, related_name="+")
    before_verdict = models.ForeignKey(Verdict, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["study", "case"], name="lab_case_result_once"),)


class Sample(models.Model):
    """One past item of a re-run: what people said, what the old version said, what the draft says."""

    content_free: ClassVar = (
        "stratum", "person_label", "person_sections", "before_label", "before_sections", "after_label",
        "after_sections", "group",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="samples")
    ordinal = models.PositiveIntegerField()
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    stratum = models.TextField(db_collation="C")
    decision = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="+")
    blind = models.BooleanField(default=False)
    person_label = models.TextField(default="", blank=True)
    person_sections = ArrayField(models.TextField(), default=list)
    before = models.ForeignKey(Verdict, null=True, on_delete=models.SET_NULL, related_name="+")
    before_label = models.TextField(default="", blank=True)
    before_sections = ArrayField(models.TextField(), default=list)
    after = models.ForeignKey(Verdict, null=True, on_delete=models.SET_NULL, related_name="+")
    after_label = models.TextField(default="", blank=True)
    after_sections = ArrayField(models.TextField(), default=list)
    group = models.TextField(default="", blank=True, db_collation="C")
    case = models.UUIDField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["study", "ordinal"], name="lab_sample_ordinal"),
            models.UniqueConstraint(fields=["study", "item"], name="lab_sample_item"),
            models.CheckConstraint(condition=Q(stratum__in=list(Stratum)), name="lab_sample_stratum"),
        )
        indexes = (
            models.Index(fields=["study", "ordinal"], condition=Q(group=""), name="lab_sample_open"),
            models.Index(fields=["study", "group", "ordinal"], name="lab_sample_group"),
            models.Index(fields=["item"], name="lab_sample_of_item"),
        )


class EvaluationRow(models.Model):
    """One labelled text of an evaluation and what the reasoner said. `label` is empty where there is no answer."""

    content_free: ClassVar = ("key", "expect", "section", "label", "sections", "confidence", "failure")
    erasable: ClassVar = ("text", "rationale")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="rows")
    ordinal = models.PositiveIntegerField()
    key = models.TextField(db_collation="C")
    expect = models.TextField()
    section = models.TextField(default="", blank=True, db_collation="C")
    text = models.TextField()
    label = models.TextField(default="", blank=True)
    sections = ArrayField(models.TextField(), default=list)
    confidence = models.TextField(default="", blank=True)
    rationale = models.TextField(default="", blank=True)
    failure = models.TextField(default="", blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    # Where it is judged in a run; none where the command asks by itself.
    judgement = models.UUIDField(null=True)
    case = models.UUIDField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["study", "ordinal"], name="lab_evaluation_row_ordinal"),
            models.CheckConstraint(condition=Q(expect__in=["violates", "allowed"]), name="lab_row_expect"),
        )
        indexes = (
            models.Index(
                fields=["study", "ordinal"], condition=Q(label="", failure=""), name="lab_evaluation_row_open"
            ),
        )


class Handling(models.Model):
    """What somebody did about one override in the inbox."""

    content_free: ClassVar = ("outcome",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="+")
    outcome = models.TextField(db_collation="C")
    case = models.UUIDField(null=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(outcome__in=["case", "draft", "not_policy"]), name="lab_handling_outcome"
            ),
        )
