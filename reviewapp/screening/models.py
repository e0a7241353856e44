"""Tables of what machines said. A result is written only by the holder of the judgement's current lease epoch."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reviewapp.ids import new_id
from reviewapp.intake.models import Item
from reviewapp.policies.models import Case, Policy, Version
from reviewapp.screening.rules import JudgementState, Route, RunKind
from reviewapp.screening.rules_canary import CanaryState
from reviewapp.screening.rules_line import Lane
from reviewapp.screening.rules_runs import RunState

EXACTLY_ONE_SUBJECT = (
    Q(item__isnull=False, case__isnull=True, text__isnull=True)
    | Q(item__isnull=True, case__isnull=False, text__isnull=True)
    | Q(item__isnull=True, case__isnull=True, text__isnull=False)
)


class ScreeningSettings(models.Model):
    """The one row of switches of this room: the prefilter's, the price of an engine, second looks and the canary."""

    id = models.BooleanField(primary_key=True, default=True)
    send_everything_on = models.BooleanField(default=False)
    sample_share = models.FloatField(default=0.02)
    engine_hour_price = models.FloatField(default=0)
    second_look_on = models.BooleanField(default=True)
    second_look_severity = models.PositiveSmallIntegerField(default=4)
    second_look_doubtful = models.BooleanField(default=True)
    second_look_times = models.PositiveSmallIntegerField(default=3)
    escalate_on = models.BooleanField(default=True)
    canary_share = models.FloatField(default=0.1)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(id=True), name="screening_settings_one"),
            models.CheckConstraint(condition=Q(sample_share__range=(0, 1)), name="screening_settings_share"),
            models.CheckConstraint(
                condition=Q(second_look_severity__range=(1, 5), second_look_times__range=(2, 5)),
                name="screening_settings_looks",
            ),
            models.CheckConstraint(condition=Q(canary_share__range=(0, 1)), name="screening_settings_canary"),
        )


class Score(models.Model):
    """What the prefilter said of an item. Partitioned by month of `scored_at`; no model text, only numbers."""

    content_free: ClassVar = ("model", "heads", "over", "route", "why")

    pk = models.CompositePrimaryKey("item_id", "scored_at")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="scores", db_index=False)
    scored_at = models.DateTimeField()
    model = models.TextField(db_collation="C")
    risk = models.FloatField(null=True)
    heads = models.JSONField(default=dict)
    over = ArrayField(models.TextField(), default=list)
    route = models.TextField(db_collation="C")
    why = models.TextField(db_collation="C")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(route__in=list(Route)), name="screening_score_route"),
        )


class Engine(models.Model):
    """One identity of a reasoner: what it said it was when it was asked. A changed answer is another engine.

    `signature` is that of model, version and context; after a colon that of the fingerprint of its answers, which
    stands for its flags and is known only after the first answer.
    """

    content_free: ClassVar = ("signature", "model", "fingerprint", "version")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    signature = models.TextField(unique=True, db_collation="C")
    model = models.TextField()
    fingerprint = models.TextField(default="", blank=True)
    version = models.TextField(default="", blank=True)
    max_model_len = models.PositiveIntegerField(default=0)
    practice = models.BooleanField(default=False)
    first_seen_at = models.DateTimeField(db_default=Now())


class Circuit(models.Model):
    """The fuse of one configured endpoint, by its place in REASONER_URL, and what its pump last saw.

    `paused`: nothing is claimed for it; `dropping`: what is in flight is given back too; `paused_until` ends it.
    """

    content_free: ClassVar = ("state", "reason", "paused_reason", "address")

    endpoint = models.PositiveSmallIntegerField(primary_key=True)
    address = models.TextField(default="", blank=True)
    engine = models.ForeignKey(Engine, null=True, on_delete=models.PROTECT, related_name="+")
    engine_since = models.DateTimeField(null=True)
    state = models.TextField(default="closed", db_collation="C")
    reason = models.TextField(default="", blank=True)
    failures = models.PositiveIntegerField(default=0)
    probes = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    paused = models.BooleanField(default=False)
    paused_reason = models.TextField(default="", blank=True)
    paused_until = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    dropping = models.BooleanField(default=False)
    in_flight = models.PositiveIntegerField(default=0)
    window = models.PositiveIntegerField(default=0)
    verdicts_per_second = models.FloatField(default=0)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["closed", "open", "half_open"]), name="screening_circuit"
            ),
        )


