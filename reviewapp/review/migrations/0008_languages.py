"""The language of a task, so that its readers are found by an index; what engines translated."""

from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids
from reviewapp.ui.languages import NAMES, language_of


def name_languages(_apps: Any, schema_editor: Any) -> None:
    """Open tasks get the language that their items were sent with; those of older items were not detected."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT i.language FROM review_task t JOIN intake_item i ON i.id = t.item_id"
            " WHERE t.state IN ('waiting', 'claimed', 'held') AND i.language <> 'und'"
        )
        for (sent,) in cursor.fetchall():
            if language_of(sent, "und") in NAMES:
                cursor.execute(
                    "UPDATE review_task t SET language = %s FROM intake_item i WHERE i.id = t.item_id"
                    " AND i.language = %s AND t.state IN ('waiting', 'claimed', 'held')",
                    [language_of(sent, "und"), sent],
                )


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0003_detected_language"),
        ("review", "0007_late_readings_usual"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Translation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("target", models.TextField(db_collation="C")),
                ("source", models.TextField(db_collation="C", default="und")),
                ("text", models.TextField()),
                ("characters", models.PositiveIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="translations",
                        to="intake.item",
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
                    models.UniqueConstraint(fields=("item", "target"), name="review_translation_once"),
                ],
            },
        ),
        migrations.AddField(
            model_name="queue",
            name="translates",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="task",
            name="language",
            field=models.TextField(db_collation="C", db_default="und", default="und"),
        ),
        migrations.RunPython(name_languages, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["queue", "language", "tier", "rank_at", "id"],
                name="review_task_next_spoken",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["queue", "language", "due_at", "id"],
                name="review_task_due_spoken",
            ),
        ),
    ]
