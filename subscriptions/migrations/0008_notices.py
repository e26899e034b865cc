"""Emails that are not digests become rows, and so does what is typed into the open forms."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0007_ways_to_receive"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "form",
                    models.CharField(
                        choices=[("subscribe", "subscribe"), ("link", "lost link")], max_length=9
                    ),
                ),
                ("email", models.EmailField(help_text="As it was typed.", max_length=254)),
                ("at", models.DateTimeField(help_text="When the form was sent off.")),
                (
                    "wording",
                    models.CharField(blank=True, help_text="What the button said.", max_length=300),
                ),
                (
                    "topics",
                    models.JSONField(
                        default=list, help_text="Keys of the topics that were chosen."
                    ),
                ),
                (
                    "choices",
                    models.JSONField(
                        default=dict, help_text="Rhythm, hour, timezone and language."
                    ),
                ),
                (
                    "not_before",
                    models.DateTimeField(help_text="When it may be worked off (again)."),
                ),
            ],
            options={
                "verbose_name_plural": "form entries",
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("confirm", "confirmation"),
                            ("already", "already subscribed"),
                            ("preferences", "link to the preferences"),
                            ("goodbye", "goodbye"),
                            ("move_from", "change of address, to the old one"),
                            ("move_to", "change of address, to the new one"),
                            ("moved", "address changed"),
                            ("operator", "note to the operator"),
                        ],
                        max_length=11,
                    ),
                ),
                (
                    "day",
                    models.DateField(
                        help_text="The day of the issue that a note to the operator is about.",
                        null=True,
                    ),
                ),
                (
                    "operator",
                    models.PositiveSmallIntegerField(
                        help_text="Which of the ADMINS a note goes to, counted from 0.", null=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "waiting"),
                            ("claimed", "being sent"),
                            ("sent", "sent"),
                            ("failed", "failed"),
                            ("unknown", "in doubt"),
                            ("skipped", "no longer due"),
                            ("expired", "too late"),
                        ],
                        default="pending",
                        max_length=7,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Why it is in this state.", max_length=300
                    ),
                ),
                ("due_at", models.DateTimeField(help_text="When it was asked for.")),
                (
                    "deadline",
                    models.DateTimeField(help_text="After this it is not sent but expired."),
                ),
                ("not_before", models.DateTimeField(help_text="When it may be tried (again).")),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How often it was tried."
                    ),
                ),
                (
                    "was_in_doubt",
                    models.BooleanField(
                        default=False,
                        help_text="It was in doubt once, and went back into the queue for that.",
                    ),
                ),
                (
                    "claim",
                    models.CharField(
                        blank=True,
                        help_text="Which worker's journal holds what became of it.",
                        max_length=64,
                    ),
                ),
                (
                    "lease_until",
                    models.DateTimeField(help_text="Until when the claim holds.", null=True),
                ),
                (
                    "provider_id",
                    models.CharField(
                        blank=True,
                        help_text="What the mail provider calls this message.",
                        max_length=200,
                    ),
                ),
                ("sent_at", models.DateTimeField(null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                (
                    "bounced_at",
                    models.DateTimeField(help_text="When it first came back.", null=True),
                ),
                (
                    "bounce",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The worst way in which it came back.",
                        max_length=7,
                    ),
                ),
                ("complained_at", models.DateTimeField(null=True)),
                (
                    "change",
                    models.ForeignKey(
                        db_constraint=False,
                        help_text="The change of address that it is about.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notices",
                        to="subscriptions.addresschange",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_constraint=False,
                        help_text="The reader whom it is about; empty for the operator.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="subscriptions.subscriber",
                    ),
                ),
            ],
            options={
                "verbose_name": "other email",
                "verbose_name_plural": "other emails",
                "ordering": ("-id",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["not_before", "id"],
                        name="notice_ready",
                    ),
                    models.Index(
                        condition=models.Q(("state", "claimed")),
                        fields=["lease_until"],
                        name="notice_leases",
                    ),
                    models.Index(
                        condition=models.Q(("claim", ""), _negated=True),
                        fields=["claim"],
                        name="notice_claims",
                    ),
                    models.Index(fields=["due_at"], name="notice_due"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("pending", "claimed"))),
                        fields=("subscriber", "kind"),
                        name="notice_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "operator")),
                        fields=("day", "operator"),
                        name="notice_operator_once",
                    ),
                ],
            },
        ),
    ]
