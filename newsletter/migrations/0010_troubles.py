"""What went wrong with the service, one open row a trouble."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A table of its own, which the version before does not know."""

    dependencies = [("newsletter", "0009_heartbeats")]

    operations = [
        migrations.CreateModel(
            name="Trouble",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="Which trouble, such as source:arxiv.", max_length=150
                    ),
                ),
                (
                    "text",
                    models.CharField(help_text="What is wrong, in a sentence.", max_length=500),
                ),
                ("since", models.DateTimeField(help_text="When it was first seen.")),
                ("seen_at", models.DateTimeField(help_text="When it was last seen.")),
                (
                    "told_at",
                    models.DateTimeField(
                        help_text="When the operators were last told of it.", null=True
                    ),
                ),
                (
                    "over_at",
                    models.DateTimeField(
                        help_text="When it was over; empty while it is not.", null=True
                    ),
                ),
                (
                    "over_told_at",
                    models.DateTimeField(
                        help_text="When they were told that it is over.", null=True
                    ),
                ),
            ],
            options={
                "ordering": ["-since", "-id"],
                "permissions": [
                    ("view_status", "Can see the status of the service"),
                    ("test_alerts", "Can send a test alert"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("over_at", None)),
                        fields=("key",),
                        name="trouble_open_once",
                    )
                ],
            },
        ),
    ]
