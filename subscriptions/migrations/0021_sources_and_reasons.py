"""Where sign-ups came from, and why readers left. The version before writes neither."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0020_imports"),
    ]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="came_from",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Source of the sign-up: what the form's address said with ?from=, or the program that wrote the file.",
                max_length=40,
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("too_often", "too many emails"),
                    ("not_mine", "the papers don’t fit"),
                    ("not_asked", "never asked for it"),
                    ("elsewhere", "reads about papers elsewhere"),
                    ("other", "another reason"),
                ],
                db_default="",
                default="",
                help_text="Why they left, if they said so.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="formentry",
            name="came_from",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What the form's address said with ?from=.",
                max_length=40,
            ),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["at"], name="consent_at"),
        ),
    ]
