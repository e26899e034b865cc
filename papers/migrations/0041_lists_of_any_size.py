"""Has indices for long lists of the admin, and counts topics' readers and matches."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0040_site_and_newsletter"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TopicCount",
            fields=[
                (
                    "topic",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="counted",
                        serialize=False,
                        to="papers.topic",
                    ),
                ),
                (
                    "readers",
                    models.PositiveIntegerField(
                        default=0, help_text="Confirmed subscribers who follow it."
                    ),
                ),
                (
                    "matches",
                    models.PositiveIntegerField(
                        default=0, help_text="Papers of the last days that its readers get."
                    ),
                ),
                ("counted_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["by", "-id"], name="audit_by_person"),
        ),
        migrations.AddIndex(
            model_name="match",
            index=models.Index(
                condition=models.Q(("verdict", "pinned"), ("verdict", "vetoed"), _connector="OR"),
                fields=["verdict", "-paper", "-score"],
                name="match_verdict",
            ),
        ),
        migrations.AddIndex(
            model_name="match",
            index=models.Index(
                condition=models.Q(
                    ("second_look", "vetoed"), ("second_look", "let in"), _connector="OR"
                ),
                fields=["second_look", "-paper", "-score"],
                name="match_second_look",
            ),
        ),
        migrations.AddIndex(
            model_name="pick",
            index=models.Index(
                condition=models.Q(("kind", "hide")), fields=["paper"], name="pick_hidden"
            ),
        ),
    ]
