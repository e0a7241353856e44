"""Runs that are started, paused and cancelled, and the line with its lanes."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0001_initial"),
        ("policies", "0001_initial"),
        ("screening", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="judgement",
            name="screening_judgement_next",
        ),
        migrations.AddField(
            model_name="judgement",
            name="lane",
            field=models.SmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="judgement",
            name="policy_hash",
            field=models.TextField(blank=True, db_collation="C", default=""),
        ),
        migrations.AddField(
            model_name="judgement",
            name="rank_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.RunSQL(
            # What waits keeps its place: three seconds of waiting a priority point.
            "UPDATE screening_judgement SET rank_at = created_at + priority * interval '3 s' WHERE state = 'pending'",
            migrations.RunSQL.noop,
        ),
        migrations.AddField(
            model_name="run",
            name="asked_all",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="run",
            name="finished_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="state",
            field=models.TextField(db_collation="C", default="running"),
        ),
        migrations.AddField(
            model_name="run",
            name="title",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AlterField(
            model_name="verdict",
            name="judgement",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="verdict", to="screening.judgement"
            ),
        ),
        migrations.AddIndex(
            model_name="judgement",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["lane", "run", "version", "rank_at", "id"],
                name="screening_judgement_line",
            ),
        ),
        migrations.AddIndex(
            model_name="judgement",
            index=models.Index(
                condition=models.Q(("state__in", ["pending", "leased"])),
                fields=["run"],
                name="screening_judgement_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="judgement",
            constraint=models.CheckConstraint(
                condition=models.Q(("lane__in", [0, 1, 2, 3, 4, 5, 6])), name="screening_judgement_lane"
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["running", "paused", "done", "cancelled"])),
                name="screening_run_state",
            ),
        ),
    ]
