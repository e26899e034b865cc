"""Each paper's row keeps its field, so that searches and lists can be narrowed down to one."""

from collections import defaultdict
from typing import Any

from django.db import migrations, models

from papers.fields import OTHER, field_of

BATCH = 2_000


def work_out(apps: Any, schema_editor: Any) -> None:
    """Give each paper the field that its categories tell, in batches."""
    papers = apps.get_model("papers", "Paper").objects.using(schema_editor.connection.alias)
    last = 0
    while batch := list(
        papers.filter(pk__gt=last).order_by("pk").values_list("pk", "categories")[:BATCH]
    ):
        last = batch[-1][0]
        of_field: dict[str, list[int]] = defaultdict(list)
        for pk, categories in batch:
            of_field[field_of(map(str, categories))].append(pk)
        for field, ids in of_field.items():
            if field != OTHER:
                papers.filter(pk__in=ids).update(field=field)


class Migration(migrations.Migration):
    """A column that the earlier version does not know; what it stores meanwhile is of no field until
    its facts are worked out again.
    """

    dependencies = [("papers", "0038_actions_on_many_rows")]

    operations = [
        migrations.AddField(
            model_name="paper",
            name="field",
            field=models.CharField(
                db_default="other",
                default="other",
                editable=False,
                help_text=(
                    "The broad subject, as its categories tell; one of those of papers.fields."
                ),
                max_length=24,
            ),
        ),
        migrations.AddIndex(
            model_name="paper",
            index=models.Index(fields=["field", "id"], name="paper_of_field"),
        ),
        migrations.RunPython(work_out, migrations.RunPython.noop, elidable=True),
    ]
