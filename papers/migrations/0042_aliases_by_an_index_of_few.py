"""Finds a paper's aliases by an index that has no others in it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("papers", "0041_lists_of_any_size")]

    operations = [
        migrations.AddIndex(
            model_name="paper",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["merged_into"],
                name="paper_alias",
            ),
        ),
    ]
