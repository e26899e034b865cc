"""The model `Stamp` is called `PageVersion`; its table stays as it is."""

from django.db import migrations


class Migration(migrations.Migration):
    """Changes names in Python alone: the version before goes on with the same table."""

    dependencies = [
        ("papers", "0010_weeks_of_attention"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel(old_name="Stamp", new_name="PageVersion"),
                migrations.AlterModelTable(name="pageversion", table="papers_stamp"),
            ],
        ),
    ]
