"""Has indices for long lists of readers, their emails, submissions and suppressions."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0041_lists_of_any_size"),
        ("subscriptions", "0028_late_matches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="subscriber",
            name="subscriber_email",
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["kind", "id"], name="notice_kind"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(
                    ("state", "failed"),
                    ("state", "unknown"),
                    ("state", "skipped"),
                    ("state", "expired"),
                    _connector="OR",
                ),
                fields=["state", "id"],
                name="notice_odd",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(
                    ("bounce", "hard"), ("bounce", "soft"), ("bounce", "blocked"), _connector="OR"
                ),
                fields=["bounce", "id"],
                name="notice_bounce",
            ),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["-submitted_at", "-id"], name="submission_newest"),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["state", "-submitted_at", "-id"], name="submission_state"),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(
                fields=["email"], name="subscriber_email_begins", opclasses=("varchar_pattern_ops",)
            ),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(
                condition=models.Q(
                    ("status", "pending"),
                    ("status", "left"),
                    ("status", "suppressed"),
                    _connector="OR",
                ),
                fields=["status", "id"],
                name="subscriber_status",
            ),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(
                condition=models.Q(("rhythm", "weekdays"), ("rhythm", "weekly"), _connector="OR"),
                fields=["rhythm", "id"],
                name="subscriber_rhythm",
            ),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(
                condition=models.Q(("receives_by", "feed")),
                fields=["receives_by", "id"],
                name="subscriber_by_feed",
            ),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(
                condition=models.Q(("pause_reason", ""), _negated=True),
                fields=["paused_until"],
                name="subscriber_paused",
            ),
        ),
        migrations.AddIndex(
            model_name="suppression",
            index=models.Index(fields=["-created_at", "-address_hash"], name="suppression_newest"),
        ),
        migrations.AddIndex(
            model_name="suppression",
            index=models.Index(
                fields=["reason", "-created_at", "-address_hash"], name="suppression_reason"
            ),
        ),
    ]
