from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0003_events_as_a_queue"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="channel",
            field=models.CharField(
                blank=True,
                help_text="How it went, such as email; decided when the digest is made, and written with the outcome.",
                max_length=20,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="choices",
            field=models.JSONField(
                default=list, help_text="The papers of the digest, and why each."
            ),
        ),
    ]
