"""What failed lately is found without reading every judgement."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("screening", "0005_crash_suspects"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="judgement",
            index=models.Index(
                fields=["done_at"], condition=models.Q(state="failed"), name="screening_judgement_failed"
            ),
        ),
    ]
