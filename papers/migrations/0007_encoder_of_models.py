"""Which encoder a semantic model was joined with, and how it sees it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds two columns that what runs already need not fill."""

    dependencies = [
        ("papers", "0006_readers_as_a_source"),
    ]

    operations = [
        migrations.AddField(
            model_name="fittedmodel",
            name="encoder",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Digest of the encoder joined to it, if any.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="fittedmodel",
            name="view",
            field=models.BinaryField(
                help_text="How it sees the encoder, as EncoderView.to_bytes makes it.", null=True
            ),
        ),
    ]
