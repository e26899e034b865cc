"""Issues say which sources had not answered when they were frozen."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a nullable column; what runs already leaves it empty, which says that nobody looked."""

    dependencies = [("newsletter", "0005_deliveries_without_channel")]
    operations = [
        migrations.AddField(
            model_name="issue",
            name="missing_sources",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="Sources that had not answered when it was frozen; empty where nobody "
                "looked.",
                null=True,
            ),
        ),
    ]
