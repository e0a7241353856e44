"""The first tables of this room."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

from reviewapp.audit import partitions


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Unplaced",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        partitions.CreatePartitionedModel(
            name="Event",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "id", "at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("verb", models.TextField(db_collation="C")),
                ("actor_kind", models.TextField(db_collation="C")),
                ("actor", models.TextField(db_collation="C")),
                (
                    "subjects",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                ("data", models.JSONField(default=dict)),
                ("leaf", models.BinaryField(max_length=32)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["at", "id"], name="audit_event_at"),
                    models.Index(fields=["verb", "at"], name="audit_event_verb"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["subjects"], name="audit_event_subjects"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Position",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "feed", "position", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("feed", models.TextField(db_collation="C")),
                ("position", models.BigIntegerField()),
                ("subject", models.UUIDField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("feed", "subject"), name="audit_position_once")
                ],
            },
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'the audit log is insert-only (%)', TG_OP USING ERRCODE = 'insufficient_privilege';
            END $$;
            CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON audit_event
                FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
            CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON audit_position
                FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
            """,
            "DROP FUNCTION audit_refuse_change() CASCADE",
        ),
    ]
