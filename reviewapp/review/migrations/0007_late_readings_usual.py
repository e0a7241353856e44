"""Until when leads were told of late items, who read which change of a policy, what is usual for a section."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0002_fewer_indexes"),
        ("policies", "0004_holds_and_typed_copies"),
        ("review", "0006_routing"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PolicyReading",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="SectionUsual",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("policy", models.TextField(db_collation="C")),
                ("section", models.TextField(db_collation="C")),
                ("action", models.TextField(blank=True, db_collation="C", default="")),
                ("reason_code", models.TextField(blank=True, db_collation="C", default="")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("policy", "section"), name="review_usual_once"),
                ],
            },
        ),
        migrations.AddField(
            model_name="queue",
            name="late_told_until",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("due_at__lte", models.F("created_at")), ("state", "waiting")),
                fields=["created_at"],
                name="review_task_born_late",
            ),
        ),
        migrations.AddField(
            model_name="policyreading",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="policyreading",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="readings", to="policies.version"
            ),
        ),
        migrations.AddConstraint(
            model_name="policyreading",
            constraint=models.UniqueConstraint(fields=("person", "version"), name="review_reading_once"),
        ),
    ]
