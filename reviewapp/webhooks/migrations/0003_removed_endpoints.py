"""Endpoints that were removed and can be put back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0002_deliveries")]

    operations = [
        migrations.AddField(
            model_name="endpoint",
            name="removed_at",
            field=models.DateTimeField(null=True),
        ),
    ]
