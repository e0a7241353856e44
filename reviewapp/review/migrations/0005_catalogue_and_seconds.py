"""The catalogue of actions, exceptions with a day, and second persons."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0002_fewer_indexes"),
        ("review", "0004_blind"),
        ("screening", "0002_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ActionKind",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C", unique=True)),
                ("label", models.TextField()),
                ("restriction", models.TextField(db_collation="C")),
                ("days", models.PositiveIntegerField(default=0)),
                (
                    "territories",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "requires",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "severities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("second", models.BooleanField(default=False)),
                ("active", models.BooleanField(default=True)),
                ("ordinal", models.PositiveSmallIntegerField(default=50)),
            ],
            options={
                "ordering": ("ordinal", "code"),
            },
        ),
        migrations.AddField(
            model_name="decision",
            name="awaits_second",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="decision",
            name="review_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="decision",
            name="undo_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="answers",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.decision",
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                condition=models.Q(("review_on__isnull", False)),
                fields=["review_on"],
                name="review_decision_review",
            ),
        ),
    ]
