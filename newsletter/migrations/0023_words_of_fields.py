"""Says in plainer words what some fields hold; no table changes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0022_letters"),
        ("subscriptions", "0027_words_of_fields"),
    ]

    operations = [
        migrations.AlterField(
            model_name="apiwrite",
            name="after",
            field=models.JSONField(
                help_text="The values after; empty if it was deleted.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="apiwrite",
            name="before",
            field=models.JSONField(help_text="The values before; empty for new rows.", null=True),
        ),
        migrations.AlterField(
            model_name="apiwrite",
            name="made_by",
            field=models.CharField(help_text="Who made the token.", max_length=150),
        ),
        migrations.AlterField(
            model_name="apiwrite",
            name="request_id",
            field=models.CharField(
                blank=True, help_text="The request’s ID in the log.", max_length=36
            ),
        ),
        migrations.AlterField(
            model_name="countedday",
            name="counted_at",
            field=models.DateTimeField(
                help_text="When it was last counted. Late arrivals are added for a while."
            ),
        ),
        migrations.AlterField(
            model_name="dailycount",
            name="measure",
            field=models.CharField(
                choices=[
                    ("readers", "active readers"),
                    ("asked", "asked to subscribe"),
                    ("confirmed", "confirmed"),
                    ("imported", "imported from a file"),
                    ("left", "unsubscribed"),
                    ("paused", "paused because emails bounced"),
                    ("sent", "digests delivered"),
                    ("received", "accepted by the receiver"),
                    ("failed", "failed"),
                    ("unknown", "in doubt"),
                    ("skipped", "nothing to send"),
                    ("expired", "too late"),
                    ("bounced", "bounced"),
                    ("complained", "complained"),
                    ("opened", "opened"),
                    ("clicked", "clicked"),
                    ("liked", "liked"),
                    ("disliked", "disliked"),
                    ("saved", "saved for later"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="interests",
            field=models.JSONField(
                editable=False,
                help_text="By place: IDs of the followed interests that the paper was chosen for.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="interests_of",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="For a daily email of interests: the issue its papers come from.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="interest_deliveries",
                to="newsletter.issue",
            ),
        ),
        migrations.AlterField(
            model_name="issue",
            name="published_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When it was published; empty if that was as soon as it was frozen.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="issuecount",
            name="measure",
            field=models.CharField(
                choices=[
                    ("readers", "active readers"),
                    ("asked", "asked to subscribe"),
                    ("confirmed", "confirmed"),
                    ("imported", "imported from a file"),
                    ("left", "unsubscribed"),
                    ("paused", "paused because emails bounced"),
                    ("sent", "digests delivered"),
                    ("received", "accepted by the receiver"),
                    ("failed", "failed"),
                    ("unknown", "in doubt"),
                    ("skipped", "nothing to send"),
                    ("expired", "too late"),
                    ("bounced", "bounced"),
                    ("complained", "complained"),
                    ("opened", "opened"),
                    ("clicked", "clicked"),
                    ("liked", "liked"),
                    ("disliked", "disliked"),
                    ("saved", "saved for later"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="issuepaper",
            name="is_noticed",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="It was in an earlier issue and got its attention since.",
            ),
        ),
        migrations.AlterField(
            model_name="retraction",
            name="state",
            field=models.CharField(
                choices=[
                    ("noticed", "its readers are being looked for"),
                    ("telling", "their next digests tell them"),
                    ("done", "all of them have been told"),
                ],
                default="noticed",
                max_length=7,
            ),
        ),
        migrations.AlterField(
            model_name="waitingpaper",
            name="offered_in",
            field=models.BigIntegerField(
                help_text="The delivery it waited for; later ones don’t include it.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="disabled_because",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="Why it was switched off automatically.",
                max_length=300,
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="is_active",
            field=models.BooleanField(default=True, help_text="Whether events are sent to it."),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="name",
            field=models.CharField(help_text="The program that is told.", max_length=80),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="previous_seed",
            field=models.CharField(
                blank=True, editable=False, help_text="The previous secret.", max_length=32
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="previous_until",
            field=models.DateTimeField(
                editable=False,
                help_text="Until when messages are also signed with the previous secret.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="url",
            field=models.CharField(
                help_text="Where events are posted: a public https address.",
                max_length=500,
                verbose_name="URL",
            ),
        ),
        migrations.AlterField(
            model_name="webhookevent",
            name="data",
            field=models.JSONField(help_text="The event’s data, without an address."),
        ),
        migrations.AlterField(
            model_name="webhookevent",
            name="once",
            field=models.CharField(
                help_text="What is told only once, such as an issue; empty otherwise.",
                max_length=80,
                null=True,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="webhookevent",
            name="subscriber",
            field=models.ForeignKey(
                db_constraint=False,
                help_text="The subscriber whose address is added for webhooks that may have it.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="webhook_events",
                to="subscriptions.subscriber",
            ),
        ),
        migrations.AlterField(
            model_name="webhookmessage",
            name="claim",
            field=models.CharField(
                blank=True, help_text="The last worker that claimed it.", max_length=32
            ),
        ),
        migrations.AlterField(
            model_name="webhookmessage",
            name="not_before",
            field=models.DateTimeField(
                help_text="When it may be tried next. A worker that claims it moves this forward, so that it’s tried again if the worker dies."
            ),
        ),
    ]
