"""Hand-overs, holds that return to their holder, drafts, notes and time at work."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids
import reviewapp.review.rules


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0001_initial"),
        ("policies", "0001_initial"),
        ("review", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Draft",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("section", models.TextField(blank=True, default="")),
                ("other", models.TextField(blank=True, default="")),
                ("action", models.TextField(blank=True, default="")),
                ("reason_code", models.TextField(blank=True, default="")),
                ("reason", models.TextField(blank=True, default="")),
                ("saved_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.TextField(db_collation="C", default="note")),
                ("text", models.TextField()),
                (
                    "mentions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                ("section", models.TextField(blank=True, db_collation="C", default="")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="QueueNote",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("text", models.TextField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Stay",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("epoch", models.PositiveIntegerField()),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("active_seconds", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="task",
            name="assigned_to",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="assigned_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="hold_returns",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("assigned_to__isnull", False), ("state", "waiting")),
                fields=["assigned_to", "queue"],
                name="review_task_assigned",
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="task",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to="review.task"
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="notes", to="intake.item"
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="policies.version",
            ),
        ),
        migrations.AddField(
            model_name="queuenote",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="queuenote",
            name="queue",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="shift_notes", to="review.queue"
            ),
        ),
        migrations.AddField(
            model_name="stay",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="stay",
            name="task",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="stays", to="review.task"
            ),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.UniqueConstraint(fields=("task", "person"), name="review_draft_once"),
        ),
        migrations.AddIndex(
            model_name="note",
            index=models.Index(fields=["item", "at"], name="review_note_item"),
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            reviewapp.review.rules.NoteKind["NOTE"],
                            reviewapp.review.rules.NoteKind["HOLD"],
                            reviewapp.review.rules.NoteKind["HANDOVER"],
                            reviewapp.review.rules.NoteKind["TAKE_OVER"],
                            reviewapp.review.rules.NoteKind["ESCALATION"],
                        ],
                    )
                ),
                name="review_note_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="queuenote",
            index=models.Index(fields=["queue", "-at"], name="review_queuenote_latest"),
        ),
        migrations.AddIndex(
            model_name="stay",
            index=models.Index(fields=["person", "seen_at"], name="review_stay_person"),
        ),
        migrations.AddConstraint(
            model_name="stay",
            constraint=models.UniqueConstraint(fields=("task", "epoch"), name="review_stay_once"),
        ),
    ]
