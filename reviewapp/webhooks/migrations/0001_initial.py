"""The first tables of this room."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import reviewapp.ids
import reviewapp.webhooks.rules


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("url", models.TextField()),
                ("secret", models.TextField()),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=reviewapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("announcement", models.UUIDField()),
                ("event", models.TextField(db_collation="C")),
                ("item", models.UUIDField()),
                ("decision", models.UUIDField(null=True)),
                ("state", models.TextField(default="held")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("release_at", models.DateTimeField()),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="webhooks.endpoint",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "held")),
                        fields=["release_at"],
                        name="webhooks_delivery_held",
                    ),
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["release_at"],
                        name="webhooks_delivery_due",
                    ),
                    models.Index(fields=["decision"], name="webhooks_delivery_decision"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    reviewapp.webhooks.rules.DeliveryState["HELD"],
                                    reviewapp.webhooks.rules.DeliveryState["WAITING"],
                                    reviewapp.webhooks.rules.DeliveryState["SENDING"],
                                    reviewapp.webhooks.rules.DeliveryState["DELIVERED"],
                                    reviewapp.webhooks.rules.DeliveryState["DEAD"],
                                    reviewapp.webhooks.rules.DeliveryState["CANCELLED"],
                                ],
                            )
                        ),
                        name="webhooks_delivery_state",
                    ),
                    models.UniqueConstraint(
                        fields=("announcement", "endpoint"),
                        name="webhooks_delivery_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
    ]
