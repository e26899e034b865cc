"""Finds what a source listed in the order of its days, by one index in place of another."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("papers", "0042_aliases_by_an_index_of_few")]

    operations = [
        migrations.AlterField(
            model_name="feature",
            name="source",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="features",
                to="papers.source",
            ),
        ),
        migrations.AddIndex(
            model_name="feature",
            index=models.Index(fields=["source", "day"], name="feature_of_source"),
        ),
    ]
