import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0010_fill_address_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerSubscriber",
            fields=[
                (
                    "former_id",
                    models.BigIntegerField(
                        help_text="The number that the subscriber had.",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "link_version",
                    models.PositiveIntegerField(help_text="Of the links that are still good."),
                ),
                (
                    "survivor_version",
                    models.PositiveIntegerField(
                        help_text="The link version of the subscriber who stayed: once that is raised, the former links are void as well."
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        help_text="Whom it was joined with.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former",
                        to="subscriptions.subscriber",
                    ),
                ),
            ],
            options={"ordering": ("former_id",)},
        ),
    ]
