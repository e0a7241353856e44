"""Cases as wordings listed by version, gate reports and waivers, targets and public texts in more languages."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import reviewapp.ids
import reviewapp.policies.rules_cases
import reviewapp.policies.rules_gate
import reviewapp.policies.rules_states


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CaseList",
            fields=[
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="case_list",
                        serialize=False,
                        to="policies.version",
                    ),
                ),
                (
                    "cases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EngineInForce",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("engine", models.TextField(db_collation="C")),
                ("since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="policies_one_engine"),
                ],
            },
        ),
        migrations.CreateModel(
            name="GateReport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("gate_hash", models.TextField(db_collation="C")),
                ("engine", models.TextField(db_collation="C")),
                ("model", models.TextField(blank=True, default="")),
                ("outcome", models.TextField()),
                ("sections", models.JSONField(default=list)),
                ("blockers", models.JSONField(default=list)),
                ("case_count", models.PositiveIntegerField(default=0)),
                ("repeats", models.PositiveSmallIntegerField(default=1)),
                ("run", models.UUIDField(unique=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("gaps_signed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="GateWaiver",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("gate_hash", models.TextField(db_collation="C")),
                ("kind", models.TextField()),
                ("reason", models.TextField()),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("granted_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="case",
            name="policies_case_code",
        ),
        migrations.RemoveConstraint(
            model_name="version",
            name="policies_version_state",
        ),
        migrations.AddField(
            model_name="case",
            name="made_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="reason",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="case",
            name="revision",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="case",
            name="standing",
            field=models.TextField(default="taken"),
        ),
        migrations.AddField(
            model_name="case",
            name="way",
            field=models.TextField(default="file"),
        ),
        migrations.AddField(
            model_name="section",
            name="precision_target",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="section",
            name="public_in",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="section",
            name="recall_target",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="version",
            name="cases_hash",
            field=models.TextField(blank=True, db_collation="C", default=""),
        ),
        migrations.AddField(
            model_name="version",
            name="gate",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="version",
            name="gate_due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="version",
            name="gate_hash",
            field=models.TextField(blank=True, db_collation="C", default=""),
        ),
        migrations.AddField(
            model_name="version",
            name="origin",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="policies.version",
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="scheduled_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("standing", "taken"), _negated=True),
                fields=["policy"],
                name="policies_case_not_taken",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                fields=("policy", "code", "revision"), name="policies_case_revision"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "way__in",
                        [
                            reviewapp.policies.rules_cases.Way["FILE"],
                            reviewapp.policies.rules_cases.Way["PAGE"],
                            reviewapp.policies.rules_cases.Way["ITEM"],
                            reviewapp.policies.rules_cases.Way["IMPORT"],
                        ],
                    )
                ),
                name="policies_case_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "standing__in",
                        [
                            reviewapp.policies.rules_cases.Standing["TAKEN"],
                            reviewapp.policies.rules_cases.Standing["WAITING"],
                            reviewapp.policies.rules_cases.Standing["SUGGESTED"],
                            reviewapp.policies.rules_cases.Standing["DECLINED"],
                        ],
                    )
                ),
                name="policies_case_standing",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            reviewapp.policies.rules_states.VersionState["DRAFT"],
                            reviewapp.policies.rules_states.VersionState["PROPOSED"],
                            reviewapp.policies.rules_states.VersionState["APPROVED"],
                            reviewapp.policies.rules_states.VersionState["PUBLISHED"],
                            reviewapp.policies.rules_states.VersionState["RETIRED"],
                            reviewapp.policies.rules_states.VersionState["DISCARDED"],
                        ],
                    )
                ),
                name="policies_version_state",
            ),
        ),
        migrations.AddField(
            model_name="gatereport",
            name="gaps_signed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="gatereport",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gate_reports",
                to="policies.version",
            ),
        ),
        migrations.AddField(
            model_name="gatewaiver",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="gatewaiver",
            name="granted_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="gatewaiver",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="waivers", to="policies.version"
            ),
        ),
        migrations.AddIndex(
            model_name="gatereport",
            index=models.Index(fields=["version", "-at"], name="policies_gate_version"),
        ),
        migrations.AddConstraint(
            model_name="gatereport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "outcome__in",
                        [
                            reviewapp.policies.rules_gate.Outcome["PASSED"],
                            reviewapp.policies.rules_gate.Outcome["GAPS"],
                            reviewapp.policies.rules_gate.Outcome["BLOCKED"],
                        ],
                    )
                ),
                name="policies_gate_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="gatewaiver",
            constraint=models.UniqueConstraint(fields=("version", "gate_hash"), name="policies_one_waiver"),
        ),
        migrations.AddConstraint(
            model_name="gatewaiver",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            reviewapp.policies.rules_gate.WaiverKind["OVERRIDE"],
                            reviewapp.policies.rules_gate.WaiverKind["EMERGENCY"],
                        ],
                    )
                ),
                name="policies_waiver_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="gatewaiver",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("granted_by__isnull", True),
                    models.Q(("granted_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="policies_waiver_two_people",
            ),
        ),
    ]
