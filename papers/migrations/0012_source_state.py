"""Each source keeps what its kind needs from one fetch to the next, such as an ETag."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a nullable column, so that the version before goes on working."""

    dependencies = [
        ("papers", "0011_page_version"),
    ]

    operations = [
        migrations.AddField(
            model_name="source",
            name="state",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="What its kind keeps from one fetch to the next, such as an ETag.",
                null=True,
            ),
        ),
    ]
