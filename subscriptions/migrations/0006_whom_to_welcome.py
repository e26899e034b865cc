"""Finding new readers quickly, and telling them from those who were here before there was a welcome."""

import datetime as dt

from django.db import migrations, models
from django.db.models.functions import TruncDate
from django.utils import timezone


def take_for_welcomed(apps, schema_editor):
    """Readers of more than a day count as welcomed when they confirmed: one who leaves and comes
    back is not new. Who confirmed since gets the welcome.
    """
    subscribers = apps.get_model("subscriptions", "Subscriber").objects
    before = timezone.now() - dt.timedelta(days=1)
    old = subscribers.filter(welcomed_on=None, confirmed_at__lt=before)
    old.update(welcomed_on=TruncDate("confirmed_at", tzinfo=dt.UTC))


class Migration(migrations.Migration):
    """Fills a column that the version before fills in the same way, and adds an index."""

    dependencies = [("subscriptions", "0005_upvotes_and_submissions")]
    operations = [
        migrations.RunPython(take_for_welcomed, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(
                condition=models.Q(("welcomed_on", None)),
                fields=["confirmed_at"],
                name="subscriber_unwelcomed",
            ),
        ),
    ]
