"""Has indices for long lists of deliveries, events and messages to webhooks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0025_site_of_issues"),
        ("subscriptions", "0029_lists_of_any_size"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    ("state", "failed"),
                    ("state", "unknown"),
                    ("state", "skipped"),
                    ("state", "expired"),
                    ("state", "feed"),
                    _connector="OR",
                ),
                fields=["state", "issue", "id"],
                name="delivery_odd",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["kind", "id"], name="event_kind"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(
                    ("severity", "hard"),
                    ("severity", "soft"),
                    ("severity", "blocked"),
                    _connector="OR",
                ),
                fields=["severity", "id"],
                name="event_severity",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookmessage",
            index=models.Index(fields=["state", "id"], name="webhook_message_state"),
        ),
    ]
