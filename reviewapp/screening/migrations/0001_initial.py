"""The first tables of this room."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids
import reviewapp.screening.rules
from reviewapp.audit import partitions


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("intake", "0001_initial"),
        ("policies", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Engine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("signature", models.TextField(db_collation="C", unique=True)),
                ("model", models.TextField()),
                ("fingerprint", models.TextField(blank=True, default="")),
                ("version", models.TextField(blank=True, default="")),
                ("max_model_len", models.PositiveIntegerField(default=0)),
                ("practice", models.BooleanField(default=False)),
                ("first_seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.TextField(db_collation="C")),
                ("effort", models.TextField(blank=True, default="")),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "engine",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="screening.engine",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    reviewapp.screening.rules.RunKind["LIVE"],
                                    reviewapp.screening.rules.RunKind["SECOND_LOOK"],
                                    reviewapp.screening.rules.RunKind["GATE"],
                                    reviewapp.screening.rules.RunKind["BACKTEST"],
                                    reviewapp.screening.rules.RunKind["TRY_IT"],
                                    reviewapp.screening.rules.RunKind["EVALUATE"],
                                    reviewapp.screening.rules.RunKind["CANARY"],
                                ],
                            )
                        ),
                        name="screening_run_kind",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "live")), fields=("kind",), name="screening_run_one_live"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Judgement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("text", models.TextField(null=True)),
                ("replica", models.PositiveSmallIntegerField(default=0)),
                ("state", models.TextField(db_collation="C", default="pending")),
                ("priority", models.SmallIntegerField(default=100)),
                ("not_before", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("lease_epoch", models.PositiveIntegerField(default=0)),
                ("crashes", models.PositiveSmallIntegerField(default=0)),
                ("timeouts", models.PositiveSmallIntegerField(default=0)),
                ("transients", models.PositiveSmallIntegerField(default=0)),
                ("invalids", models.PositiveSmallIntegerField(default=0)),
                ("failure_kind", models.TextField(blank=True, db_collation="C", default="")),
                ("failure_reason", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="policies.case",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judgements",
                        to="intake.item",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.version"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judgements",
                        to="screening.run",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["priority", "created_at", "id"],
                        name="screening_judgement_next",
                    ),
                    models.Index(
                        condition=models.Q(("state", "leased")),
                        fields=["lease_until"],
                        name="screening_judgement_lease",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    reviewapp.screening.rules.JudgementState["PENDING"],
                                    reviewapp.screening.rules.JudgementState["LEASED"],
                                    reviewapp.screening.rules.JudgementState["DONE"],
                                    reviewapp.screening.rules.JudgementState["FAILED"],
                                ],
                            )
                        ),
                        name="screening_judgement_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("case__isnull", True), ("item__isnull", False), ("text__isnull", True)),
                            models.Q(("case__isnull", False), ("item__isnull", True), ("text__isnull", True)),
                            models.Q(("case__isnull", True), ("item__isnull", True), ("text__isnull", False)),
                            _connector="OR",
                        ),
                        name="screening_judgement_subject",
                    ),
                    models.UniqueConstraint(
                        fields=("item", "version", "run", "replica"), name="screening_judgement_item"
                    ),
                    models.UniqueConstraint(
                        fields=("case", "version", "run", "replica"), name="screening_judgement_case"
                    ),
                ],
            },
        ),
        partitions.CreatePartitionedModel(
            name="Score",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "item_id", "scored_at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("scored_at", models.DateTimeField()),
                ("model", models.TextField(db_collation="C")),
                ("risk", models.FloatField(null=True)),
                ("heads", models.JSONField(default=dict)),
                (
                    "over",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("route", models.TextField(db_collation="C")),
                ("why", models.TextField(db_collation="C")),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scores",
                        to="intake.item",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScreeningSettings",
            fields=[
                ("id", models.BooleanField(default=True, primary_key=True, serialize=False)),
                ("send_everything_on", models.BooleanField(default=False)),
                ("sample_share", models.FloatField(default=0.02)),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", True)), name="screening_settings_one"),
                    models.CheckConstraint(
                        condition=models.Q(("sample_share__range", (0, 1))), name="screening_settings_share"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Verdict",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("label", models.TextField(db_collation="C")),
                ("confidence", models.TextField(db_collation="C")),
                (
                    "sections",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                (
                    "unknown_sections",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                (
                    "evidence_for",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                (
                    "evidence_against",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("dropped_quotes", models.PositiveSmallIntegerField(default=0)),
                ("rationale", models.TextField(blank=True, default="")),
                ("reasoning", models.TextField(blank=True, default="")),
                ("raw", models.TextField(blank=True, default="")),
                ("injection_suspected", models.BooleanField(default=False)),
                ("model", models.TextField()),
                ("effort", models.TextField(blank=True, default="")),
                ("prompt_hash", models.TextField(db_collation="C")),
                ("policy_hash", models.TextField(db_collation="C")),
                ("prompt_tokens", models.PositiveIntegerField(default=0)),
                ("completion_tokens", models.PositiveIntegerField(default=0)),
                ("cached_tokens", models.PositiveIntegerField(default=0)),
                ("seconds", models.FloatField(default=0)),
                ("lease_epoch", models.PositiveIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "engine",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="screening.engine"
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="verdicts",
                        to="intake.item",
                    ),
                ),
                (
                    "judgement",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="verdict",
                        to="screening.judgement",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.version"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["at", "id"], name="screening_verdict_at"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("label__in", ["violates", "allowed", "unsure"])),
                        name="screening_verdict_label",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("confidence__in", ["low", "medium", "high"])),
                        name="screening_verdict_confidence",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CurrentVerdict",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "item_id", "policy_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="current_verdicts",
                        to="intake.item",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.policy"
                    ),
                ),
                (
                    "verdict",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="screening.verdict"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Circuit",
            fields=[
                ("endpoint", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("state", models.TextField(db_collation="C", default="closed")),
                ("reason", models.TextField(blank=True, default="")),
                ("failures", models.PositiveIntegerField(default=0)),
                ("probes", models.PositiveSmallIntegerField(default=0)),
                ("opened_at", models.DateTimeField(null=True)),
                ("retry_at", models.DateTimeField(null=True)),
                ("paused", models.BooleanField(default=False)),
                ("paused_reason", models.TextField(blank=True, default="")),
                ("in_flight", models.PositiveIntegerField(default=0)),
                ("window", models.PositiveIntegerField(default=0)),
                ("verdicts_per_second", models.FloatField(default=0)),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "engine",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="screening.engine",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["closed", "open", "half_open"])),
                        name="screening_circuit",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="score",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "route__in",
                        [
                            reviewapp.screening.rules.Route["PASS"],
                            reviewapp.screening.rules.Route["REASON"],
                            reviewapp.screening.rules.Route["PEOPLE"],
                        ],
                    )
                ),
                name="screening_score_route",
            ),
        ),
    ]
