"""The first tables of this room."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids
import reviewapp.insights.rules


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.TextField(db_collation="C")),
                ("format", models.TextField(db_collation="C")),
                ("filters", models.JSONField(default=dict)),
                ("state", models.TextField(db_collation="C", default="queued")),
                ("rows_done", models.BigIntegerField(default=0)),
                ("rows_total", models.BigIntegerField(null=True)),
                ("bytes_done", models.BigIntegerField(default=0)),
                ("cursor", models.JSONField(default=dict)),
                ("sha256", models.TextField(blank=True, default="")),
                ("failure", models.TextField(blank=True, default="")),
                ("lease_until", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_with",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.apikey",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["asked_at"], name="insights_export_asked")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    reviewapp.insights.rules.ExportState["QUEUED"],
                                    reviewapp.insights.rules.ExportState["RUNNING"],
                                    reviewapp.insights.rules.ExportState["DONE"],
                                    reviewapp.insights.rules.ExportState["FAILED"],
                                    reviewapp.insights.rules.ExportState["CANCELLED"],
                                    reviewapp.insights.rules.ExportState["EXPIRED"],
                                ],
                            )
                        ),
                        name="insights_export_state",
                    )
                ],
            },
        ),
    ]
