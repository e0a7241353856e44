"""Who holds a lease, and the line of all judgements that were in a crash."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("screening", "0004_unread_answer"),
    ]

    operations = [
        migrations.AddField(
            model_name="judgement",
            name="held_by",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.RemoveIndex(
            model_name="judgement",
            name="screening_judgement_suspect",
        ),
        migrations.AddIndex(
            model_name="judgement",
            index=models.Index(
                fields=["rank_at", "id"],
                condition=models.Q(state="pending", crashes__gte=1),
                name="screening_judgement_crashed",
            ),
        ),
    ]
