"""Lets go of indexes that a unique constraint, or an index with one more column, holds already."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name=model,
            name=name,
            field=models.ForeignKey(
                db_index=False,
                null=name == "author",
                on_delete=django.db.models.deletion.PROTECT,
                related_name=related,
                to=target,
            ),
        )
        for model, name, related, target in (
            ("author", "source", "authors", "intake.source"),
            ("flag", "item", "flags", "intake.item"),
            ("item", "author", "items", "intake.author"),
            ("item", "source", "items", "intake.source"),
        )
    ]
