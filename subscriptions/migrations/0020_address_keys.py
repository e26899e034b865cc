from django.db import migrations, models

import subscriptions.addresses


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0008_notices"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscriber",
            name="email_key",
            field=models.CharField(
                editable=False,
                help_text="Equal for all spellings of one mailbox; see addresses.key_of. Empty for a duplicate that waits to be joined, and for a row of an earlier version.",
                max_length=330,
                null=True,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="subscriber",
            name="email",
            field=models.CharField(
                help_text="Where mail goes: trimmed, its domain as the DNS has it.",
                max_length=254,
                validators=[subscriptions.addresses.validate_address],
            ),
        ),
    ]
