"""Blind first calls, and who saw verdicts beforehand."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids
import reviewapp.review.rules


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0003_consequences"),
        ("screening", "0002_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="queue",
            name="blind_percent",
            field=models.PositiveSmallIntegerField(db_default=10, default=10),
        ),
        migrations.AddField(
            model_name="task",
            name="blind",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name="BlindCall",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("label", models.TextField(db_collation="C")),
                ("findings", models.JSONField(default=list)),
                ("action", models.TextField(blank=True, db_collation="C", default="")),
                ("reason_code", models.TextField(blank=True, db_collation="C", default="")),
                ("reason", models.TextField(blank=True, default="")),
                ("verdict_label", models.TextField(blank=True, db_collation="C", default="")),
                ("policy", models.TextField(blank=True, db_collation="C", default="")),
                ("confidence", models.TextField(blank=True, db_collation="C", default="")),
                ("same_label", models.BooleanField(null=True)),
                ("same_section", models.BooleanField(null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blind_calls",
                        to="review.task",
                    ),
                ),
                (
                    "verdict",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="screening.verdict",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["policy", "confidence", "-at"], name="review_blindcall_measure"),
                    models.Index(fields=["person", "-at"], name="review_blindcall_person"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "label__in",
                                [
                                    reviewapp.review.rules.Label["VIOLATES"],
                                    reviewapp.review.rules.Label["ALLOWED"],
                                ],
                            )
                        ),
                        name="review_blindcall_label",
                    ),
                    models.UniqueConstraint(fields=("task", "person"), name="review_blindcall_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="VerdictsSeen",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="review.task"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("task", "person"), name="review_seen_once")],
            },
        ),
    ]
