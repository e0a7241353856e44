"""The first tables of this room."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids
import reviewapp.policies.rules


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Policy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("slug", models.TextField(db_collation="C", unique=True)),
                ("family", models.TextField(db_collation="C", null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("state", models.TextField(default="draft")),
                ("title", models.TextField()),
                ("language", models.TextField(default="en")),
                ("effort", models.TextField(default="low")),
                ("applies", models.JSONField(default=dict)),
                ("source", models.TextField()),
                ("model_text", models.TextField()),
                ("hash", models.TextField(db_collation="C")),
                ("change_note", models.TextField(blank=True, default="")),
                ("saves", models.PositiveIntegerField(default=0)),
                ("gate_waived", models.BooleanField(default=False)),
                ("publish_at", models.DateTimeField(null=True)),
                (
                    "writers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                ("drafted_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("saved_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("proposed_at", models.DateTimeField(null=True)),
                ("approved_at", models.DateTimeField(null=True)),
                ("published_at", models.DateTimeField(null=True)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="policies.policy",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    reviewapp.policies.rules.VersionState["DRAFT"],
                                    reviewapp.policies.rules.VersionState["PROPOSED"],
                                    reviewapp.policies.rules.VersionState["APPROVED"],
                                    reviewapp.policies.rules.VersionState["PUBLISHED"],
                                    reviewapp.policies.rules.VersionState["RETIRED"],
                                ],
                            )
                        ),
                        name="policies_version_state",
                    ),
                    models.UniqueConstraint(fields=("policy", "number"), name="policies_version_number"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "published")),
                        fields=("policy",),
                        name="policies_one_published",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["draft", "proposed", "approved"])),
                        fields=("policy",),
                        name="policies_one_draft",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Section",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C")),
                ("ordinal", models.PositiveSmallIntegerField()),
                ("title", models.TextField()),
                ("severity", models.PositiveSmallIntegerField()),
                ("response", models.TextField(blank=True, default="")),
                ("model_text", models.TextField()),
                ("guidance", models.TextField(blank=True, default="")),
                ("public", models.TextField(blank=True, default="")),
                (
                    "violating_examples",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                (
                    "allowed_examples",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sections",
                        to="policies.version",
                    ),
                ),
            ],
            options={
                "ordering": ("ordinal",),
                "constraints": [
                    models.UniqueConstraint(fields=("version", "code"), name="policies_section_code"),
                    models.CheckConstraint(
                        condition=models.Q(("severity__range", (1, 4))), name="policies_section_severity"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C")),
                ("section", models.TextField(db_collation="C")),
                ("text", models.TextField()),
                ("expect", models.TextField()),
                ("note", models.TextField(blank=True, default="")),
                ("origin_item", models.UUIDField(db_index=True, null=True)),
                ("erased", models.BooleanField(default=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="policies.policy",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("policy", "code"), name="policies_case_code"),
                    models.CheckConstraint(
                        condition=models.Q(("expect__in", ["violates", "allowed"])),
                        name="policies_case_expect",
                    ),
                ],
            },
        ),
    ]
