"""The first tables of this room."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids
import reviewapp.intake.rules
from reviewapp.audit import partitions


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Author",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.TextField(db_collation="C")),
                ("name", models.TextField(blank=True, default="")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Source",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.TextField(db_collation="C", unique=True)),
                (
                    "policies",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Item",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.TextField(db_collation="C")),
                ("revision", models.PositiveIntegerField(default=1)),
                ("is_current", models.BooleanField(default=True)),
                ("state", models.TextField(db_collation="C", default="received")),
                ("purpose", models.TextField(db_collation="C", default="live")),
                ("restricted", models.BooleanField(default=False)),
                ("admitted", models.BooleanField(default=False)),
                ("flagged", models.BooleanField(default=False)),
                ("content_hash", models.BinaryField(max_length=32)),
                ("language", models.TextField(db_collation="C", default="und")),
                ("country", models.TextField(blank=True, db_collation="C", default="")),
                (
                    "policies",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                ("attachments", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="intake.author",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="intake.source"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["received_at", "id"], name="intake_item_list"),
                    models.Index(
                        condition=models.Q(("state", "received")),
                        fields=["received_at"],
                        name="intake_item_received",
                    ),
                    models.Index(
                        condition=models.Q(("admitted", False), ("state", "awaiting_review")),
                        fields=["changed_at"],
                        name="intake_item_admit",
                    ),
                    models.Index(
                        condition=models.Q(("state", "awaiting_verdict")),
                        fields=["changed_at"],
                        name="intake_item_verdict",
                    ),
                    models.Index(fields=["author", "received_at"], name="intake_item_author"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    reviewapp.intake.rules.ItemState["RECEIVED"],
                                    reviewapp.intake.rules.ItemState["PASSED"],
                                    reviewapp.intake.rules.ItemState["AWAITING_VERDICT"],
                                    reviewapp.intake.rules.ItemState["AWAITING_REVIEW"],
                                    reviewapp.intake.rules.ItemState["CLOSED_BY_MACHINE"],
                                    reviewapp.intake.rules.ItemState["DECIDED"],
                                    reviewapp.intake.rules.ItemState["SUPERSEDED"],
                                    reviewapp.intake.rules.ItemState["ERASED"],
                                ],
                            )
                        ),
                        name="intake_item_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "purpose__in",
                                [
                                    reviewapp.intake.rules.Purpose["LIVE"],
                                    reviewapp.intake.rules.Purpose["GOLDEN"],
                                ],
                            )
                        ),
                        name="intake_item_purpose",
                    ),
                    models.UniqueConstraint(
                        fields=("source", "external_id", "revision"), name="intake_item_revision"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)),
                        fields=("source", "external_id"),
                        name="intake_item_current",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("asked_by", models.TextField(db_collation="C")),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "answered",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="erasure", to="intake.item"
                    ),
                ),
            ],
        ),
        partitions.CreatePartitionedModel(
            name="ItemContent",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "item_id",
                        "received_at",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("text", models.TextField()),
                ("context", models.JSONField(default=list)),
                ("attachments", models.JSONField(default=list)),
                ("url", models.TextField(blank=True, default="")),
                ("key", models.BinaryField(max_length=32)),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contents",
                        to="intake.item",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="author",
            name="source",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="authors", to="intake.source"
            ),
        ),
        migrations.CreateModel(
            name="IdempotentAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.TextField(db_collation="C")),
                ("body_hash", models.BinaryField(max_length=32)),
                ("answer", models.JSONField()),
                (
                    "at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.apikey"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("api_key", "key"), name="intake_answer_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("why", models.TextField()),
                ("reference", models.TextField(blank=True, default="")),
                ("placed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ends_at", models.DateTimeField(null=True)),
                ("lifted_at", models.DateTimeField(null=True)),
                (
                    "placed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="intake.item"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("lifted_at", None)), fields=["item"], name="intake_hold_open"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Flag",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.TextField(db_collation="C")),
                ("reason", models.TextField(blank=True, default="")),
                ("reporter_id", models.TextField(blank=True, db_collation="C", default="")),
                ("org", models.TextField(blank=True, default="")),
                ("reference", models.TextField(blank=True, default="")),
                ("deadline", models.DateTimeField(null=True)),
                ("at", models.DateTimeField(null=True)),
                ("digest", models.BinaryField(max_length=32)),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="flags", to="intake.item"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("item", "digest"), name="intake_flag_once")],
            },
        ),
        migrations.AddConstraint(
            model_name="author",
            constraint=models.UniqueConstraint(fields=("source", "external_id"), name="intake_author_once"),
        ),
    ]