class EngineMinute(models.Model):
    """What the pump of one endpoint did in one minute; `busy_seconds` is the time with a call in flight."""

    pk = models.CompositePrimaryKey("endpoint", "minute")
    endpoint = models.PositiveSmallIntegerField()
    minute = models.DateTimeField()
    verdicts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    cached_tokens = models.PositiveBigIntegerField(default=0)
    busy_seconds = models.FloatField(default=0)

    class Meta:
        indexes = (models.Index(fields=["minute"], name="screening_minute_at"),)


class Run(models.Model):
    """Why a set of judgements exists. There is one live run, and it never ends.

    `engine` set: only endpoints with that engine's model claim (a canary: only that very engine). `asked_all`: nothing
    will be added any more, so it is done when the last judgement ends. `title` names it on screens, without content.
    """

    content_free: ClassVar = ("kind", "effort", "state", "title")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.TextField(db_collation="C")
    title = models.TextField(default="", blank=True)
    state = models.TextField(default=RunState.RUNNING.value, db_collation="C")
    asked_all = models.BooleanField(default=False)
    effort = models.TextField(default="", blank=True)
    engine = models.ForeignKey(Engine, null=True, on_delete=models.PROTECT, related_name="+")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=list(RunKind)), name="screening_run_kind"),
            models.CheckConstraint(condition=Q(state__in=list(RunState)), name="screening_run_state"),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="live"), name="screening_run_one_live"),
            models.UniqueConstraint(
                fields=["effort", "engine"],
                condition=Q(kind="second_look", started_by=None),
                nulls_distinct=False,
                name="screening_run_one_second_look",
            ),
        )


class Judgement(models.Model):
    """One question to the reasoner: one subject under one version in one run.

    The counts say why it was tried again: a crash is counted when the holder is found dead or the lease lapses, the rest
    when the answer is read. `held_by` is the place of the pump that leased it last; empty for anybody else.
    `lane` and `rank_at` are its place in the line. `policy_hash` pins the text that was asked about, where the version
    may still change; empty: the version's own.
    """

    content_free: ClassVar = ("state", "failure_kind", "failure_reason", "policy_hash")
    erasable: ClassVar = ("text",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="judgements")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, null=True, on_delete=models.PROTECT, related_name="judgements")
    case = models.ForeignKey(Case, null=True, on_delete=models.CASCADE, related_name="+")
    text = models.TextField(null=True)  # noqa: DJ001  an empty text is a subject too
    replica = models.PositiveSmallIntegerField(default=0)
    state = models.TextField(default=JudgementState.PENDING.value, db_collation="C")
    priority = models.SmallIntegerField(default=100)
    lane = models.SmallIntegerField(default=Lane.LIVE.value)
    rank_at = models.DateTimeField(db_default=Now())
    policy_hash = models.TextField(default="", blank=True, db_collation="C")
    not_before = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_epoch = models.PositiveIntegerField(default=0)
    held_by = models.PositiveSmallIntegerField(null=True)
    crashes = models.PositiveSmallIntegerField(default=0)
    timeouts = models.PositiveSmallIntegerField(default=0)
    transients = models.PositiveSmallIntegerField(default=0)
    invalids = models.PositiveSmallIntegerField(default=0)
    failure_kind = models.TextField(default="", db_collation="C", blank=True)
    failure_reason = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=list(JudgementState)), name="screening_judgement_state"
            ),
            models.CheckConstraint(condition=EXACTLY_ONE_SUBJECT, name="screening_judgement_subject"),
            models.CheckConstraint(condition=Q(lane__in=list(Lane)), name="screening_judgement_lane"),
            models.UniqueConstraint(
                fields=["item", "version", "run", "replica"], name="screening_judgement_item"
            ),
            models.UniqueConstraint(
                fields=["case", "version", "run", "replica"], name="screening_judgement_case"
            ),
        )
        indexes = (
            models.Index(
                fields=["lane", "run", "version", "rank_at", "id"],
                condition=Q(state="pending"),
                name="screening_judgement_line",
            ),
            models.Index(
                fields=["rank_at", "id"],
                condition=Q(state="pending", crashes__gte=1),
                name="screening_judgement_crashed",
            ),
            models.Index(
                fields=["run"],
                condition=Q(state__in=["pending", "leased"]),
                name="screening_judgement_open",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state="leased"), name="screening_judgement_lease"
            ),
            models.Index(fields=["done_at"], condition=Q(state="failed"), name="screening_judgement_failed"),
        )


