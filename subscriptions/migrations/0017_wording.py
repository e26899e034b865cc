"""Says labels and help texts in plainer words. No statement runs, and the version before goes on
working.
"""

import django.db.models.deletion
from django.db import migrations, models

import subscriptions.addresses


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0016_submissions_by_doi"),
    ]

    operations = [
        migrations.AlterField(
            model_name="consent",
            name="action",
            field=models.CharField(
                choices=[
                    ("asked", "asked to subscribe"),
                    ("confirmed", "confirmed"),
                    ("changed", "changed preferences"),
                    ("moved", "changed the address"),
                    ("voided", "invalidated old links"),
                    ("left", "unsubscribed"),
                    ("paused", "paused because emails bounced"),
                ],
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="formentry",
            name="not_before",
            field=models.DateTimeField(help_text="When it may be processed (again)."),
        ),
        migrations.AlterField(
            model_name="formersubscriber",
            name="subscriber",
            field=models.ForeignKey(
                help_text="The subscriber it was merged into.",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="former",
                to="subscriptions.subscriber",
            ),
        ),
        migrations.AlterField(
            model_name="formersubscriber",
            name="survivor_version",
            field=models.PositiveIntegerField(
                help_text="The link version of the subscriber who stayed: once that is raised, the former links no longer work as well."
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="bounce",
            field=models.CharField(
                blank=True, default="", help_text="How severely it bounced.", max_length=7
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="bounced_at",
            field=models.DateTimeField(help_text="When it first bounced.", null=True),
        ),
        migrations.AlterField(
            model_name="notice",
            name="claim",
            field=models.CharField(
                blank=True, help_text="The worker whose journal has the outcome.", max_length=64
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="lease_until",
            field=models.DateTimeField(help_text="When the claim expires.", null=True),
        ),
        migrations.AlterField(
            model_name="notice",
            name="provider_id",
            field=models.CharField(
                blank=True, help_text="The provider's ID for this message.", max_length=200
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="subscriber",
            field=models.ForeignKey(
                db_constraint=False,
                help_text="The reader it is about; empty for operators.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notices",
                to="subscriptions.subscriber",
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="subscriber",
            field=models.ForeignKey(
                help_text="Empty once the subscriber is deleted.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="submissions",
                to="subscriptions.subscriber",
            ),
        ),
        migrations.AlterField(
            model_name="subscriber",
            name="asked_to_confirm_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When the last confirmation email went out; another waits a day.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="subscriber",
            name="bounces_count_after",
            field=models.DateTimeField(
                editable=False,
                help_text="Bounced email before this no longer leads to a pause.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="subscriber",
            name="email",
            field=models.CharField(
                help_text="Where emails go: trimmed, the domain as in DNS.",
                max_length=254,
                validators=[subscriptions.addresses.validate_address],
            ),
        ),
        migrations.AlterField(
            model_name="subscriber",
            name="groups_by_topic",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Group papers by topic."
            ),
        ),
        migrations.AlterField(
            model_name="subscriber",
            name="link_version",
            field=models.PositiveIntegerField(
                default=1,
                editable=False,
                help_text="Increased to invalidate all earlier signed links.",
            ),
        ),
        migrations.AlterField(
            model_name="subscriber",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending", "waiting for confirmation"),
                    ("active", "active"),
                    ("left", "unsubscribed"),
                    ("suppressed", "suppressed"),
                ],
                default="pending",
                max_length=10,
            ),
        ),
    ]
