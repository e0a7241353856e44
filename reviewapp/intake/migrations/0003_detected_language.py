"""The language that was read in a text whose sender named none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_fewer_indexes")]

    operations = [
        migrations.AddField(
            model_name="item",
            name="detected",
            field=models.TextField(db_collation="C", db_default="und", default="und"),
        ),
    ]
