"""The first tables of the lab."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("intake", "0001_initial"),
        ("policies", "0001_initial"),
        ("review", "0001_initial"),
        ("screening", "0002_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Study",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.TextField(db_collation="C")),
                ("state", models.TextField(db_collation="C", default="running")),
                ("number", models.PositiveIntegerField()),
                ("hash", models.TextField(blank=True, db_collation="C", default="")),
                ("cases_hash", models.TextField(blank=True, db_collation="C", default="")),
                ("against_number", models.PositiveIntegerField(null=True)),
                ("against_hash", models.TextField(blank=True, db_collation="C", default="")),
                ("signature", models.TextField(blank=True, db_collation="C", default="")),
                ("model", models.TextField(blank=True, default="")),
                ("effort", models.TextField(blank=True, default="")),
                ("repeats", models.PositiveSmallIntegerField(default=1)),
                ("options", models.JSONField(default=dict)),
                ("estimate", models.JSONField(default=dict)),
                (
                    "intended",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("file", models.TextField(blank=True, default="")),
                ("total", models.PositiveIntegerField(default=0)),
                ("asked", models.PositiveIntegerField(default=0)),
                ("answered", models.PositiveIntegerField(default=0)),
                ("report", models.JSONField(null=True)),
                ("failure", models.TextField(blank=True, default="")),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "against",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="policies.version",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="policies.policy"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="screening.run",
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
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="policies.version",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "running")),
                        fields=["started_at"],
                        name="lab_study_running",
                    ),
                    models.Index(fields=["kind", "-started_at"], name="lab_study_list"),
                    models.Index(fields=["version", "kind", "-started_at"], name="lab_study_version"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "try_it",
                                    "gate",
                                    "backtest",
                                    "evaluate",
                                ],
                            )
                        ),
                        name="lab_study_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "running",
                                    "paused",
                                    "done",
                                    "cancelled",
                                    "failed",
                                ],
                            )
                        ),
                        name="lab_study_state",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "gate"), ("state__in", ("running", "paused"))),
                        fields=("version",),
                        name="lab_study_one_gate",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Sample",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("ordinal", models.PositiveIntegerField()),
                ("stratum", models.TextField(db_collation="C")),
                ("blind", models.BooleanField(default=False)),
                ("person_label", models.TextField(blank=True, default="")),
                (
                    "person_sections",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("before_label", models.TextField(blank=True, default="")),
                (
                    "before_sections",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("after_label", models.TextField(blank=True, default="")),
                (
                    "after_sections",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("group", models.TextField(blank=True, db_collation="C", default="")),
                ("case", models.UUIDField(null=True)),
                (
                    "after",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="screening.verdict",
                    ),
                ),
                (
                    "before",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="screening.verdict",
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="review.decision",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="intake.item"
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="samples", to="lab.study"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("group", "")), fields=["study", "ordinal"], name="lab_sample_open"
                    ),
                    models.Index(fields=["study", "group", "ordinal"], name="lab_sample_group"),
                    models.Index(fields=["item"], name="lab_sample_of_item"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("study", "ordinal"), name="lab_sample_ordinal"),
                    models.UniqueConstraint(fields=("study", "item"), name="lab_sample_item"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "stratum__in",
                                [
                                    "decided",
                                    "passed",
                                    "closed_by_machine",
                                ],
                            )
                        ),
                        name="lab_sample_stratum",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EvaluationRow",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("ordinal", models.PositiveIntegerField()),
                ("key", models.TextField(db_collation="C")),
                ("expect", models.TextField()),
                ("section", models.TextField(blank=True, db_collation="C", default="")),
                ("text", models.TextField()),
                ("label", models.TextField(blank=True, default="")),
                (
                    "sections",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("confidence", models.TextField(blank=True, default="")),
                ("rationale", models.TextField(blank=True, default="")),
                ("failure", models.TextField(blank=True, default="")),
                ("prompt_tokens", models.PositiveIntegerField(default=0)),
                ("completion_tokens", models.PositiveIntegerField(default=0)),
                ("cached_tokens", models.PositiveIntegerField(default=0)),
                ("seconds", models.FloatField(default=0)),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="lab.study"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("study", "ordinal"), name="lab_evaluation_row_ordinal"),
                    models.CheckConstraint(
                        condition=models.Q(("expect__in", ["violates", "allowed"])), name="lab_row_expect"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CaseResult",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.UUIDField()),
                ("code", models.TextField(db_collation="C")),
                ("section", models.TextField(db_collation="C")),
                ("expect", models.TextField()),
                (
                    "votes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                (
                    "before",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                (
                    "before_verdict",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="screening.verdict",
                    ),
                ),
                (
                    "verdict",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="screening.verdict",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="case_results",
                        to="lab.study",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("study", "case"), name="lab_case_result_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Handling",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("outcome", models.TextField(db_collation="C")),
                ("case", models.UUIDField(null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="review.decision"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["case", "draft", "not_policy"])),
                        name="lab_handling_outcome",
                    )
                ],
            },
        ),
    ]
