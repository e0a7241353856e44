"""Notes and cases that somebody typed on an item and has not sent."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0004_likeness"),
        ("review", "0008_languages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Unsent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("form", models.TextField(db_collation="C")),
                ("typed", models.JSONField()),
                ("saved_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="intake.item"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unsent",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("item", "person", "form"), name="review_unsent_once"),
                    models.CheckConstraint(
                        condition=models.Q(("form__in", ["note", "case"])), name="review_unsent_form"
                    ),
                ],
            },
        ),
    ]
