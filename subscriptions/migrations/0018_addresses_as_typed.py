"""Keeps the spelling of an address that emails go to beside the one it is found by. The version before
goes on with the latter alone.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0017_wording"),
    ]

    operations = [
        migrations.AddField(
            model_name="addresschange",
            name="new_email_typed",
            field=models.CharField(
                blank=True,
                help_text="As typed, where that is not in lower case.",
                max_length=254,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="subscriber",
            name="email_typed",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="Where emails go, the part before the @ as it was typed, where that is not in lower case.",
                max_length=254,
                null=True,
            ),
        ),
    ]
