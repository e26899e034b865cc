"""Each source remembers on which days it listed papers, from which its usual pauses are told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a nullable column, so that the version before goes on working."""

    dependencies = [
        ("papers", "0016_words_of_search"),
    ]

    operations = [
        migrations.AddField(
            model_name="source",
            name="gave",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="The latest days for which it listed any paper, earlier first.",
                null=True,
            ),
        ),
    ]