class Verdict(models.Model):
    """What the reasoner answered, checked: known sections only, quotes word for word. At most one a judgement."""

    content_free: ClassVar = (
        "label", "confidence", "sections", "unknown_sections", "model", "effort", "prompt_hash", "policy_hash",
    )  # fmt: skip
    erasable: ClassVar = ("evidence_for", "evidence_against", "rationale", "reasoning", "raw")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # A case that its policy no longer has takes its lab results with it; items are never deleted.
    judgement = models.OneToOneField(Judgement, on_delete=models.CASCADE, related_name="verdict")
    item = models.ForeignKey(Item, null=True, on_delete=models.PROTECT, related_name="verdicts")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    engine = models.ForeignKey(Engine, on_delete=models.PROTECT, related_name="+")
    label = models.TextField(db_collation="C")
    confidence = models.TextField(db_collation="C")
    sections = ArrayField(models.TextField(), default=list)
    unknown_sections = ArrayField(models.TextField(), default=list)
    evidence_for = ArrayField(models.TextField(), default=list)
    evidence_against = ArrayField(models.TextField(), default=list)
    dropped_quotes = models.PositiveSmallIntegerField(default=0)
    rationale = models.TextField(default="", blank=True)
    reasoning = models.TextField(default="", blank=True)
    raw = models.TextField(default="", blank=True)
    injection_suspected = models.BooleanField(default=False)
    model = models.TextField()
    effort = models.TextField(default="", blank=True)
    prompt_hash = models.TextField(db_collation="C")
    policy_hash = models.TextField(db_collation="C")
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    endpoint = models.PositiveSmallIntegerField(null=True)
    # An item longer than the context is judged in parts; the finding is about these characters of it, from and to.
    parts = models.PositiveSmallIntegerField(default=1)
    place = ArrayField(models.PositiveIntegerField(), size=2, null=True)
    lease_epoch = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(label__in=["violates", "allowed", "unsure"]), name="screening_verdict_label"
            ),
            models.CheckConstraint(
                condition=Q(confidence__in=["low", "medium", "high"]), name="screening_verdict_confidence"
            ),
        )
        indexes = (models.Index(fields=["at", "id"], name="screening_verdict_at"),)


class UnreadAnswer(models.Model):
    """What an engine last sent for a judgement in place of a verdict that could be read, at most 32 KiB of it.

    It may repeat the question, and so the item: people read it where they read the item, API keys never.
    """

    erasable: ClassVar = ("raw",)

    judgement = models.OneToOneField(
        Judgement, primary_key=True, on_delete=models.CASCADE, related_name="unread"
    )
    raw = models.TextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["at"], name="screening_unread_at"),)


class CurrentVerdict(models.Model):
    """The verdict that screens show for an item and a policy; written only by live and second-look runs."""

    pk = models.CompositePrimaryKey("item_id", "policy_id")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="current_verdicts")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    verdict = models.ForeignKey(Verdict, on_delete=models.PROTECT, related_name="+")


class Stability(models.Model):
    """What second looks at an item under a version came to: how many verdicts there are, how many agree with the lead.

    `sections` are those of the first verdict, so that instability can be told by section.
    """

    content_free: ClassVar = ("sections",)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="stabilities")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    looks = models.PositiveSmallIntegerField()
    agree = models.PositiveSmallIntegerField()
    unstable = models.BooleanField()
    escalated = models.BooleanField(default=False)
    sections = ArrayField(models.TextField(), default=list)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["item", "version"], name="screening_stability_item"),
            models.CheckConstraint(
                condition=Q(agree__lte=models.F("looks")), name="screening_stability_agree"
            ),
        )
        indexes = (models.Index(fields=["at"], name="screening_stability_at"),)


class Canary(models.Model):
    """One run of the golden set on a new engine: how many answers changed against the one accepted before it.

    A finished canary that passed or was accepted is what the next one is compared with.
    """

    content_free: ClassVar = ("state", "accepted_reason")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    engine = models.ForeignKey(Engine, on_delete=models.PROTECT, related_name="canaries")
    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="canary")
    against = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    state = models.TextField(default=CanaryState.RUNNING.value, db_collation="C")
    total = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unanswered = models.PositiveIntegerField(default=0)
    as_expected = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    accepted_reason = models.TextField(default="", blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=list(CanaryState)), name="screening_canary_state"),
        )
        indexes = (models.Index(fields=["engine", "-started_at"], name="screening_canary_engine"),)
