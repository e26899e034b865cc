"""Papers that an issue takes in because their attention came after their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0013_readers_of_retracted_papers"),
        ("papers", "0025_attention_without_votes"),
    ]

    operations = [
        migrations.AddField(
            model_name="issuepaper",
            name="is_noticed",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="It stood in an earlier issue, and got its attention since.",
            ),
        ),
        migrations.AddIndex(
            model_name="issuepaper",
            index=models.Index(
                condition=models.Q(("is_noticed", True)),
                fields=["paper"],
                name="issue_paper_noticed",
            ),
        ),
    ]
