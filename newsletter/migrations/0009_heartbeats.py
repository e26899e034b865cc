"""Signs of life of beat, the workers and the mail backend."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A table of its own, which the version before does not know."""

    dependencies = [("newsletter", "0008_issues_since_the_last")]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Such as worker celery@host.", max_length=150, unique=True
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("beat", "beat"),
                            ("worker", "worker"),
                            ("tick", "the minute's tick"),
                            ("backend", "the mail backend"),
                            ("watch", "the watch over troubles"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField(help_text="When it was last seen.")),
                (
                    "since",
                    models.DateTimeField(
                        help_text="When it started, or since when it is as it is."
                    ),
                ),
                (
                    "details",
                    models.JSONField(default=dict, help_text="What there is to say about it."),
                ),
            ],
            options={"ordering": ["name"]},
        ),
    ]
