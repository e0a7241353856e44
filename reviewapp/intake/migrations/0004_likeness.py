"""Numbers by which like texts and items of one thread are found, also for what is here already."""

from itertools import islice

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from reviewapp.intake.rules import likeness, thread_of

AT_ONCE = 2_000


def fill(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Read every text once, in batches, and write both numbers; what was erased has neither."""
    # On the connection that migrates: another one would wait for the table that this transaction has changed.
    model = apps.get_model("intake", "ItemContent")
    contents = model.objects.using(editor.connection.alias).order_by("received_at", "item_id")
    rows = contents.values_list("item_id", "item__source_id", "text", "context").iterator(chunk_size=AT_ONCE)
    while batch := list(islice(rows, AT_ONCE)):
        items, likes, threads = zip(
            *((item, likeness(text), thread_of(source, context)) for item, source, text, context in batch),
            strict=True,
        )
        with editor.connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE intake_item i SET likeness = new.likeness, thread = new.thread
                FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[]) AS new(id, likeness, thread) WHERE i.id = new.id
                """,
                [list(items), list(likes), list(threads)],
            )


class Migration(migrations.Migration):
    dependencies = [("intake", "0003_detected_language")]

    operations = [
        migrations.AddField("item", "likeness", models.BigIntegerField(null=True)),
        migrations.AddField("item", "thread", models.BigIntegerField(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            "item",
            models.Index(
                fields=["likeness", "received_at"],
                condition=models.Q(likeness__isnull=False),
                name="intake_item_likeness",
            ),
        ),
        migrations.AddIndex(
            "item",
            models.Index(
                fields=["thread", "received_at"],
                condition=models.Q(thread__isnull=False),
                name="intake_item_thread",
            ),
        ),
    ]
