"""The first tables of this room."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids
import reviewapp.review.rules


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("intake", "0001_initial"),
        ("policies", "0001_initial"),
        ("screening", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Queue",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("slug", models.SlugField(unique=True)),
                ("name", models.TextField()),
                ("description", models.TextField(blank=True, default="")),
                ("ordinal", models.PositiveSmallIntegerField(default=100)),
                ("target_minutes", models.PositiveIntegerField(default=240)),
                ("undo_seconds", models.PositiveSmallIntegerField(default=10)),
            ],
            options={
                "ordering": ("ordinal", "slug"),
            },
        ),
        migrations.CreateModel(
            name="RoutingRule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("ordinal", models.PositiveSmallIntegerField(unique=True)),
                (
                    "policies",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "sources",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "flag_kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                ("severity_from", models.PositiveSmallIntegerField(default=0)),
                ("without_verdict", models.BooleanField(default=False)),
                (
                    "queue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rules", to="review.queue"
                    ),
                ),
            ],
            options={
                "ordering": ("ordinal",),
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.TextField(db_collation="C", default="first")),
                ("tier", models.PositiveSmallIntegerField(default=5)),
                ("rank_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("terms", models.JSONField(default=dict)),
                ("policy", models.TextField(blank=True, db_collation="C", default="")),
                ("severity", models.PositiveSmallIntegerField(default=0)),
                ("no_verdict_reason", models.TextField(blank=True, default="")),
                ("state", models.TextField(db_collation="C", default="waiting")),
                ("claimed_at", models.DateTimeField(null=True)),
                ("reserved", models.BooleanField(default=False)),
                ("lease_until", models.DateTimeField(null=True)),
                ("lease_epoch", models.PositiveIntegerField(default=0)),
                ("hold_until", models.DateTimeField(null=True)),
                ("hold_reason", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "claimed_by",
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="tasks", to="intake.item"
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tasks", to="review.queue"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["queue", "tier", "rank_at", "id"],
                        name="review_task_next",
                    ),
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["queue", "due_at"],
                        name="review_task_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "claimed")),
                        fields=["lease_until"],
                        name="review_task_lease",
                    ),
                    models.Index(
                        condition=models.Q(("state", "held")), fields=["hold_until"], name="review_task_hold"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    reviewapp.review.rules.TaskState["WAITING"],
                                    reviewapp.review.rules.TaskState["CLAIMED"],
                                    reviewapp.review.rules.TaskState["HELD"],
                                    reviewapp.review.rules.TaskState["DONE"],
                                    reviewapp.review.rules.TaskState["WITHDRAWN"],
                                ],
                            )
                        ),
                        name="review_task_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    reviewapp.review.rules.TaskKind["FIRST"],
                                    reviewapp.review.rules.TaskKind["SECOND"],
                                    reviewapp.review.rules.TaskKind["APPEAL"],
                                    reviewapp.review.rules.TaskKind["SAMPLE"],
                                    reviewapp.review.rules.TaskKind["GOLDEN"],
                                ],
                            )
                        ),
                        name="review_task_kind",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("waiting", "claimed", "held"))),
                        fields=("item", "kind"),
                        name="review_task_one_open",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reserved", False), ("state", "claimed")),
                        fields=("claimed_by",),
                        name="review_task_one_active",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reserved", True), ("state", "claimed")),
                        fields=("claimed_by",),
                        name="review_task_one_reserved",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Skip",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="skips", to="review.task"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["person", "at"], name="review_skip_person"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.TextField(db_collation="C", default="first")),
                ("label", models.TextField(db_collation="C", null=True)),
                ("actions", models.JSONField(default=list)),
                ("ground", models.TextField(db_collation="C", default="incompatible")),
                ("detection", models.TextField(db_collation="C", default="own_initiative")),
                ("automation", models.TextField(db_collation="C", default="not")),
                ("exception", models.TextField(blank=True, db_collation="C", default="")),
                ("reason_code", models.TextField(blank=True, db_collation="C", default="")),
                ("reason", models.TextField(blank=True, default="")),
                ("shown", models.JSONField(default=dict)),
                ("nonce", models.UUIDField(unique=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("release_at", models.DateTimeField()),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="intake.item",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="screening.verdict",
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
                    "replaces",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="review.decision",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="review.task",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["item", "at"], name="review_decision_item"),
                    models.Index(fields=["person", "at"], name="review_decision_person"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    reviewapp.review.rules.DecisionKind["FIRST"],
                                    reviewapp.review.rules.DecisionKind["REPLACED"],
                                    reviewapp.review.rules.DecisionKind["UNDONE"],
                                    reviewapp.review.rules.DecisionKind["APPEAL"],
                                    reviewapp.review.rules.DecisionKind["SECOND"],
                                ],
                            )
                        ),
                        name="review_decision_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "label__in",
                                [
                                    reviewapp.review.rules.Label["VIOLATES"],
                                    reviewapp.review.rules.Label["ALLOWED"],
                                ],
                            ),
                            models.Q(("kind", "undone"), ("label", None)),
                            _connector="OR",
                        ),
                        name="review_decision_label",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VerdictCall",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("call", models.TextField(db_collation="C")),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calls",
                        to="review.decision",
                    ),
                ),
                (
                    "verdict",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="screening.verdict",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "call__in",
                                [
                                    reviewapp.review.rules.Call["AGREED"],
                                    reviewapp.review.rules.Call["OVERRIDDEN"],
                                    reviewapp.review.rules.Call["NOT_CONSIDERED"],
                                ],
                            )
                        ),
                        name="review_call_word",
                    ),
                    models.UniqueConstraint(fields=("decision", "verdict"), name="review_call_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("section", models.TextField(db_collation="C")),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="findings",
                        to="review.decision",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.version"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("decision", "version", "section"), name="review_finding_once"
                    )
                ],
            },
        ),
    ]
