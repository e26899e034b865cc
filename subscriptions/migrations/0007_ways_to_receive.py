from django.db import migrations, models

import subscriptions.ways


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0006_whom_to_welcome"),
    ]

    operations = [
        migrations.AlterField(
            model_name="subscriber",
            name="receives_by",
            field=models.CharField(
                choices=subscriptions.ways.choices,
                db_default="mail",
                default="mail",
                help_text="How digests reach the reader.",
                max_length=20,
            ),
        ),
    ]
