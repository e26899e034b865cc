"""Says how keywords are found. No statement runs, and the version before goes on working."""

from django.db import migrations, models

import papers.models.topic


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0021_wording"),
    ]

    operations = [
        migrations.AlterField(
            model_name="topic",
            name="keywords",
            field=models.JSONField(
                default=list,
                help_text="Phrases, one a line. Found as whole words, singular or plural, in any "
                "spelling.",
                validators=[papers.models.topic.list_of_strings],
            ),
        ),
    ]
