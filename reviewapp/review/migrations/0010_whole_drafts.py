"""How long, where and under which exception, as it was typed and not sent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("review", "0009_unsent")]

    operations = [
        migrations.AddField(model_name="draft", name="days", field=models.TextField(blank=True, default="")),
        migrations.AddField(
            model_name="draft", name="territories", field=models.TextField(blank=True, default="")
        ),
        migrations.AddField(
            model_name="draft", name="exception", field=models.TextField(blank=True, default="")
        ),
        migrations.AddField(
            model_name="draft", name="review_on", field=models.TextField(blank=True, default="")
        ),
    ]
