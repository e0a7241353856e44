"""What engines sent in place of a verdict is kept, for people to read."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("screening", "0003_feeding"),
    ]

    operations = [
        migrations.CreateModel(
            name="UnreadAnswer",
            fields=[
                (
                    "judgement",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="unread",
                        serialize=False,
                        to="screening.judgement",
                    ),
                ),
                ("raw", models.TextField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="screening_unread_at")],
            },
        ),
    ]
