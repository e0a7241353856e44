"""How long, where and under which exception, as it was called blind."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("review", "0010_whole_drafts")]

    operations = [
        migrations.AddField(
            model_name="blindcall",
            name="days",
            field=models.TextField(blank=True, db_collation="C", default=""),
        ),
        migrations.AddField(
            model_name="blindcall",
            name="territories",
            field=models.TextField(blank=True, db_collation="C", default=""),
        ),
        migrations.AddField(
            model_name="blindcall",
            name="exception",
            field=models.TextField(blank=True, db_collation="C", default=""),
        ),
        migrations.AddField(model_name="blindcall", name="review_on", field=models.DateField(null=True)),
    ]
