"""Re-runs look at items that wait, and an evaluation may be judged in a run, its rows becoming cases."""

from django.db import migrations, models

import reviewapp.lab.rules


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0002_fewer_indexes"),
        ("lab", "0002_kinds"),
        ("review", "0006_routing"),
        ("screening", "0003_feeding"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="sample",
            name="lab_sample_stratum",
        ),
        migrations.AddField(
            model_name="evaluationrow",
            name="case",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="evaluationrow",
            name="judgement",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="evaluationrow",
            index=models.Index(
                condition=models.Q(("failure", ""), ("label", "")),
                fields=["study", "ordinal"],
                name="lab_evaluation_row_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="sample",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "stratum__in",
                        [
                            reviewapp.lab.rules.Stratum["DECIDED"],
                            reviewapp.lab.rules.Stratum["PASSED"],
                            reviewapp.lab.rules.Stratum["CLOSED"],
                            reviewapp.lab.rules.Stratum["WAITING"],
                        ],
                    )
                ),
                name="lab_sample_stratum",
            ),
        ),
    ]
