"""What papers gained within a week, counted once for all weekly digests of a day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a table that what runs already need not know."""

    dependencies = [
        ("papers", "0009_sources_of_any_kind"),
    ]

    operations = [
        migrations.CreateModel(
            name="WeekOfAttention",
            fields=[
                (
                    "last_day",
                    models.DateField(
                        help_text="The last of the week's seven days.",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "gained",
                    models.JSONField(help_text="Upvotes gained within the week, by paper id."),
                ),
            ],
            options={"verbose_name_plural": "weeks of attention"},
        ),
    ]
