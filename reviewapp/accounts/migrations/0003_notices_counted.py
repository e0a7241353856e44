"""What a notice is about by name, and how many things it stands for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_notices_and_preferences"),
    ]

    operations = [
        migrations.AddField(
            model_name="notice",
            name="count",
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="notice",
            name="name",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
    ]
