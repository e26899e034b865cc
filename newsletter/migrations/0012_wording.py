"""Says labels and help texts in plainer words. No statement runs, and the version before goes on
working.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0011_continuity"),
        ("subscriptions", "0017_wording"),
    ]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="bounce",
            field=models.CharField(
                blank=True,
                choices=[
                    ("hard", "for good: there is no such address"),
                    ("soft", "for now: the mailbox is full, or cannot be reached"),
                    ("blocked", "unwanted: the receiver's policy, or the content"),
                ],
                db_default="",
                default="",
                help_text="How severely it bounced.",
                max_length=7,
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="bounced_at",
            field=models.DateTimeField(help_text="When it first bounced.", null=True),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="claim",
            field=models.CharField(
                blank=True, help_text="The worker whose journal has the outcome.", max_length=64
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="lease_until",
            field=models.DateTimeField(help_text="When the claim expires.", null=True),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="provider_id",
            field=models.CharField(
                blank=True, help_text="The provider's ID for this message.", max_length=200
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="subscriber",
            field=models.ForeignKey(
                help_text="Empty once the subscriber is deleted.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="deliveries",
                to="subscriptions.subscriber",
            ),
        ),
        migrations.AlterField(
            model_name="event",
            name="severity",
            field=models.CharField(
                blank=True,
                choices=[
                    ("hard", "for good: there is no such address"),
                    ("soft", "for now: the mailbox is full, or cannot be reached"),
                    ("blocked", "unwanted: the receiver's policy, or the content"),
                ],
                db_default="",
                default="",
                help_text="How it bounced, if it did.",
                max_length=7,
            ),
        ),
        migrations.AlterField(
            model_name="ratebucket",
            name="free_at",
            field=models.DateTimeField(help_text="When the next email may go out."),
        ),
        migrations.AlterField(
            model_name="ratebucket",
            name="used",
            field=models.PositiveIntegerField(default=0, help_text="Emails reserved on `day`."),
        ),
    ]
