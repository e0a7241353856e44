"""Tables of policies: a version is one text, frozen by its hash from `proposed` on."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.policies.rules import VersionState
from reviewapp.policies.rules_cases import Standing, Way
from reviewapp.policies.rules_gate import Outcome, WaiverKind


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
        "state", "title", "language", "effort", "applies", "source", "model_text", "hash", "change_note", "cases_hash",
        "gate_hash", "gate",
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
    # Whose saves the audit log may not know yet, up to which one it knows them, and since when.
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    told_saves = models.PositiveIntegerField(default=0)
    told_at = models.DateTimeField(db_default=Now())
    # Over the cases that the approver signs; `gate_hash` binds text, effort, cases and targets together.
    cases_hash = models.TextField(db_collation="C", default="", blank=True)
    gate_hash = models.TextField(db_collation="C", default="", blank=True)
    # What let it into force (rules_gate.Entry); empty before that.
    gate = models.TextField(default="", blank=True)
    gate_waived = models.BooleanField(default=False)
    # An emergency publication has to be gated by then; cleared by a passing report.
    gate_due_at = models.DateTimeField(null=True)
    publish_at = models.DateTimeField(null=True)
    scheduled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # The version whose text it started from.
    origin = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
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
    # Who writes in the draft now; the hold lapses by itself when their page is gone.
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    held_until = models.DateTimeField(null=True)
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


class TypedCopy(models.Model):
    """What somebody had typed when a save was refused: kept until they take it back or let it go."""

    content_free: ClassVar = ("source", "note")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="typed_copies")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    source = models.TextField()
    note = models.TextField(default="", blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=["version", "person"], name="policies_one_typed_copy"),)


class Section(models.Model):
    """One section of a version: `model_text` is sent, `guidance` is for reviewers, `public` for author and reporter."""

    content_free: ClassVar = (
        "code", "title", "response", "model_text", "guidance", "public", "public_in", "violating_examples", "allowed_examples",
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
    # Public text in other languages, by language code.
    public_in = models.JSONField(default=dict, blank=True)
    # Percent that the gate has to prove with a one-sided 95 % lower bound; none where nobody set one.
    recall_target = models.FloatField(null=True)
    precision_target = models.FloatField(null=True)
    violating_examples = ArrayField(models.TextField(), default=list)
    allowed_examples = ArrayField(models.TextField(), default=list)

    class Meta:
        ordering = ("ordinal",)
        constraints = (
            models.UniqueConstraint(fields=["version", "code"], name="policies_section_code"),
            models.CheckConstraint(condition=Q(severity__range=(1, 4)), name="policies_section_severity"),
        )


class Case(models.Model):
    """One wording of a test, never changed: a text and the label it must get. An edit is a new row with the same code.

    `origin_item` ties a copied text to its erasure.
    """

    content_free: ClassVar = ("code", "section", "expect", "way", "standing", "reason")
    erasable: ClassVar = ("text", "note")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="cases")
    code = models.TextField(db_collation="C")
    revision = models.PositiveIntegerField(default=1)
    section = models.TextField(db_collation="C")
    text = models.TextField()
    expect = models.TextField()
    note = models.TextField(default="", blank=True)
    way = models.TextField(default=Way.FILE.value)
    standing = models.TextField(default=Standing.TAKEN.value)
    # Why it was changed; empty for a first wording.
    reason = models.TextField(default="", blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    origin_item = models.UUIDField(null=True, db_index=True)
    erased = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = (
            models.Index(fields=["policy"], condition=~Q(standing="taken"), name="policies_case_not_taken"),
        )
        constraints = (
            models.UniqueConstraint(fields=["policy", "code", "revision"], name="policies_case_revision"),
            models.CheckConstraint(
                condition=Q(expect__in=["violates", "allowed"]), name="policies_case_expect"
            ),
            models.CheckConstraint(condition=Q(way__in=list(Way)), name="policies_case_way"),
            models.CheckConstraint(condition=Q(standing__in=list(Standing)), name="policies_case_standing"),
        )


class CaseList(models.Model):
    """Which wordings test a version: one array, so that 200 versions of 5,000 cases stay 200 rows."""

    version = models.OneToOneField(
        Version, primary_key=True, on_delete=models.CASCADE, related_name="case_list"
    )
    cases = ArrayField(models.UUIDField(), default=list)


class GateReport(models.Model):
    """What one gate run found about a text with its cases (`gate_hash`) under one engine; a change of either makes it stale."""

    content_free: ClassVar = ("gate_hash", "engine", "model", "outcome", "sections", "blockers")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="gate_reports")
    gate_hash = models.TextField(db_collation="C")
    engine = models.TextField(db_collation="C")
    model = models.TextField(default="", blank=True)
    outcome = models.TextField()
    sections = models.JSONField(default=list)
    blockers = models.JSONField(default=list)
    case_count = models.PositiveIntegerField(default=0)
    repeats = models.PositiveSmallIntegerField(default=1)
    run = models.UUIDField(unique=True)
    at = models.DateTimeField(db_default=Now())
    gaps_signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    gaps_signed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["version", "-at"], name="policies_gate_version"),)
        constraints = (
            models.CheckConstraint(condition=Q(outcome__in=list(Outcome)), name="policies_gate_outcome"),
        )


class GateWaiver(models.Model):
    """Two people let a text past the gate, for a reason: one asks, another grants. Bound to the text with its cases."""

    content_free: ClassVar = ("gate_hash", "kind", "reason")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="waivers")
    gate_hash = models.TextField(db_collation="C")
    kind = models.TextField()
    reason = models.TextField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["version", "gate_hash"], name="policies_one_waiver"),
            models.CheckConstraint(condition=Q(kind__in=list(WaiverKind)), name="policies_waiver_kind"),
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True) | ~Q(granted_by=models.F("asked_by")),
                name="policies_waiver_two_people",
            ),
        )


class EngineInForce(models.Model):
    """The identity of the engine that judges live items, as the upper rooms told it: one row, or none before the first."""

    content_free: ClassVar = ("engine",)

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    engine = models.TextField(db_collation="C")
    since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="policies_one_engine"),)
