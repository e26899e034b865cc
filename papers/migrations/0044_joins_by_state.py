"""Finds the joins of every state by one index, in place of one of questions alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("papers", "0043_listings_of_a_source_by_day")]

    operations = [
        migrations.RemoveIndex(model_name="join", name="join_question"),
        migrations.AddIndex(
            model_name="join",
            index=models.Index(fields=["state", "id"], name="join_state"),
        ),
    ]
