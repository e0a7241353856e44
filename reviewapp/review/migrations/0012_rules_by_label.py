"""Routing rules name labels; a rule for what has no verdict names the two that mean it."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("review", "0011_whole_blind_calls")]

    operations = [
        migrations.AddField(
            model_name="routingrule",
            name="labels",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), blank=True, db_default=[], default=list, size=None
            ),
        ),
        migrations.RunSQL(
            "UPDATE review_routingrule SET labels = '{none,unsure}' WHERE without_verdict",
            "UPDATE review_routingrule SET without_verdict = true WHERE labels = '{none,unsure}'",
        ),
        migrations.RemoveField(model_name="routingrule", name="without_verdict"),
    ]
