"""The feeding of several engines: pauses, figures by the minute, second looks, canaries."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0002_fewer_indexes"),
        ("policies", "0003_case_lists"),
        ("screening", "0002_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Canary",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("state", models.TextField(db_collation="C", default="running")),
                ("total", models.PositiveIntegerField(default=0)),
                ("changed", models.PositiveIntegerField(default=0)),
                ("unanswered", models.PositiveIntegerField(default=0)),
                ("as_expected", models.PositiveIntegerField(default=0)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
                ("accepted_at", models.DateTimeField(null=True)),
                ("accepted_reason", models.TextField(blank=True, default="")),
            ],
        ),
        migrations.CreateModel(
            name="EngineMinute",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "endpoint", "minute", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("endpoint", models.PositiveSmallIntegerField()),
                ("minute", models.DateTimeField()),
                ("verdicts", models.PositiveIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("prompt_tokens", models.PositiveBigIntegerField(default=0)),
                ("completion_tokens", models.PositiveBigIntegerField(default=0)),
                ("cached_tokens", models.PositiveBigIntegerField(default=0)),
                ("busy_seconds", models.FloatField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["minute"], name="screening_minute_at"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Stability",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("looks", models.PositiveSmallIntegerField()),
                ("agree", models.PositiveSmallIntegerField()),
                ("unstable", models.BooleanField()),
                ("escalated", models.BooleanField(default=False)),
                (
                    "sections",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddField(
            model_name="circuit",
            name="address",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="circuit",
            name="dropping",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="circuit",
            name="engine_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="circuit",
            name="paused_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="circuit",
            name="paused_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="circuit",
            name="paused_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="screeningsettings",
            name="canary_share",
            field=models.FloatField(default=0.1),
        ),
        migrations.AddField(
            model_name="screeningsettings",
            name="engine_hour_price",
            field=models.FloatField(default=0),
        ),
        migrations.AddField(
            model_name="screeningsettings",
            name="escalate_on",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="screeningsettings",
            name="second_look_doubtful",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="screeningsettings",
            name="second_look_on",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="screeningsettings",
            name="second_look_severity",
            field=models.PositiveSmallIntegerField(default=4),
        ),
        migrations.AddField(
            model_name="screeningsettings",
            name="second_look_times",
            field=models.PositiveSmallIntegerField(default=3),
        ),
        migrations.AddField(
            model_name="verdict",
            name="endpoint",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="verdict",
            name="parts",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="verdict",
            name="place",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveIntegerField(), null=True, size=2
            ),
        ),
        migrations.AddIndex(
            model_name="judgement",
            index=models.Index(
                condition=models.Q(("crashes__gte", 2), ("state", "pending")),
                fields=["rank_at", "id"],
                name="screening_judgement_suspect",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "second_look"), ("started_by", None)),
                fields=("effort", "engine"),
                name="screening_run_one_second_look",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("second_look_severity__range", (1, 5)), ("second_look_times__range", (2, 5))
                ),
                name="screening_settings_looks",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("canary_share__range", (0, 1))), name="screening_settings_canary"
            ),
        ),
        migrations.AddField(
            model_name="canary",
            name="accepted_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="canary",
            name="against",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="screening.canary",
            ),
        ),
        migrations.AddField(
            model_name="canary",
            name="engine",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="canaries", to="screening.engine"
            ),
        ),
        migrations.AddField(
            model_name="canary",
            name="run",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="canary", to="screening.run"
            ),
        ),
        migrations.AddField(
            model_name="stability",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="stabilities", to="intake.item"
            ),
        ),
        migrations.AddField(
            model_name="stability",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.version"
            ),
        ),
        migrations.AddIndex(
            model_name="canary",
            index=models.Index(fields=["engine", "-started_at"], name="screening_canary_engine"),
        ),
        migrations.AddConstraint(
            model_name="canary",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["running", "passed", "alarm", "accepted"])),
                name="screening_canary_state",
            ),
        ),
        migrations.AddIndex(
            model_name="stability",
            index=models.Index(fields=["at"], name="screening_stability_at"),
        ),
        migrations.AddConstraint(
            model_name="stability",
            constraint=models.UniqueConstraint(fields=("item", "version"), name="screening_stability_item"),
        ),
        migrations.AddConstraint(
            model_name="stability",
            constraint=models.CheckConstraint(
                condition=models.Q(("agree__lte", models.F("looks"))), name="screening_stability_agree"
            ),
        ),
    ]
