"""Trying a text is no study any more; nothing is kept of it but its run."""

from django.conf import settings
from django.db import migrations, models

import reviewapp.lab.rules


class Migration(migrations.Migration):
    dependencies = [
        ("lab", "0001_first"),
        ("policies", "0003_case_lists"),
        ("screening", "0002_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="study",
            name="lab_study_kind",
        ),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            reviewapp.lab.rules.StudyKind["GATE"],
                            reviewapp.lab.rules.StudyKind["BACKTEST"],
                            reviewapp.lab.rules.StudyKind["EVALUATE"],
                        ],
                    )
                ),
                name="lab_study_kind",
            ),
        ),
    ]
